#include <bearssl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "sasl-auth.h"
#include "users/users.h"

/* What strangers are shown as long as there is no user to model them on. */
#define ITERATIONS 4096
#define SALT_LEN   16

/* ---- strangers ------------------------------------------------------------------------------ */

static bool hash_file(br_sha256_context *context, char const *path) {
  char bytes[4096];
  int const fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  size_t const n = allread(fd, bytes, sizeof bytes);
  close(fd);
  br_sha256_update(context, bytes, n);
  explicit_bzero(bytes, sizeof bytes);
  return n > 0;
}

/* The secret that strangers' salts are made of: it must stay the same, or they would change, which
   those of users do not. With none at all they do change. */
static void secret_make(unsigned char secret[br_sha256_SIZE]) {
  char path[PATH_MAX];
  br_sha256_context context;
  br_sha256_init(&context);
  bool const is_named = conf_path(path, sizeof path, "auth-secret") == 0;
  if (!(is_named && hash_file(&context, path)) && !hash_file(&context, "/etc/machine-id")) {
    unsigned char random[br_sha256_SIZE] = {0};
    (void)!getrandom(random, sizeof random, 0);
    br_sha256_update(&context, random, sizeof random);
  }
  br_sha256_out(&context, secret);
}

static unsigned char const *secret_get(void) {
  static unsigned char secret[br_sha256_SIZE];
  static bool made;
  if (!made) secret_make(secret);
  made = true;
  return secret;
}

/* Names that are one user's have one salt. */
static void salt_make(unsigned char salt[br_sha256_SIZE], char const *name,
                      sasl_mechanism_t mechanism) {
  br_hmac_key_context key;
  br_hmac_context context;
  unsigned char const kind =
      mechanism == SASL_SCRAM_SHA_1 || mechanism == SASL_SCRAM_SHA_1_PLUS ? 1 : 0;
  br_hmac_key_init(&key, &br_sha256_vtable, secret_get(), br_sha256_SIZE);
  br_hmac_init(&context, &key, 0);
  br_hmac_update(&context, &kind, 1);
  for (; *name; name++) {
    char const c = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;
    br_hmac_update(&context, &c, 1);
  }
  br_hmac_out(&context, salt);
}

/* ---- users ---------------------------------------------------------------------------------- */

static users_scram_t const *scram_of(users_user_t const *user, sasl_mechanism_t mechanism) {
  bool const is_sha1 = mechanism == SASL_SCRAM_SHA_1 || mechanism == SASL_SCRAM_SHA_1_PLUS;
  return is_sha1 ? &user->scram_sha1 : &user->scram_sha256;
}

static bool copy(char *to, size_t size, char const *from) {
  *to = 0;
  if (!from) return true;
  if (strlen(from) >= size) return false;
  strcpy(to, from);
  return true;
}

static bool take_user(account_t *account, users_user_t const *user) {
  account->known = !user->disabled;
  account->uid = user->uid;
  account->gid = user->gid;
  return copy(account->name, sizeof account->name, user->name) &&
         copy(account->home, sizeof account->home, user->home) &&
         copy(account->senders, sizeof account->senders, user->senders);
}

static void take_verifier(account_t *account, users_scram_t const *scram) {
  memcpy(account->salt, scram->salt, scram->salt_len);
  memcpy(account->stored_key, scram->stored_key, sizeof scram->stored_key);
  memcpy(account->server_key, scram->server_key, sizeof scram->server_key);
  account->verifier = (sasl_verifier_t){.known = account->known,
                                        .iterations = scram->iterations,
                                        .salt = account->salt,
                                        .salt_len = scram->salt_len,
                                        .stored_key = account->stored_key,
                                        .server_key = account->server_key};
}

/* A verifier that looks like those of most users; its keys are never used for a yes. */
static void stranger_make(users_scram_t *stranger, users_user_t const *model, char const *name,
                          sasl_mechanism_t mechanism) {
  unsigned char salt[br_sha256_SIZE];
  users_scram_t const *pattern = scram_of(model, mechanism);
  salt_make(salt, name, mechanism);
  *stranger = (users_scram_t){.iterations = ITERATIONS, .salt_len = SALT_LEN};
  if (pattern->iterations) stranger->iterations = pattern->iterations;
  if (pattern->iterations && pattern->salt_len <= sizeof salt)
    stranger->salt_len = pattern->salt_len;
  memcpy(stranger->salt, salt, stranger->salt_len);
}

static int find_user(users_user_t *user, char const *name) {
  if (users_find(options.users, name, user) == 0) return 0;
  if (errno != ENOENT) return -1;
  *user = (users_user_t){.disabled = true};
  return 0;
}

static int find_model(users_user_t *model) {
  if (users_find_model(options.users, model) == 0) return 0;
  if (errno != ENOENT) return -1;
  *model = (users_user_t){.disabled = true};
  return 0;
}

/* The stranger is made for everyone, so that it takes the same time for all. */
int lookup_verifier(account_t *account, char const *name, sasl_mechanism_t mechanism) {
  static users_user_t user, model;
  users_scram_t stranger;
  if (find_user(&user, name) < 0 || find_model(&model) < 0) return -1;
  stranger_make(&stranger, &model, name, mechanism);
  users_scram_t const *scram = scram_of(&user, mechanism);
  bool const fits = take_user(account, &user);
  if (!scram->iterations) account->known = false;
  take_verifier(account, scram->iterations ? scram : &stranger);
  users_wipe(&user);
  users_wipe(&model);
  return fits ? 0 : (errno = EPROTO, -1);
}

int lookup_certificate(account_t *account, char const *hash) {
  static users_user_t user;
  account->known = false;
  if (users_find_certificate(options.users, hash, &user) < 0) return errno == ENOENT ? 0 : -1;
  bool const fits = take_user(account, &user);
  users_wipe(&user);
  return fits ? 0 : (errno = EPROTO, -1);
}

void lookup_wipe(account_t *account) {
  explicit_bzero(account, sizeof *account);
}
