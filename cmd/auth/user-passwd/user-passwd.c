/* user-passwd: see user-passwd(1). */
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "../shared/user.h"
#include "password.h"

#define USAGE "user-passwd [-f users] " PASSWORD_USAGE " name, or user-passwd [-f users] -l|-u name"

char const *PROG = "user-passwd";

typedef enum change { CHANGE_PASSWORD, CHANGE_LOCK, CHANGE_UNLOCK } change_t;

typedef struct options {
  char const *path;
  change_t change;
  password_settings_t settings;
} options_t;

static void set_disabled(char const *path, char const *name, bool disabled) {
  users_file_t file;
  users_user_t user;
  user_open(&file, path);
  user_find(&file, name, &user);
  user.disabled = disabled;
  user_put(&file, &user);
  user_save(&file);
  users_wipe(&user);
  users_file_close(&file);
}

/* Nobody is to think of a password for a user who is not there. */
static void check_there(char const *path, char const *name) {
  users_file_t file;
  users_user_t user;
  user_open(&file, path);
  user_find(&file, name, &user);
  users_wipe(&user);
  users_file_close(&file);
}

/* What the user had of the old password is made of the new one. */
static void set_password(char const *path, char const *name, password_settings_t *settings) {
  users_file_t file;
  users_user_t user;
  password_t password;
  check_there(path, name);
  password_ask(&password, settings, name);
  password_hash(&password, settings);
  user_open(&file, path);
  user_find(&file, name, &user);
  if (user.scram_sha1.iterations) settings->sha1 = true;
  if (user.plain) settings->plain = true;
  password_set(&user, &password, settings);
  user_put(&file, &user);
  user_save(&file);
  user_warn(&user, file.path);
  password_wipe(&password);
  users_wipe(&user);
  users_file_close(&file);
}

static void choose(options_t *options, change_t change) {
  if (options->change && options->change != change) strerr_dieusage(100, USAGE);
  options->change = change;
}

static void options_read(options_t *options, int argc, char const *const **argv) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, *argv, "f:luh" PASSWORD_OPTIONS, &state)) != -1;)
    switch (option) {
    case 'f': options->path = state.arg; break;
    case 'l': choose(options, CHANGE_LOCK); break;
    case 'u': choose(options, CHANGE_UNLOCK); break;
    case 'h': strerr_dieusage(0, USAGE);
    default:
      if (!password_option(&options->settings, option, state.arg)) strerr_dieusage(100, USAGE);
    }
  *argv += state.ind;
  if (argc - state.ind != 1) strerr_dieusage(100, USAGE);
}

int main(int argc, char const *const *argv) {
  char buffer[PATH_MAX];
  options_t options = {.path = NULL};
  password_settings_init(&options.settings);
  options_read(&options, argc, &argv);
  char const *const path = user_path(options.path, buffer), *const name = user_name(*argv);
  user_hide();
  if (options.change)
    set_disabled(path, name, options.change == CHANGE_LOCK);
  else
    set_password(path, name, &options.settings);
  return 0;
}
