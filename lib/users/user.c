#include <string.h>

#include "text/text.h"
#include "users/internal.h"

void users_wipe(users_user_t *user) {
  explicit_bzero(user, sizeof *user);
}

static bool is_text(char const *s, size_t len) {
  for (size_t i = 0; i < len;) {
    size_t const step = is_printable(s[i]) ? 1 : utf8_length(s + i, len - i);
    if (!step) return false;
    i += step;
  }
  return true;
}

bool users_name_valid(char const *s, size_t len) {
  return len && len <= USERS_NAME_MAX && is_text(s, len);
}

bool users_password_valid(char const *s, size_t len) {
  return len && len <= USERS_PASSWORD_MAX && is_text(s, len);
}

/* strcasecmp asks the locale. */
bool users_name_is(char const *name, char const *other) {
  while (*name && to_lower(*name) == to_lower(*other)) name++, other++;
  return *name == *other;
}

size_t users_key_make(char key[USERS_KEY_MAX], users_key_t kind, char const *s, size_t len) {
  key[0] = (char)kind;
  for (size_t i = 0; i < len; i++) key[1 + i] = to_lower(s[i]);
  return 1 + len;
}
