/* sasl-ok: see sasl-ok(8). */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "sasl/sasl.h"

#define USAGE     "sasl-ok"
#define FACTS_MAX 8

char const *PROG = "sasl-ok";

/* NAME=value strings, the last of which is followed by a NULL. */
typedef struct facts {
  size_t count;
  char const *strings[FACTS_MAX + 1];
  size_t len;
  char text[SASL_RECORD_MAX];
} facts_t;

static void add(facts_t *facts, char const *name, char const *value) {
  if (!value || !*value) return;
  char *const to = facts->text + facts->len;
  if (strlen(name) + strlen(value) + 2 > sizeof facts->text - facts->len)
    strerr_dief2x(100, "too long: ", name);
  facts->len += (size_t)(stpcpy(stpcpy(stpcpy(to, name), "="), value) - to) + 1;
  facts->strings[facts->count++] = to;
  facts->strings[facts->count] = NULL;
}

/* What a variable says, or else what this process is, as which a checker may have started it. */
static void add_id(facts_t *facts, char const *name, char const *variable, uint64_t own) {
  char digits[UINT64_FMT];
  uint32_t said;
  char const *value = getenv(variable);
  if (value && !uint320_scan(value, &said)) strerr_dief2x(100, "not a number: ", variable);
  digits[uint64_fmt(digits, own)] = 0;
  add(facts, name, value ? value : digits);
}

static void gather(facts_t *facts) {
  add(facts, "AUTH_USER", getenv("USER"));
  add(facts, "AUTH_HOME", getenv("HOME"));
  add(facts, "AUTH_SENDERS", getenv("AUTH_SENDERS"));
  add_id(facts, "AUTH_UID", "UID", getuid());
  add_id(facts, "AUTH_GID", "GID", getgid());
}

/* Tells sasl-auth, which is on the other end of this descriptor. */
static void tell(facts_t const *facts, int fd, char const *token) {
  char record[SASL_RECORD_MAX];
  size_t const len = sasl_record_format(record, token, facts->strings);
  if (!len) strerr_diefu1sys(100, "write such a record");
  if (allwrite(fd, record, len) < len) strerr_diefu1sys(111, "write the record");
}

/* A checker may have become the user, whose other programs must not have the token. */
static void hide(void) {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) strerr_diefu1sys(111, "hide memory");
}

int main(int argc, char const *const *argv) {
  facts_t facts = {.count = 0};
  subgetopt state = SUBGETOPT_ZERO;
  hide();
  for (int option; (option = subgetopt_r(argc, argv, "h", &state)) != -1;)
    strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
  if (argv[state.ind]) strerr_dieusage(100, USAGE);
  char const *const fd_text = getenv("SASL_OK_FD"), *const token = getenv("SASL_OK_TOKEN");
  unsigned int fd;
  if (!fd_text || !uint0_scan(fd_text, &fd) || !token || strlen(token) != SASL_TOKEN_SIZE)
    strerr_dief1x(100, "no sasl-auth has asked");
  gather(&facts);
  tell(&facts, (int)fd, token);
  return 0;
}
