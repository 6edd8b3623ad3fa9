#include <errno.h>

#include "smtp/smtp.h"
#include "text/text.h"

static bool is_visible(char c) {
  return is_printable(c) && c != ' ';
}

/* sasl-mech of RFC 4422 3.1, in any case. */
static size_t mechanism_length(char const *s, size_t len) {
  size_t n = 0;
  while (n < len && (is_letdig(s[n]) || s[n] == '-' || s[n] == '_')) n++;
  return n;
}

bool smtp_auth_line_valid(char const *s, size_t len) {
  while (len && is_visible(*s)) s++, len--;
  return !len;
}

int smtp_auth_parse(smtp_auth_t *auth, char const *s, size_t len) {
  size_t at = mechanism_length(s, len);
  *auth = (smtp_auth_t){.mechanism = s, .mechanism_len = at};
  if (!at || (at < len && !is_blank(s[at]))) return errno = EINVAL, -1;
  while (at < len && is_blank(s[at])) at++;
  if (at == len) return 0;
  auth->initial = s + at;
  auth->initial_len = len - at;
  return smtp_auth_line_valid(s + at, len - at) ? 0 : (errno = EINVAL, -1);
}

int smtp_auth_path_parse(smtp_path_t *path, char const *s, size_t len) {
  char mailbox[SMTP_ADDRESS_MAX + 1];
  size_t consumed;
  ssize_t n = smtp_xtext_decode(mailbox, sizeof mailbox, s, len);
  bool bracketed = n > 0 && *mailbox == '<';
  unsigned int allow = bracketed ? SMTP_PATH_NULL : SMTP_PATH_BARE | SMTP_PATH_UTF8_OK;
  if (n <= 0 || (bracketed && n != 2)) return errno = EINVAL, -1;
  if (smtp_path_parse(path, mailbox, (size_t)n, allow, &consumed) || consumed != (size_t)n)
    return errno = EINVAL, -1;
  return 0;
}
