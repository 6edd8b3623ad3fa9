#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "confine/confine.h"

static struct rlimit const none;

/* A log that is a file, or may be one, must go on growing. */
static int logs_to_file(void) {
  struct stat log;
  return fstat(2, &log) < 0 || S_ISREG(log.st_mode);
}

int confine_privileges(void) {
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int confine_memory(void) {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return -1;
  return setrlimit(RLIMIT_CORE, &none);
}

int confine_process(void) {
  if (confine_privileges() < 0 || confine_memory() < 0 || setrlimit(RLIMIT_NPROC, &none) < 0)
    return -1;
  return logs_to_file() ? 0 : setrlimit(RLIMIT_FSIZE, &none);
}
