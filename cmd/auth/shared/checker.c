#include "checker.h"

#include <errno.h>
#include <grp.h>
#include <unistd.h>

#include <skalibs/exec.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "chain/chain.h"
#include "confine/confine.h"

_Noreturn void checker_usage(int option, char const *usage) {
  strerr_dieusage(option == 'h' ? 0 : CHECKER_MISUSED, usage);
}

uint32_t checker_id(char const *argument, char const *usage) {
  uint32_t id;
  if (!uint320_scan(argument, &id) || !id || id == UINT32_MAX) checker_usage('?', usage);
  return id;
}

void checker_read(credentials_t *credentials) {
  if (confine_memory() < 0) strerr_diefu1sys(CHECKER_TEMPORARY, "hide memory");
  if (credentials_read(credentials, CHECKER_FD) < 0) {
    if (errno == EBADF) strerr_dief1x(CHECKER_MISUSED, "descriptor 3 is not open");
    if (errno != EPROTO) strerr_diefu1sys(CHECKER_TEMPORARY, "read descriptor 3");
    if (credentials->len > CREDENTIALS_MAX) _exit(CHECKER_WRONG);
    strerr_dief1x(CHECKER_MISUSED, "no login and password on descriptor 3");
  }
  close(CHECKER_FD);
}

/* value NULL: the variable is unset. */
static void checker_fact(char const *name, char const *value) {
  if (!env_mexec(name, value)) strerr_diefu1sys(CHECKER_TEMPORARY, "change the environment");
}

static void checker_fact_id(char const *name, uint32_t id) {
  char digits[UINT32_FMT];
  digits[uint32_fmt(digits, id)] = 0;
  checker_fact(name, id ? digits : NULL);
}

void checker_become(checker_account_t const *account) {
  if (!account->uid || !account->gid)
    strerr_dief2x(CHECKER_TEMPORARY, "no uid to become: ", account->name);
  gid_t const gid = account->gid;
  int const groups = account->has_groups ? initgroups(account->name, gid) : setgroups(1, &gid);
  if (groups < 0 || setresgid(gid, gid, gid) < 0 ||
      setresuid(account->uid, account->uid, account->uid) < 0)
    strerr_diefu2sys(CHECKER_TEMPORARY, "become ", account->name);
  if (!setuid(0)) strerr_dief1x(CHECKER_TEMPORARY, "root can be had again");
  if (account->home && chdir(account->home) < 0)
    strerr_diefu2sys(CHECKER_TEMPORARY, "change to ", account->home);
}

_Noreturn void checker_pass(checker_account_t const *account, char const *const *argv) {
  checker_fact("USER", account->name);
  checker_fact("HOME", account->home);
  checker_fact("SHELL", account->shell ? account->shell : "/bin/false");
  checker_fact("AUTH_SENDERS", account->senders);
  checker_fact_id("UID", account->uid);
  checker_fact_id("GID", account->gid);
  chain_next(argv);
}
