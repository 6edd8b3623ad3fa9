#include <string.h>

#include <skalibs/types.h>

#include "relay/relay.h"
#include "smtp/smtp.h"

/* The next word of *s, up to a blank; *len is 0 at the end. */
static char const *next_word(char const **s, char const *end, size_t *len) {
  while (*s < end && **s == ' ') (*s)++;
  char const *const word = *s;
  while (*s < end && **s != ' ') (*s)++;
  *len = (size_t)(*s - word);
  return word;
}

static void take_mechanisms(relay_offers_t *offers, char const *s, char const *end) {
  size_t len;
  for (char const *word; word = next_word(&s, end, &len), len;) {
    sasl_mechanism_t const mechanism = sasl_mechanism_find(word, len);
    if (mechanism < SASL_MECHANISMS) offers->mechanisms |= 1u << mechanism;
  }
}

static void take_size(relay_offers_t *offers, char const *s, char const *end) {
  size_t len;
  char const *const word = next_word(&s, end, &len);
  if (smtp_size_parse(&offers->size, word, len) < 0) offers->size = 0;
}

static void take_deliverby(relay_offers_t *offers, char const *s, char const *end) {
  size_t len;
  char const *const word = next_word(&s, end, &len);
  if (smtp_size_parse(&offers->by_min, word, len) < 0) offers->by_min = 0;
}

static unsigned int number_after(char const *word, size_t len, char const *name) {
  size_t const name_len = strlen(name);
  char digits[UINT_FMT] = "";
  unsigned int number;
  if (len <= name_len || len - name_len >= sizeof digits) return 0;
  if (!smtp_word_is(word, name_len, name)) return 0;
  memcpy(digits, word + name_len, len - name_len);
  return uint0_scan(digits, &number) ? number : 0;
}

static void take_limits(relay_offers_t *offers, char const *s, char const *end) {
  size_t len;
  for (char const *word; word = next_word(&s, end, &len), len;) {
    unsigned int const mails = number_after(word, len, "MAILMAX=");
    unsigned int const recipients = number_after(word, len, "RCPTMAX=");
    if (mails) offers->mails = mails;
    if (recipients) offers->recipients = recipients;
  }
}

static struct {
  char const *name;
  void (*take)(relay_offers_t *offers, char const *s, char const *end);
} const extensions[RELAY_EXTENSIONS] = {
    [RELAY_8BITMIME] = {"8BITMIME", NULL},
    [RELAY_AUTH] = {"AUTH", take_mechanisms},
    [RELAY_CHUNKING] = {"CHUNKING", NULL},
    [RELAY_DELIVERBY] = {"DELIVERBY", take_deliverby},
    [RELAY_DSN] = {"DSN", NULL},
    [RELAY_LIMITS] = {"LIMITS", take_limits},
    [RELAY_MT_PRIORITY] = {"MT-PRIORITY", NULL},
    [RELAY_PIPELINING] = {"PIPELINING", NULL},
    [RELAY_SIZE] = {"SIZE", take_size},
    [RELAY_SMTPUTF8] = {"SMTPUTF8", NULL},
    [RELAY_STARTTLS] = {"STARTTLS", NULL},
};

void relay_offers_add(relay_offers_t *offers, char const *text, size_t len) {
  static char const old_auth[] = "AUTH="; /* before RFC 2554, and still said */
  char const *s = text, *const end = text + len;
  size_t word_len;
  char const *const word = next_word(&s, end, &word_len);
  size_t const old_len = sizeof old_auth - 1;
  if (word_len > old_len && smtp_word_is(word, old_len, old_auth)) {
    offers->has[RELAY_AUTH] = true;
    take_mechanisms(offers, word + old_len, end);
    return;
  }
  for (size_t i = 0; i < RELAY_EXTENSIONS; i++) {
    if (!smtp_word_is(word, word_len, extensions[i].name)) continue;
    offers->has[i] = true;
    if (extensions[i].take) extensions[i].take(offers, s, end);
  }
}
