#include <errno.h>
#include <signal.h>
#include <string.h>

#include <skalibs/allreadwrite.h>

#include "chain/chain.h"

typedef struct word {
  char const *s;
  size_t len;
} word_t;

#define WORD(s)                                                                                    \
  { s, sizeof(s) - 1 }

/* The names that chain_fact_allowed lets pass: whole, or by their beginning or end. */
static word_t const whole[] = {WORD("AUTH_RESULTS"), WORD("ADD_HEADERS"), WORD("CUT_RANGES"),
                               WORD("RELAYCLIENT"), WORD("DATABYTES")};
static word_t const beginnings[] = {WORD("SMTP_"), WORD("SPF_"), WORD("X_")};
static word_t const ending = WORD("_RESULT");

static bool name_valid(char const *name, size_t len) {
  for (size_t i = 0; i < len; i++) {
    char c = name[i];
    bool letter = (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && !(i && c >= '0' && c <= '9')) return false;
  }
  return len > 0;
}

static bool is_known(char const *name, size_t len) {
  for (word_t const *word = whole; word < whole + sizeof whole / sizeof *whole; word++)
    if (len == word->len && !memcmp(name, word->s, len)) return true;
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
    if (len > beginnings[i].len && !memcmp(name, beginnings[i].s, beginnings[i].len)) return true;
  return len > ending.len && !memcmp(name + len - ending.len, ending.s, ending.len);
}

bool chain_fact_allowed(char const *name, size_t len) {
  return is_known(name, len) && name_valid(name, len);
}

int chain_fact(char const *name, char const *value) {
  int fd = chain_verdict_fd();
  if (fd < 0) return errno = ENOTCONN, -1;
  size_t name_len = strlen(name), value_len = strlen(value);
  if (name_len + value_len + 3 > CHAIN_FACTS_BYTES) return errno = E2BIG, -1;
  char record[CHAIN_FACTS_BYTES];
  record[0] = '+';
  memcpy(record + 1, name, name_len);
  record[1 + name_len] = '=';
  memcpy(record + 2 + name_len, value, value_len + 1);
  signal(SIGPIPE, SIG_IGN);
  size_t len = name_len + value_len + 3;
  return allwrite(fd, record, len) == len ? 0 : -1;
}
