/* user-del: see user-del(1). */
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "shared/user.h"

#define USAGE "user-del [-f users] name"

char const *PROG = "user-del";

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  users_file_t file;
  char buffer[PATH_MAX];
  char const *path = NULL;
  for (int option; (option = subgetopt_r(argc, argv, "f:h", &options)) != -1;) {
    if (option != 'f') strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
    path = options.arg;
  }
  if (argc - options.ind != 1) strerr_dieusage(100, USAGE);
  char const *const name = user_name(argv[options.ind]);
  user_hide();
  user_open(&file, user_path(path, buffer));
  user_done(user_check(&file), file.path); /* while its lines have their numbers */
  if (users_file_remove(&file, name) < 0)
    strerr_dief4x(USER_EXIT_NO, "no user ", name, " in ", file.path);
  user_save(&file);
  users_file_close(&file);
  return 0;
}
