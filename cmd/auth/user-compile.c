/* user-compile: see user-compile(1). */
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "shared/user.h"

#define USAGE "user-compile [-n] [users [users.cdb]]"

char const *PROG = "user-compile";

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  users_file_t file;
  char buffer[PATH_MAX];
  bool only_check = false;
  for (int option; (option = subgetopt_r(argc, argv, "nh", &options)) != -1;) {
    if (option != 'n') strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
    only_check = true;
  }
  argc -= options.ind;
  argv += options.ind;
  if (argc > 2) strerr_dieusage(100, USAGE);
  char const *const path = user_path(argc ? argv[0] : NULL, buffer);
  user_hide();
  if (users_file_open(&file, path, argc == 2 ? argv[1] : NULL) < 0)
    strerr_diefu2sys(111, "open ", path);
  int const result =
      only_check ? user_check(&file) : users_file_compile(&file, user_report, file.path);
  if (result < 0) strerr_diefu2sys(111, "write ", file.table);
  users_file_close(&file);
  return result ? USER_EXIT_NO : 0;
}
