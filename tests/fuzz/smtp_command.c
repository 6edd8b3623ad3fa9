/* Command lines, with what smtp-front takes out of them: verb, path, parameters, BDAT, AUTH, HELO.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/smtp.h"

#define MUST(condition) ((condition) ? (void)0 : abort())

/* A parsed path is its own normal form. */
static void check_path(smtp_path_t const *path) {
  smtp_path_t again;
  size_t consumed, host = path->local_len + 1;
  unsigned int allow = SMTP_PATH_BARE | SMTP_PATH_POSTMASTER | SMTP_PATH_UTF8_OK;
  MUST(path->len <= SMTP_ADDRESS_MAX && strlen(path->address) == path->len);
  if (!path->len) return;
  MUST(!smtp_path_parse(&again, path->address, path->len, allow, &consumed));
  MUST(consumed == path->len && again.len == path->len && again.local_len == path->local_len);
  MUST(!memcmp(again.address, path->address, path->len) && again.utf8 == path->utf8);
  if (path->len == path->local_len) return;
  MUST(smtp_domain_valid(path->address + host, path->len - host, path->utf8) ||
       smtp_literal_valid(path->address + host, path->len - host));
}

/* What AUTH= says is a path, in its own normal form, or nobody. */
static void check_auth_path(char const *s, size_t len) {
  smtp_path_t path;
  if (smtp_auth_path_parse(&path, s, len)) return;
  MUST(!path.len || memchr(path.address, '@', path.len));
  check_path(&path);
}

/* What is handed to the auth service has no blank, no line end and no NUL in it. */
static void check_auth(char const *s, size_t len) {
  smtp_auth_t auth;
  if (smtp_auth_parse(&auth, s, len)) return;
  MUST(auth.mechanism == s && auth.mechanism_len && auth.mechanism_len <= len);
  MUST(smtp_auth_line_valid(auth.mechanism, auth.mechanism_len));
  if (!auth.initial) return;
  MUST(auth.initial_len && auth.initial + auth.initial_len == s + len);
  for (size_t i = 0; i < auth.initial_len; i++) MUST(auth.initial[i] > ' ');
}

static void check_parameters(char const *s, size_t len) {
  smtp_parameter_t parameter;
  size_t position = 0, before;
  uint64_t size;
  do {
    before = position;
    if (smtp_parameter_next(&parameter, s, len, &position) <= 0) return;
    if (!parameter.value) continue;
    smtp_size_parse(&size, parameter.value, parameter.value_len);
    smtp_notify_valid(parameter.value, parameter.value_len);
    smtp_orcpt_valid(parameter.value, parameter.value_len, SMTP_UTF8);
    smtp_xtext_valid(parameter.value, parameter.value_len);
    check_auth_path(parameter.value, parameter.value_len);
  } while (position > before && position <= len);
  abort();
}

static void check_envelope(char const *s, size_t len, unsigned int allow) {
  smtp_path_t path;
  size_t consumed;
  if (smtp_path_parse(&path, s, len, allow, &consumed)) return;
  MUST(consumed <= len && (path.len || (allow & SMTP_PATH_NULL)));
  check_path(&path);
  check_parameters(s + consumed, len - consumed);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char const *line = (char const *)data;
  smtp_command_t command;
  uint64_t chunk;
  bool last;
  for (unsigned int allow = 0; allow < 16; allow++) check_envelope(line, size, allow);
  if (smtp_command_parse(&command, line, size)) return 0;
  char const *argument = command.argument;
  size_t len = command.argument_len;
  MUST(command.verb_len + len <= size && argument + len <= line + size);
  ssize_t at = smtp_path_find(argument, len, "FROM:");
  if (at < 0) at = smtp_path_find(argument, len, "TO:");
  if (at >= 0) check_envelope(argument + at, len - (size_t)at, 15);
  check_auth(argument, len);
  smtp_domain_valid(argument, len, SMTP_ASCII);
  smtp_literal_valid(argument, len);
  if (!smtp_bdat_parse(&chunk, &last, argument, len)) MUST(chunk <= INT64_MAX);
  return 0;
}
