#include <stdlib.h>
#include <sys/stat.h>

#include <skalibs/types.h>

#include "chain/chain.h"

static bool is_pipe(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

int chain_verdict_fd(void) {
  char const *named = getenv("ERROR_FD");
  unsigned int fd;
  if (named && uint0_scan(named, &fd) && fd < 1024 && is_pipe((int)fd)) return (int)fd;
  if (is_pipe(6)) return 6;
  if (is_pipe(4)) return 4;
  return -1;
}
