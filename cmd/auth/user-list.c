/* user-list: see user-list(1). */
#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "print/print.h"
#include "shared/user.h"

#define USAGE "user-list [-f users] [-j] [name]"

char const *PROG = "user-list";

static print_t out = {.to = buffer_1};
static json_t json = {.print = &out};

/* ---- what passwords are kept as -------------------------------------------------------------- */

typedef struct method {
  char const *prefix;
  char const *name;
} method_t;

/* The first that a hash begins with, crypt(5). */
static method_t const methods[] = {
    {"$y$", "yescrypt"},    {"$gy$", "gost-yescrypt"}, {"$7$", "scrypt"},
    {"$2", "bcrypt"},       {"$6$", "sha512crypt"},    {"$5$", "sha256crypt"},
    {"$sha1", "sha1crypt"}, {"$md5", "sunmd5"},        {"$1$", "md5crypt"},
    {"$3$", "nt"},          {"_", "bsdicrypt"},        {"", "descrypt"},
};

static char const *method_of(char const *hash) {
  method_t const *method = methods;
  while (strncmp(hash, method->prefix, strlen(method->prefix))) method++;
  return method->name;
}

/* ---- a table for people ---------------------------------------------------------------------- */

static void put_word(char *words, char const *word) {
  if (*words) strcat(words, ",");
  strcat(words, word);
}

static void password_words(char words[64], users_user_t const *user) {
  *words = 0;
  if (user->hash) put_word(words, method_of(user->hash));
  if (user->scram_sha256.iterations) put_word(words, "scram-sha-256");
  if (user->scram_sha1.iterations) put_word(words, "scram-sha-1");
  if (user->plain) put_word(words, "plain");
  if (!*words) put_word(words, "none");
}

static void put_text(char const *key, char const *value) {
  if (!value) return;
  print_str(&out, " ");
  print_str(&out, key);
  print_str(&out, "=\"");
  print_safe(&out, value, 0);
  print_str(&out, "\"");
}

/* 0 is none. */
static void put_id(char const *key, uint32_t id) {
  if (!id) return;
  print_str(&out, " ");
  print_str(&out, key);
  print_str(&out, "=");
  print_uint(&out, id);
}

static void put_row(users_user_t const *user) {
  char words[64];
  password_words(words, user);
  print_safe(&out, user->name, 27);
  print_str(&out, " ");
  print_safe(&out, user->disabled ? "disabled" : "enabled", 10);
  print_str(&out, words);
  put_text("home", user->home);
  put_id("uid", user->uid);
  put_id("gid", user->gid);
  put_text("senders", user->senders);
  put_text("certificates", user->certificates);
  print_str(&out, "\n");
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* 0 is none. */
static void tell_number(char const *name, uint32_t number) {
  if (number)
    json_uint(&json, name, number);
  else
    json_str(&json, name, NULL);
}

static void tell_words(char const *name, char const *words) {
  json_array(&json, name);
  if (!words) words = "";
  for (size_t len; words += strspn(words, " "), len = strcspn(words, " "); words += len)
    json_bytes(&json, NULL, words, len);
  json_close(&json);
}

static void tell(users_user_t const *user) {
  json_object(&json, NULL);
  json_str(&json, "name", user->name);
  json_bool(&json, "disabled", user->disabled);
  json_str(&json, "hash", user->hash ? method_of(user->hash) : NULL);
  tell_number("scram-sha-256", user->scram_sha256.iterations);
  tell_number("scram-sha-1", user->scram_sha1.iterations);
  json_bool(&json, "plain", user->plain);
  json_str(&json, "home", user->home);
  tell_number("uid", user->uid);
  tell_number("gid", user->gid);
  tell_words("senders", user->senders);
  tell_words("certificates", user->certificates);
  json_close(&json);
}

/* ---- all of them ----------------------------------------------------------------------------- */

typedef struct listing {
  void (*show)(users_user_t const *user);
  char const *name; /* of whom to show; NULL: of all */
  size_t shown;
  bool broken; /* a line could not be read */
} listing_t;

static void show_line(listing_t *listing, users_file_t *file, size_t number, char const *line,
                      size_t len) {
  users_user_t user;
  char const *reason;
  int const result = users_line_parse(&user, line, len, &reason);
  if (result < 0) {
    user_report(file->path, number, reason);
    listing->broken = true;
  }
  if (result > 0 && (!listing->name || users_name_is(user.name, listing->name))) {
    listing->show(&user);
    listing->shown++;
  }
  users_wipe(&user);
}

static void show_users(listing_t *listing, users_file_t *file) {
  size_t number = 1;
  for (char const *line = file->text, *end = line + file->len; line < end; number++) {
    char const *const newline = memchr(line, '\n', (size_t)(end - line));
    size_t const len = (size_t)((newline ? newline : end) - line);
    show_line(listing, file, number, line, len);
    line += len + 1;
  }
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  users_file_t file;
  char buffer[PATH_MAX];
  char const *path = NULL;
  listing_t listing = {.show = put_row};
  for (int option; (option = subgetopt_r(argc, argv, "f:jh", &options)) != -1;) switch (option) {
    case 'f': path = options.arg; break;
    case 'j': listing.show = tell; break;
    default: strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
    }
  argc -= options.ind;
  if (argc > 1) strerr_dieusage(100, USAGE);
  if (argc) listing.name = user_name(argv[options.ind]);
  user_hide();
  user_open(&file, user_path(path, buffer));
  if (listing.show == tell) json_array(&json, NULL);
  show_users(&listing, &file);
  if (listing.show == tell) json_close(&json);
  if (print_end(&out) < 0) strerr_diefu1sys(111, "write");
  users_file_close(&file);
  return !listing.broken && (listing.shown || !listing.name) ? 0 : USER_EXIT_NO;
}
