#include <stdio.h>
#include <string.h>
#include <time.h>

#include "chain/chain.h"
#include "conf/conf.h"
#include "inject.h"
#include "mime/mime.h"
#include "smtp/smtp.h"

typedef enum kind { OTHER, LIST, RECIPIENTS, RESENT } kind_t;

static struct {
  char const *name;
  kind_t kind; /* what its addresses are */
  bool gone;
} const known[] = {
    {"From", LIST, false},           {"Sender", LIST, false},        {"Reply-To", LIST, false},
    {"Resent-From", LIST, false},    {"Resent-Sender", LIST, false}, {"To", RECIPIENTS, false},
    {"Cc", RECIPIENTS, false},       {"Bcc", RECIPIENTS, true},      {"Resent-To", RESENT, false},
    {"Resent-Cc", RESENT, false},    {"Resent-Bcc", RESENT, true},   {"Return-Path", OTHER, true},
    {"Content-Length", OTHER, true},
};
#define KNOWN (sizeof known / sizeof *known)

/* What of the header is there. */
typedef struct seen {
  bool from, date, id;
} seen_t;

static void put(stralloc *text, char const *s, size_t len) {
  if (!stralloc_catb(text, s, len)) die_system(EX_OSERR, "compose the header");
}

static void put_string(stralloc *text, char const *s) {
  put(text, s, strlen(s));
}

/* ---- addresses ------------------------------------------------------------------------------- */

static bool has_domain(mime_mailbox_t const *mailbox) {
  return mailbox->len > mailbox->local_len;
}

bool addresses_add(addresses_t *addresses, char const *list, size_t len, char const *me) {
  mime_list_t steps;
  mime_mailbox_t mailbox;
  int found;
  mime_list_begin(&steps, list, len);
  while ((found = mime_list_next(&steps, &mailbox)) > 0) {
    put(&addresses->list, mailbox.address, mailbox.len);
    if (!has_domain(&mailbox)) put_string(&addresses->list, "@");
    if (!has_domain(&mailbox)) put_string(&addresses->list, me);
    put(&addresses->list, "", 1);
    addresses->count++;
  }
  return !found;
}

static bool is_list(char const *value, size_t len) {
  mime_list_t steps;
  mime_mailbox_t mailbox;
  int found;
  mime_list_begin(&steps, value, len);
  while ((found = mime_list_next(&steps, &mailbox)) > 0) continue;
  return !found;
}

/* Copies a list with "@me" put in where there is no domain. */
static void put_list(stralloc *header, char const *value, size_t len, char const *me) {
  char const *copied = value;
  mime_list_t steps;
  mime_mailbox_t mailbox;
  mime_list_begin(&steps, value, is_list(value, len) ? len : 0);
  while (mime_list_next(&steps, &mailbox) > 0) {
    if (has_domain(&mailbox)) continue;
    put(header, copied, (size_t)(mailbox.local_end - copied));
    put_string(header, "@");
    put_string(header, me);
    copied = mailbox.local_end;
  }
  put(header, copied, (size_t)(value + len - copied));
}

/* ---- fields ---------------------------------------------------------------------------------- */

static void note(seen_t *seen, char const *s, mime_field_t const *field) {
  if (mime_field_is(s, field, "From")) seen->from = true;
  if (mime_field_is(s, field, "Date")) seen->date = true;
  if (mime_field_is(s, field, "Message-ID")) seen->id = true;
}

static size_t known_find(char const *s, mime_field_t const *field) {
  size_t i = 0;
  while (i < KNOWN && !mime_field_is(s, field, known[i].name)) i++;
  return i;
}

static void collect(draft_t *draft, size_t name, char const *value, size_t len, char const *me) {
  addresses_t *addresses = known[name].kind == RESENT ? &draft->resent : &draft->all;
  if (!addresses_add(addresses, value, len, me)) draft->bad_list = known[name].name;
}

static void put_field(draft_t *draft, char const *s, mime_field_t const *field, char const *me) {
  size_t const name = known_find(s, field);
  char const *value = s + field->value_begin;
  size_t const len = field->value_end - field->value_begin;
  kind_t const kind = name < KNOWN ? known[name].kind : OTHER;
  if (kind == RECIPIENTS || kind == RESENT) collect(draft, name, value, len, me);
  if (name < KNOWN && known[name].gone) return;
  put(&draft->header, s + field->begin, field->value_begin - field->begin);
  if (kind == OTHER)
    put(&draft->header, value, len);
  else
    put_list(&draft->header, value, len, me);
  put_string(&draft->header, "\n");
}

/* Lines that a mailbox file has before a message. */
static size_t mbox_len(message_t const *message) {
  char const *end = message->bytes + message->len;
  bool const mbox = message->len > 5 &&
                    (!memcmp(message->bytes, "From ", 5) || !memcmp(message->bytes, ">From", 5));
  if (!mbox) return 0;
  char const *newline = memchr(message->bytes, '\n', (size_t)(end - message->bytes));
  return newline ? (size_t)(newline - message->bytes) + 1 : message->len;
}

/* ---- fields that are missing ----------------------------------------------------------------- */

static void put_from(stralloc *header, author_t const *author) {
  char name[1024];
  char const *address = *author->sender ? author->sender : "MAILER-DAEMON";
  bool const named = *author->name &&
                     mime_phrase_format(name, sizeof name, author->name, strlen(author->name)) > 0;
  put_string(header, "From: ");
  if (named) put_string(header, name);
  put_string(header, named ? " <" : "");
  put_string(header, address);
  if (!*author->sender) put_string(header, "@");
  if (!*author->sender) put_string(header, author->me);
  put_string(header, named ? ">\n" : "\n");
}

static void put_date(stralloc *header) {
  char date[SMTP_DATE_SIZE];
  smtp_date_format(date, (uint64_t)time(NULL));
  put_string(header, "Date: ");
  put_string(header, date);
  put_string(header, "\n");
}

static void put_id(stralloc *header, char const *me) {
  char unique[CHAIN_ID_SIZE + 1], id[CHAIN_ID_SIZE + CONF_VALUE_MAX + 4];
  chain_id_make(unique);
  if (mime_id_format(id, sizeof id, unique, me) < 0) die(EX_CONFIG, "not a host's name: ", me);
  put_string(header, "Message-ID: ");
  put_string(header, id);
  put_string(header, "\n");
}

void compose(draft_t *draft, message_t const *message, author_t const *author) {
  mime_field_t field;
  seen_t seen = {.from = false};
  size_t at = mbox_len(message);
  while (mime_field_next(message->bytes, message->len, &at, &field) > 0) {
    note(&seen, message->bytes, &field);
    put_field(draft, message->bytes, &field, author->me);
  }
  if (!seen.from) put_from(&draft->header, author);
  if (!seen.date) put_date(&draft->header);
  if (!seen.id) put_id(&draft->header, author->me);
  put_string(&draft->header, "\n");
  draft->body = at;
}
