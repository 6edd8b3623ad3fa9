#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "route/route.h"

#define USAGE "route-query [-f routes.cdb] address..."

char const *PROG = "route-query";

static int const exit_codes[] = {
    [ROUTE_FOUND] = 0, [ROUTE_NO_DOMAIN] = 1, [ROUTE_NO_USER] = 1, [ROUTE_BROKEN] = 111};

static void print(void *data, char const *line) {
  (void)data;
  if (buffer_puts(buffer_1, line) < 0 || buffer_put(buffer_1, "\n", 1) < 0)
    strerr_diefu1sys(111, "write to standard output");
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  route_table_t table;
  char const *path = NULL;
  int exit_code = 0;
  for (int option; (option = subgetopt_r(argc, argv, "f:h", &options)) != -1;) {
    if (option != 'f') strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
    path = options.arg;
  }
  if (options.ind == argc) strerr_dieusage(100, USAGE);
  if (route_open(&table, path) < 0)
    strerr_diefu2sys(111, "open ", path ? path : "routes.cdb in the conf folder");
  for (char const *const *address = argv + options.ind; *address; address++) {
    int code = exit_codes[route_explain(&table, *address, strlen(*address), print, NULL)];
    if (code > exit_code) exit_code = code;
  }
  if (!buffer_flush(buffer_1)) strerr_diefu1sys(111, "write to standard output");
  return exit_code;
}
