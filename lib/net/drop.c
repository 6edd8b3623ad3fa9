/* Becoming somebody else for good. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/types.h>

#include "net/net.h"

static int misuse(char const **reason, char const *text) {
  *reason = text;
  return errno = EINVAL, -1;
}

static int fail(char const **reason, char const *step) {
  *reason = step;
  return -1;
}

static int read_number(unsigned int *number, char const *name, char const *missing, char const *bad,
                       char const **reason) {
  char const *const text = getenv(name);
  if (!text) return misuse(reason, missing);
  return uint0_scan(text, number) ? 0 : misuse(reason, bad);
}

/* daemontools' envuidgid sets no GIDLIST: then there are no other groups. */
static int read_groups(net_identity_t *identity, char const **reason) {
  static gid_t groups[NGROUPS_MAX];
  char const *const text = getenv("GIDLIST");
  identity->count = 0;
  identity->groups = groups;
  if (!text || !text[gid_scanlist(groups, NGROUPS_MAX, text, &identity->count)]) return 0;
  return misuse(reason, "GIDLIST is not a list of numbers");
}

int net_identity_read(net_identity_t *identity, char const **reason) {
  if (read_number(&identity->uid, "UID", "UID is not in the environment, see s6-envuidgid",
                  "UID is not a number", reason) < 0 ||
      read_number(&identity->gid, "GID", "GID is not in the environment, see s6-envuidgid",
                  "GID is not a number", reason) < 0)
    return -1;
  return identity->uid ? read_groups(identity, reason) : misuse(reason, "UID is 0");
}

static int change(net_identity_t const *who, char const **reason) {
  if (setgroups(who->count, who->groups) < 0) return fail(reason, "set the supplementary groups");
  if (setresgid(who->gid, who->gid, who->gid) < 0) return fail(reason, "set the group id");
  return setresuid(who->uid, who->uid, who->uid) < 0 ? fail(reason, "set the user id") : 0;
}

/* A drop that did not happen must not go unseen. */
static int verify(net_identity_t const *who, char const **reason) {
  uid_t u[3];
  gid_t g[3];
  if (getresuid(u, u + 1, u + 2) < 0 || getresgid(g, g + 1, g + 2) < 0)
    return fail(reason, "ask who we are");
  for (size_t i = 0; i < 3; i++)
    if (u[i] != who->uid || g[i] != who->gid)
      return errno = EPERM, fail(reason, "be who was asked");
  return setuid(0) < 0 ? 0 : (errno = EPERM, fail(reason, "drop root for good"));
}

int net_become(net_identity_t const *who, char const **reason) {
  if (!who->uid) return misuse(reason, "the user is root");
  if (!geteuid() && change(who, reason) < 0) return -1;
  return verify(who, reason);
}

int net_drop_root(char const **reason) {
  net_identity_t identity;
  return net_identity_read(&identity, reason) < 0 ? -1 : net_become(&identity, reason);
}

int net_become_owner(int folder, char const **reason) {
  struct stat st;
  if (fstat(folder, &st) < 0) return fail(reason, "ask whose it is");
  net_identity_t const owner = {.uid = st.st_uid, .gid = st.st_gid};
  return geteuid() || !st.st_uid ? 0 : net_become(&owner, reason);
}
