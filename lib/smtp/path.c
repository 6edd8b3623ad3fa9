#include <string.h>

#include "smtp/domain.h"
#include "text/text.h"

/* ---- local parts ---- */

static size_t atom_length(char const *s, size_t len) {
  size_t at = 0;
  while (at < len) {
    size_t step = is_atext(s[at]) ? 1 : utf8_length(s + at, len - at);
    if (!step) break;
    at += step;
  }
  return at;
}

/* The bytes of the longest Dot-string at the start of s; 0 if there is none. */
static size_t dot_string_length(char const *s, size_t len) {
  size_t end = atom_length(s, len);
  while (end && end < len && s[end] == '.') {
    size_t n = atom_length(s + end + 1, len - end - 1);
    if (!n) break;
    end += 1 + n;
  }
  return end;
}

static size_t quoted_step(char const *s, size_t len) {
  if (*s == '\\') return len > 1 && is_printable(s[1]) ? 2 : 0;
  return is_printable(*s) ? 1 : utf8_length(s, len);
}

/* The bytes of the Quoted-string at the start of s; 0 if there is none. *s is its quote. */
static size_t quoted_string_length(char const *s, size_t len) {
  size_t at = 1;
  while (at < len && s[at] != '"') {
    size_t step = quoted_step(s + at, len - at);
    if (!step) return 0;
    at += step;
  }
  return at < len ? at + 1 : 0;
}

/* Writes a valid Quoted-string of at most SMTP_LOCAL_MAX bytes with no quoting that it does not
   need (RFC 5321 4.1.2: the forms are the same mailbox). It never grows. Returns its bytes. */
static size_t quoted_string_normalize(char *out, char const *s, size_t len) {
  char text[SMTP_LOCAL_MAX];
  size_t text_len = 0, out_len = 0;
  for (size_t i = 1; i < len - 1; i++) {
    if (s[i] == '\\') i++;
    text[text_len++] = s[i];
  }
  if (text_len && dot_string_length(text, text_len) == text_len) {
    memcpy(out, text, text_len);
    return text_len;
  }
  out[out_len++] = '"';
  for (size_t i = 0; i < text_len; i++) {
    if (text[i] == '"' || text[i] == '\\') out[out_len++] = '\\';
    out[out_len++] = text[i];
  }
  out[out_len++] = '"';
  return out_len;
}

static smtp_path_status_t local_parse(smtp_path_t *path, char const *s, size_t len, size_t *taken) {
  bool quoted = len && *s == '"';
  *taken = quoted ? quoted_string_length(s, len) : dot_string_length(s, len);
  if (!*taken) return SMTP_PATH_SYNTAX;
  if (*taken > SMTP_LOCAL_MAX) return SMTP_PATH_TOO_LONG;
  if (quoted) {
    path->local_len = quoted_string_normalize(path->address, s, *taken);
  } else {
    path->local_len = *taken;
    memcpy(path->address, s, *taken);
  }
  path->len = path->local_len;
  return SMTP_PATH_OK;
}

/* ---- domains ---- */

/* The bytes at the start of s that could be a domain or a literal. */
static size_t domain_length(char const *s, size_t len) {
  size_t at = 0;
  if (len && *s == '[') {
    char const *end = memchr(s, ']', len);
    return end ? (size_t)(end - s) + 1 : len;
  }
  while (at < len && (is_letdig(s[at]) || (s[at] && strchr("-_.", s[at])) || !is_ascii(s[at])))
    at++;
  return at;
}

static smtp_path_status_t host_check(char const *s, size_t len) {
  if (!len || *s != '[') return smtp_domain_check(s, len);
  if (len > SMTP_DOMAIN_MAX) return SMTP_PATH_TOO_LONG;
  return smtp_literal_valid(s, len) ? SMTP_PATH_OK : SMTP_PATH_SYNTAX;
}

/* Appends "@domain", which stands at the start of s. */
static smtp_path_status_t host_parse(smtp_path_t *path, char const *s, size_t len, size_t *taken) {
  size_t host_len = domain_length(s + 1, len - 1);
  smtp_path_status_t status = host_check(s + 1, host_len);
  if (status) return status;
  *taken = 1 + host_len;
  memcpy(path->address + path->len, s, *taken);
  path->len += *taken;
  return SMTP_PATH_OK;
}

/* A-d-l, "@a,@b:": its bytes; 0 if there is none at the start of s, or a bad one: then what follows
   it is no mailbox, for a mailbox cannot begin with "@". */
static size_t route_length(char const *s, size_t len) {
  size_t at = 0;
  while (at < len && s[at] == '@') {
    size_t host_len = domain_length(s + at + 1, len - at - 1);
    if (smtp_domain_check(s + at + 1, host_len)) return 0;
    at += 1 + host_len;
    if (at == len) return 0;
    if (s[at] == ':') return at + 1;
    if (s[at++] != ',') return 0;
  }
  return 0;
}

/* ---- paths ---- */

static bool is_end(char const *s, size_t len) {
  return !len || *s == '>' || is_blank(*s);
}

static smtp_path_status_t mailbox_parse(smtp_path_t *path, char const *s, size_t len,
                                        bool postmaster, size_t *taken) {
  static char const name[] = "postmaster";
  size_t local_taken, host_taken;
  smtp_path_status_t status = local_parse(path, s, len, &local_taken);
  if (status) return status;
  *taken = local_taken;
  s += local_taken;
  len -= local_taken;
  if (len && *s == '@') {
    status = host_parse(path, s, len, &host_taken);
    if (!status) *taken += host_taken;
    return status;
  }
  if (!is_end(s, len)) return SMTP_PATH_SYNTAX;
  if (!postmaster || !smtp_word_is(path->address, path->len, name)) return SMTP_PATH_NO_DOMAIN;
  memcpy(path->address, name, sizeof name);
  return SMTP_PATH_OK;
}

static bool has_utf8(char const *s, size_t len) {
  while (len--)
    if (!is_ascii(*s++)) return true;
  return false;
}

/* What stands between the angle brackets, or without them. */
static smtp_path_status_t inner_parse(smtp_path_t *path, char const *s, size_t len,
                                      unsigned int allow, bool bare, size_t *taken) {
  if (!bare && (allow & SMTP_PATH_NULL) && len && *s == '>') {
    *taken = 0;
    return SMTP_PATH_OK;
  }
  size_t route_len = bare ? 0 : route_length(s, len);
  bool postmaster = (allow & SMTP_PATH_POSTMASTER) && !route_len;
  smtp_path_status_t status =
      mailbox_parse(path, s + route_len, len - route_len, postmaster, taken);
  *taken += route_len;
  return status;
}

smtp_path_status_t smtp_path_parse(smtp_path_t *path, char const *s, size_t len, unsigned int allow,
                                   size_t *consumed) {
  bool bare = !len || *s != '<';
  size_t open = bare ? 0 : 1, taken = 0;
  path->len = path->local_len = 0;
  if (bare && !(allow & SMTP_PATH_BARE)) return SMTP_PATH_SYNTAX;
  smtp_path_status_t status = inner_parse(path, s + open, len - open, allow, bare, &taken);
  if (status) return status;
  size_t end = open + taken;
  if (bare ? end < len && !is_blank(s[end]) : end == len || s[end++] != '>')
    return SMTP_PATH_SYNTAX;
  if (has_utf8(s, end) && !(allow & SMTP_PATH_UTF8_OK)) return SMTP_PATH_UTF8;
  path->address[path->len] = 0;
  path->utf8 = has_utf8(path->address, path->len);
  *consumed = end;
  return SMTP_PATH_OK;
}
