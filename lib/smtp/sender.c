#include <string.h>
#include <strings.h>

#include "smtp/smtp.h"
#include "text/text.h"

/* A mailbox in two parts; at is -1 where there is no @. */
typedef struct mailbox {
  char const *local, *domain;
  size_t local_len, domain_len;
} mailbox_t;

static mailbox_t mailbox_split(char const *s, size_t len) {
  char const *at = memrchr(s, '@', len);
  size_t local_len = at ? (size_t)(at - s) : len;
  return (mailbox_t){.local = s,
                     .local_len = local_len,
                     .domain = at ? at + 1 : s + len,
                     .domain_len = at ? len - local_len - 1 : 0};
}

static bool is_same(char const *a, size_t a_len, char const *b, size_t b_len) {
  return a_len == b_len && !strncasecmp(a, b, a_len);
}

/* What begins with a local part and a + is the same user's, as the routes have it. */
static bool local_matches(char const *own, size_t own_len, mailbox_t const *mailbox) {
  bool extended = mailbox->local_len > own_len && mailbox->local[own_len] == '+';
  return own_len && is_same(own, own_len, mailbox->local, extended ? own_len : mailbox->local_len);
}

static bool address_matches(mailbox_t const *own, mailbox_t const *mailbox) {
  return own->domain_len && local_matches(own->local, own->local_len, mailbox) &&
         is_same(own->domain, own->domain_len, mailbox->domain, mailbox->domain_len);
}

/* True if a word of a list of senders covers the mailbox. */
static bool word_covers(char const *word, size_t len, mailbox_t const *mailbox) {
  if (len == 1 && *word == '*') return true;
  mailbox_t const listed = mailbox_split(word, len);
  if (*word != '@') return address_matches(&listed, mailbox);
  return listed.domain_len && mailbox->local_len &&
         is_same(word + 1, len - 1, mailbox->domain, mailbox->domain_len);
}

/* A login is an address, or a name at this host; it is never a pattern. */
static bool login_covers(char const *user, char const *me, mailbox_t const *mailbox) {
  mailbox_t own = mailbox_split(user, strlen(user));
  if (!own.domain_len) own.domain_len = strlen(own.domain = me);
  return address_matches(&own, mailbox);
}

bool smtp_sender_allowed(char const *senders, char const *user, char const *me,
                         char const *address) {
  mailbox_t const mailbox = mailbox_split(address, strlen(address));
  size_t words = 0, len;
  if (!*address) return true;
  for (char const *word = senders; word && *word; word += len) {
    word += strspn(word, " \t");
    len = strcspn(word, " \t");
    if (!len) break;
    if (word_covers(word, len, &mailbox)) return true;
    words++;
  }
  return !words && user && login_covers(user, me, &mailbox);
}
