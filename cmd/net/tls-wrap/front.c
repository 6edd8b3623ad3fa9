#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <skalibs/env.h>
#include <skalibs/exec.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "chain/chain.h"
#include "wrap.h"

/* Our ends of what leads to the helper. */
typedef struct helper_ends {
  pid_t pid;
  int control, plain;
} helper_ends_t;

/* ---- the environment ------------------------------------------------------------------------- */

static void set(char const *name, char const *value) {
  if (!env_mexec(name, value)) strerr_diefu1sys(111, "change the environment");
}

static void set_fd(char const *name, int fd) {
  char text[INT_FMT];
  text[int_fmt(text, fd)] = 0;
  set(name, text);
}

/* Nothing that we did not say may pose as a fact. */
static void clear_facts(void) {
  static char const *const others[] = {"SSLCTLFD", "SSLREADFD", "SSLWRITEFD"};
  char name[256];
  for (char **variable = environ; *variable; variable++) {
    size_t const len = strcspn(*variable, "=");
    if (strncmp(*variable, "SSL_", 4) || len >= sizeof name) continue;
    memcpy(name, *variable, len);
    name[len] = 0;
    set(name, NULL);
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) set(others[i], NULL);
}

/* ---- the helper ------------------------------------------------------------------------------ */

static void start_helper(settings_t const *settings, helper_ends_t *ends) {
  int control[2], plain[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0 ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, plain) < 0)
    strerr_diefu1sys(111, "make a pair of sockets");
  pid_t const pid = fork();
  if (pid < 0) strerr_diefu1sys(111, "fork");
  if (!pid) helper_run(settings, control[1], plain[1]);
  close(control[1]);
  close(plain[1]);
  *ends = (helper_ends_t){.pid = pid, .control = control[0], .plain = plain[0]};
}

static void keep(int fd) {
  if (fd < 0 || fcntl(fd, F_SETFD, 0) < 0) strerr_diefu1sys(111, "hand over a descriptor");
}

/* ---- delayed --------------------------------------------------------------------------------- */

/* Programs move the two descriptors one by one, so that they must not be the same. */
_Noreturn void front_delayed(settings_t const *settings, char const *const *program) {
  helper_ends_t ends;
  start_helper(settings, &ends);
  int const out = dup(ends.plain);
  clear_facts();
  keep(ends.control);
  keep(ends.plain);
  keep(out);
  set_fd("SSLCTLFD", ends.control);
  set_fd("SSLREADFD", ends.plain);
  set_fd("SSLWRITEFD", out);
  chain_next(program);
}

/* ---- immediate ------------------------------------------------------------------------------- */

/* The handshake came to nothing; the helper has said why. One that has not yet come so far sees
   that there is nobody for it. */
_Noreturn static void leave(helper_ends_t const *ends) {
  int status;
  close(ends->control);
  close(ends->plain);
  while (waitpid(ends->pid, &status, 0) < 0)
    if (errno != EINTR) strerr_diefu1sys(111, "wait for the helper");
  _exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : HELPER_TROUBLE);
}

/* Their length, or 0 if they break off. */
static size_t read_records(int fd, char records[TLS_RECORDS_BYTES]) {
  size_t len = 0;
  while (!tls_records_complete(records, len)) {
    ssize_t const n = recv(fd, records + len, TLS_RECORDS_BYTES - len, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return 0;
    len += (size_t)n;
  }
  return len;
}

static void set_facts(char const *records, size_t len) {
  char name[64];
  char const *record;
  for (size_t at = 0; (record = tls_records_next(records, len, &at));) {
    size_t const name_len = strcspn(record, "=");
    if (!record[name_len] || name_len >= sizeof name) continue;
    memcpy(name, record, name_len);
    name[name_len] = 0;
    set(name, record + name_len + 1);
  }
}

_Noreturn void front_immediate(settings_t const *settings, char const *const *program) {
  static char records[TLS_RECORDS_BYTES];
  helper_ends_t ends;
  start_helper(settings, &ends);
  size_t const len = send_all(ends.control, "Y", 1) ? read_records(ends.control, records) : 0;
  if (!len) leave(&ends);
  clear_facts();
  set("UCSPITLS", NULL);
  set_facts(records, len);
  if (dup2(ends.plain, settings->in) < 0 || dup2(ends.plain, settings->out) < 0)
    strerr_diefu1sys(111, "hand over a descriptor");
  chain_next(program);
}

/* ---- neither --------------------------------------------------------------------------------- */

_Noreturn void front_plain(char const *const *program) {
  clear_facts();
  chain_next(program);
}
