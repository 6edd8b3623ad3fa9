#include <errno.h>
#include <signal.h>
#include <string.h>

#include <skalibs/allreadwrite.h>

#include "chain/chain.h"

/* The names that chain_fact_allowed lets pass: whole, or by their beginning or end. */
static char const *const whole[] = {"AUTH_RESULTS", "ADD_HEADERS", "CUT_RANGES", "RELAYCLIENT",
                                    "DATABYTES"};
static char const *const beginnings[] = {"SMTP_", "SPF_", "X_"};
static char const ending[] = "_RESULT";

static bool name_valid(char const *name, size_t len) {
  for (size_t i = 0; i < len; i++) {
    char c = name[i];
    bool letter = (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && !(i && c >= '0' && c <= '9')) return false;
  }
  return len > 0;
}

bool chain_fact_allowed(char const *name, size_t len) {
  if (!name_valid(name, len)) return false;
  for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
    if (strlen(whole[i]) == len && !memcmp(whole[i], name, len)) return true;
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
    size_t n = strlen(beginnings[i]);
    if (len > n && !memcmp(beginnings[i], name, n)) return true;
  }
  size_t n = sizeof ending - 1;
  return len > n && !memcmp(name + len - n, ending, n);
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
