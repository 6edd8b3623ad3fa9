/* A text, a NUL, a destination: the text as TLS policies and as logins, and what they say of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "remote/remote.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static void check_policy(remote_policy_t const *policy, char const *destination) {
  char const *names[TLS_NAMES_MAX];
  if (!policy) return;
  if (policy->level >= REMOTE_LEVELS || !*remote_level_word(policy->level)) abort();
  if (policy->names_count > TLS_NAMES_MAX || policy->pins_count > TLS_PINS_MAX) abort();
  if ((policy->level == REMOTE_PIN) != (policy->pins_count > 0)) abort();
  size_t const count = remote_names(names, policy, destination, "mx.example");
  if (count > TLS_NAMES_MAX) abort();
  for (size_t i = 0; i < count; i++)
    if (*names[i] == '.' && names[i] != destination) abort();
}

static void check_error(remote_error_t const *error, char const *text, size_t len) {
  size_t lines = 1;
  for (size_t i = 0; i < len; i++) lines += text[i] == '\n';
  if (error->reason && (!error->line || error->line > lines)) abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  remote_error_t error;
  char const *const text = (char const *)data;
  size_t const len = strnlen(text, size), rest = len < size ? len + 1 : size;
  char *const destination = strndup(text + rest, size - rest);
  if (!destination) abort();
  remote_policies_t *const policies = remote_policies_parse(text, len, &error);
  if (policies)
    check_policy(remote_policy_find(policies, destination), destination);
  else
    check_error(&error, text, len);
  remote_policies_free(policies);
  remote_logins_t *const logins = remote_logins_parse(text, len, &error);
  remote_login_t const *const login = remote_login_find(logins, destination);
  if (login && (!*login->name || !*login->password)) abort();
  if (!logins) check_error(&error, text, len);
  remote_logins_free(logins);
  free(destination);
  return 0;
}
