/* user-add: see user-add(1). */
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "shared/user.h"
#include "user-passwd/password.h"

#define USAGE                                                                                      \
  "user-add [-f users] [-n] " PASSWORD_USAGE                                                       \
  " [-H home] [-u uid] [-g gid] [-s senders] [-c certificates] name"

char const *PROG = "user-add";

typedef struct options {
  char const *path;
  bool no_password;
  password_settings_t settings;
} options_t;

static void check_absent(users_file_t const *file, char const *name) {
  users_user_t user;
  if (users_file_find(file, name, &user) < 0) return;
  users_wipe(&user);
  strerr_dief4x(USER_EXIT_NO, "there is a user ", name, " in ", file->path);
}

/* Nobody is to think of a password for a user who is there already. */
static void check_early(char const *path, char const *name) {
  users_file_t file;
  user_make(&file, path);
  check_absent(&file, name);
  users_file_close(&file);
}

static void add(char const *path, users_user_t const *user) {
  users_file_t file;
  user_make(&file, path);
  check_absent(&file, user->name);
  user_put(&file, user);
  user_save(&file);
  user_warn(user, file.path);
  users_file_close(&file);
}

static uint32_t id_scan(char const *argument) {
  uint32_t id;
  if (!uint320_scan(argument, &id) || !id || id == UINT32_MAX) strerr_dieusage(100, USAGE);
  return id;
}

static void options_read(options_t *options, users_user_t *user, int argc,
                         char const *const *argv) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option;
       (option = subgetopt_r(argc, argv, "f:nH:u:g:s:c:h" PASSWORD_OPTIONS, &state)) != -1;)
    switch (option) {
    case 'f': options->path = state.arg; break;
    case 'n': options->no_password = true; break;
    case 'H': user->home = state.arg; break;
    case 'u': user->uid = id_scan(state.arg); break;
    case 'g': user->gid = id_scan(state.arg); break;
    case 's': user->senders = state.arg; break;
    case 'c': user->certificates = state.arg; break;
    case 'h': strerr_dieusage(0, USAGE);
    default:
      if (!password_option(&options->settings, option, state.arg)) strerr_dieusage(100, USAGE);
    }
  if (argc - state.ind != 1) strerr_dieusage(100, USAGE);
  user->name = user_name(argv[state.ind]);
}

int main(int argc, char const *const *argv) {
  char buffer[PATH_MAX];
  options_t options = {.path = NULL};
  users_user_t user = {.name = NULL};
  password_t password;
  password_settings_init(&options.settings);
  options_read(&options, &user, argc, argv);
  char const *const path = user_path(options.path, buffer);
  user_hide();
  if (!options.no_password) {
    check_early(path, user.name);
    password_ask(&password, &options.settings, user.name);
    password_hash(&password, &options.settings);
    password_set(&user, &password, &options.settings);
  }
  add(path, &user);
  password_wipe(&password);
  users_wipe(&user);
  return 0;
}
