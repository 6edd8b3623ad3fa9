#include "descriptors.h"

#include <skalibs/strerr.h>

void descriptors_allow(rlim_t needed) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) strerr_diefu1sys(111, "getrlimit");
  if (limit.rlim_cur >= needed) return;
  limit.rlim_cur = needed;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) strerr_diefu1sys(111, "have enough file descriptors");
}
