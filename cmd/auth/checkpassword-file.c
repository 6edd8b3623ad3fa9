/* checkpassword-file: see checkpassword-file(8). */
#include <crypt.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "conf/conf.h"
#include "shared/checker.h"
#include "users/users.h"

#define USAGE "checkpassword-file [-U] [-f users.cdb] [-u uid] [-g gid] program..."

/* Checked for strangers as long as there is no user to model them on: the method of user-add. */
#define STRANGERS_HASH "$y$j9T$AlR/PY8aH5O4lNePX/Q.y/$"

char const *PROG = "checkpassword-file";

typedef struct options {
  char const *table;
  uint32_t uid, gid; /* of users who have none of their own */
  bool become;
} options_t;

/* ---- passwords ------------------------------------------------------------------------------- */

static bool hash_matches(char const *hash, char const *password) {
  static struct crypt_data data;
  char const *const made = crypt_rn(password, hash, &data, sizeof data);
  if (!made) strerr_diefu1sys(CHECKER_TEMPORARY, "make a hash of the kind that users.cdb has");
  bool const same = credentials_same(hash, made);
  explicit_bzero(&data, sizeof data);
  return same;
}

static bool has_password(users_user_t const *user) {
  return user->hash || user->scram_sha256.iterations || user->scram_sha1.iterations;
}

static bool password_matches(users_user_t const *user, credentials_t const *credentials) {
  char const *const password = credentials->secret;
  size_t const len = strlen(password);
  if (user->hash) return hash_matches(user->hash, password);
  if (user->scram_sha256.iterations)
    return users_scram_matches(&user->scram_sha256, &br_sha256_vtable, password, len);
  return users_scram_matches(&user->scram_sha1, &br_sha1_vtable, password, len);
}

static void stranger_fill(users_user_t *stranger, char const *table) {
  if (users_find_model(table, stranger) == 0) return;
  if (errno != ENOENT) strerr_diefu2sys(CHECKER_TEMPORARY, "read ", table);
  *stranger = (users_user_t){.hash = STRANGERS_HASH};
}

/* ---- challenges ------------------------------------------------------------------------------ */

static bool has_plain(users_user_t const *user) {
  return user->plain;
}

static bool cram_md5_matches(users_user_t const *user, credentials_t const *credentials) {
  return credentials_cram_md5(credentials, user->plain);
}

static bool apop_matches(users_user_t const *user, credentials_t const *credentials) {
  return credentials_apop(credentials, user->plain);
}

static void challenge_stranger_fill(users_user_t *stranger, char const *table) {
  (void)table;
  *stranger = (users_user_t){.plain = "stranger"};
}

/* ---- who it is ------------------------------------------------------------------------------- */

/* Whom fit passes can be checked by matches; stranger_fill makes somebody who can, for all others.
 */
typedef struct method {
  char const *mechanism;
  bool (*fit)(users_user_t const *user);
  bool (*matches)(users_user_t const *user, credentials_t const *credentials);
  void (*stranger_fill)(users_user_t *stranger, char const *table);
} method_t;

static method_t const methods[] = {
    {"CRAM-MD5", has_plain, cram_md5_matches, challenge_stranger_fill},
    {"APOP", has_plain, apop_matches, challenge_stranger_fill},
    {NULL, has_password, password_matches, stranger_fill},
};

static method_t const *method_find(void) {
  char const *const mechanism = getenv("SASL_MECHANISM");
  method_t const *method = methods;
  while (method->mechanism && (!mechanism || strcmp(method->mechanism, mechanism))) method++;
  return method;
}

/* Everyone is checked: what a failure takes does not tell why it is one. */
static bool check(users_user_t *user, credentials_t const *credentials, char const *table) {
  static users_user_t stranger;
  method_t const *const method = method_find();
  bool const known = users_find(table, credentials->login, user) == 0;
  if (!known && errno != ENOENT) strerr_diefu2sys(CHECKER_TEMPORARY, "read ", table);
  bool const fit = known && method->fit(user);
  if (!fit) method->stranger_fill(&stranger, table);
  bool const matches = method->matches(fit ? user : &stranger, credentials);
  users_wipe(&stranger);
  return matches && fit && !user->disabled;
}

/* A user of its own has a group of its own, unless it says which. */
static _Noreturn void pass(users_user_t const *user, options_t const *options,
                           char const *const *argv) {
  uint32_t const gid = user->gid ? user->gid : user->uid ? user->uid : options->gid;
  checker_account_t const account = {.name = user->name,
                                     .home = user->home,
                                     .senders = user->senders,
                                     .uid = user->uid ? user->uid : options->uid,
                                     .gid = gid};
  if (options->become) checker_become(&account);
  checker_pass(&account, argv);
}

static void options_read(options_t *options, int argc, char const *const **argv) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, *argv, "Uf:u:g:h", &state)) != -1;) switch (option) {
    case 'U': options->become = true; break;
    case 'f': options->table = state.arg; break;
    case 'u': options->uid = checker_id(state.arg, USAGE); break;
    case 'g': options->gid = checker_id(state.arg, USAGE); break;
    default: checker_usage(option, USAGE);
    }
  *argv += state.ind;
  if (!**argv || !options->uid != !options->gid) checker_usage('?', USAGE);
}

int main(int argc, char const *const *argv) {
  char table[PATH_MAX];
  options_t options = {.table = table};
  credentials_t credentials;
  users_user_t user;
  options_read(&options, argc, &argv);
  if (options.table == table && conf_path(table, sizeof table, "users.cdb") < 0)
    strerr_diefu1sys(CHECKER_TEMPORARY, "name users.cdb in the conf folder");
  checker_read(&credentials);
  bool const passes = check(&user, &credentials, options.table);
  credentials_wipe(&credentials);
  if (!passes) return CHECKER_WRONG;
  pass(&user, &options, argv);
}
