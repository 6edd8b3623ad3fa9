/* user-list: see user-list(1). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/buffer.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "shared/user.h"

#define USAGE "user-list [-f users] [-j] [name]"

char const *PROG = "user-list";

static bool json;
static size_t shown;

static void put(char const *s) {
  if (buffer_puts(buffer_1, s) < 0) strerr_diefu1sys(111, "write");
}

static void put_number(uint32_t number) {
  char digits[UINT32_FMT];
  digits[uint32_fmt(digits, number)] = 0;
  put(digits);
}

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

#define COLUMN 28

/* Puts s and blanks, at least one, up to width. */
static void put_column(char const *s, size_t width) {
  put(s);
  put(" ");
  for (size_t len = strlen(s) + 1; len < width; len++) put(" ");
}

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

static void put_fact(char const *key, char const *value) {
  if (!value) return;
  put(" ");
  put(key);
  put("=\"");
  put(value);
  put("\"");
}

static void put_row(users_user_t const *user) {
  char words[64];
  password_words(words, user);
  put_column(user->name, COLUMN);
  put_column(user->disabled ? "disabled" : "enabled", 10);
  put(words);
  put_fact("home", user->home);
  if (user->uid) put(" uid="), put_number(user->uid);
  if (user->gid) put(" gid="), put_number(user->gid);
  put_fact("senders", user->senders);
  put_fact("certificates", user->certificates);
  put("\n");
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* The text of users(5) has no control characters. */
static void put_string(char const *s, size_t len) {
  put("\"");
  for (size_t i = 0; i < len; i++) {
    if (s[i] == '"' || s[i] == '\\') put("\\");
    put((char const[]){s[i], 0});
  }
  put("\"");
}

static void put_key(char const *key) {
  put(", \"");
  put(key);
  put("\": ");
}

static void put_text(char const *key, char const *value) {
  put_key(key);
  if (value)
    put_string(value, strlen(value));
  else
    put("null");
}

static void put_flag(char const *key, bool value) {
  put_key(key);
  put(value ? "true" : "false");
}

/* 0 is none. */
static void put_count(char const *key, uint32_t number) {
  put_key(key);
  if (number)
    put_number(number);
  else
    put("null");
}

static void put_words(char const *key, char const *words) {
  char const *comma = "";
  put_key(key);
  put("[");
  if (!words) words = "";
  for (size_t len; words += strspn(words, " "), len = strcspn(words, " "); words += len) {
    put(comma);
    put_string(words, len);
    comma = ", ";
  }
  put("]");
}

static void put_object(users_user_t const *user) {
  put(shown ? ",\n  {\"name\": " : "\n  {\"name\": ");
  put_string(user->name, strlen(user->name));
  put_flag("disabled", user->disabled);
  put_text("hash", user->hash ? method_of(user->hash) : NULL);
  put_count("scram-sha-256", user->scram_sha256.iterations);
  put_count("scram-sha-1", user->scram_sha1.iterations);
  put_flag("plain", user->plain);
  put_text("home", user->home);
  put_count("uid", user->uid);
  put_count("gid", user->gid);
  put_words("senders", user->senders);
  put_words("certificates", user->certificates);
  put("}");
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void show(users_user_t const *user) {
  (json ? put_object : put_row)(user);
  shown++;
}

/* Shows those of this name, NULL for all. Returns whether every line could be read. */
static bool show_users(users_file_t *file, char const *name) {
  users_user_t user;
  size_t number = 1;
  bool good = true;
  for (char const *line = file->text, *end = line + file->len; line < end; number++) {
    char const *const newline = memchr(line, '\n', (size_t)(end - line));
    size_t const len = (size_t)((newline ? newline : end) - line);
    char const *reason;
    int const result = users_line_parse(&user, line, len, &reason);
    if (result < 0) user_report(file->path, number, reason);
    if (result > 0 && (!name || users_name_is(user.name, name))) show(&user);
    good = good && result >= 0;
    line += len + 1;
  }
  users_wipe(&user);
  return good;
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  users_file_t file;
  char buffer[PATH_MAX];
  char const *path = NULL;
  for (int option; (option = subgetopt_r(argc, argv, "f:jh", &options)) != -1;) switch (option) {
    case 'f': path = options.arg; break;
    case 'j': json = true; break;
    default: strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
    }
  argc -= options.ind;
  if (argc > 1) strerr_dieusage(100, USAGE);
  char const *const name = argc ? user_name(argv[options.ind]) : NULL;
  user_hide();
  user_open(&file, user_path(path, buffer), false);
  if (json) put("[");
  bool const good = show_users(&file, name);
  if (json) put(shown ? "\n]\n" : "]\n");
  if (!buffer_flush(buffer_1)) strerr_diefu1sys(111, "write");
  users_file_close(&file);
  return good && (shown || !name) ? 0 : USER_EXIT_NO;
}
