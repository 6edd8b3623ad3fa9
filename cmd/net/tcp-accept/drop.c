#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "tcp-accept.h"

static unsigned int read_number(char const *name) {
  char const *const text = getenv(name);
  unsigned int number;
  if (!text) strerr_dief3x(100, "-U needs ", name, " in the environment, see s6-envuidgid");
  if (!uint0_scan(text, &number)) strerr_dief3x(100, name, " is not a number: ", text);
  return number;
}

/* daemontools' envuidgid sets no GIDLIST: then there are no other groups. */
static size_t read_groups(gid_t groups[NGROUPS_MAX]) {
  char const *const text = getenv("GIDLIST");
  size_t count;
  if (!text) return 0;
  if (text[gid_scanlist(groups, NGROUPS_MAX, text, &count)])
    strerr_dief2x(100, "GIDLIST is not a list of numbers: ", text);
  return count;
}

static void become(uid_t uid, gid_t gid, gid_t const *groups, size_t count) {
  if (setgroups(count, groups) < 0) strerr_diefu1sys(111, "set the supplementary groups");
  if (setresgid(gid, gid, gid) < 0) strerr_diefu1sys(111, "set the group id");
  if (setresuid(uid, uid, uid) < 0) strerr_diefu1sys(111, "set the user id");
}

/* A drop that did not happen must not go unseen. */
static void verify(uid_t uid, gid_t gid) {
  uid_t u[3];
  gid_t g[3];
  if (getresuid(u, u + 1, u + 2) < 0 || getresgid(g, g + 1, g + 2) < 0)
    strerr_diefu1sys(111, "ask who we are");
  for (size_t i = 0; i < 3; i++)
    if (u[i] != uid || g[i] != gid) strerr_dief1x(111, "we are not who UID and GID say");
  if (setuid(0) == 0) strerr_dief1x(111, "root was not dropped for good");
}

void root_drop(void) {
  static gid_t groups[NGROUPS_MAX];
  uid_t const uid = read_number("UID");
  gid_t const gid = read_number("GID");
  size_t const count = read_groups(groups);
  if (!uid) strerr_dief1x(100, "UID is 0: no session may be root's");
  if (!geteuid()) become(uid, gid, groups, count);
  verify(uid, gid);
}
