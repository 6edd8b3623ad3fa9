#include <string.h>

#include "smtp/smtp.h"
#include "text/text.h"

enum { LINE_WIDTH = 78, WORD_MAX = 255 };

/* Where the field may be folded while it is put together. What stands between two CLAUSE_BREAKs is
   kept on one line if it fits on one. No foreign word holds these bytes. */
#define CLAUSE_BREAK "\n"
#define WORD_BREAK   "\t"

/* What a foreign word may hold besides letters, digits and, for SMTPUTF8, UTF-8. */
static char const name_extra[] = ".-_";
static char const literal_extra[] = ".-:[]";
static char const ip_extra[] = ".:";
static char const token_extra[] = ".-_+/";
static char const user_extra[] = "!#$%&'*+-/=?^_`{|}~.@";

typedef struct draft {
  bool utf8;
  size_t len;
  char text[SMTP_TRACE_MAX]; /* nine foreign words, a recipient, and our own: under 3,000 bytes */
} draft_t;

/* Appends our own words. */
static void put(draft_t *draft, char const *s) {
  size_t len = strlen(s);
  memcpy(draft->text + draft->len, s, len);
  draft->len += len;
}

/* Appends a foreign word, cut at WORD_MAX, with '?' for each byte that may not be in it. */
static void put_word(draft_t *draft, char const *s, char const *extra) {
  size_t len = strnlen(s, WORD_MAX), n;
  for (size_t at = 0; at < len; at += n) {
    char *out = draft->text + draft->len;
    size_t utf8_len = draft->utf8 ? utf8_length(s + at, len - at) : 0;
    n = utf8_len ? utf8_len : 1;
    memcpy(out, s + at, n);
    if (!utf8_len && !is_letdig(s[at]) && !strchr(extra, s[at])) *out = '?';
    draft->len += n;
  }
}

static bool is_given(char const *s) {
  return s && *s;
}

/* From-domain: "from helo (host [IPv6:2001:db8::1])". */
static void put_from(draft_t *draft, smtp_trace_t const *trace) {
  char const *helo = is_given(trace->helo) ? trace->helo : "unknown";
  bool has_host = is_given(trace->remote_host), has_ip = is_given(trace->remote_ip);
  put(draft, "from" WORD_BREAK);
  put_word(draft, helo, smtp_literal_valid(helo, strlen(helo)) ? literal_extra : name_extra);
  if (has_host || has_ip) put(draft, WORD_BREAK "(");
  if (has_host) put_word(draft, trace->remote_host, name_extra);
  if (has_host && has_ip) put(draft, WORD_BREAK);
  if (has_ip) {
    put(draft, strchr(trace->remote_ip, ':') ? "[IPv6:" : "[");
    put_word(draft, trace->remote_ip, ip_extra);
    put(draft, "]");
  }
  if (has_host || has_ip) put(draft, ")");
}

/* TLS and the user stand in comments, in Postfix's words: a comment may stand anywhere, so that no
   parser trips over it, and those that look for these facts know these words. RFC 8314's tls clause
   has no place for the version, and comes where many expect the date. */
static void put_security(draft_t *draft, smtp_trace_t const *trace) {
  if (is_given(trace->tls_version) && is_given(trace->tls_cipher)) {
    put(draft, CLAUSE_BREAK "(using" WORD_BREAK);
    put_word(draft, trace->tls_version, token_extra);
    put(draft, WORD_BREAK "with" WORD_BREAK "cipher" WORD_BREAK);
    put_word(draft, trace->tls_cipher, token_extra);
    put(draft, ")");
  }
  if (is_given(trace->auth_user)) {
    put(draft, CLAUSE_BREAK "(Authenticated" WORD_BREAK "sender:" WORD_BREAK);
    put_word(draft, trace->auth_user, user_extra);
    put(draft, ")");
  }
}

/* "for <recipient>", unless it is no path that this message may bear. */
static void put_for(draft_t *draft, char const *recipient) {
  smtp_path_t path;
  size_t consumed, len = recipient ? strlen(recipient) : 0;
  unsigned int allow = SMTP_PATH_BARE | SMTP_PATH_POSTMASTER;
  if (draft->utf8) allow |= SMTP_PATH_UTF8_OK;
  if (!len || smtp_path_parse(&path, recipient, len, allow, &consumed) || consumed != len) return;
  put(draft, CLAUSE_BREAK "for" WORD_BREAK "<");
  put(draft, path.address);
  put(draft, ">");
}

/* Writes the draft with blanks or folds for its breaks. */
static size_t fold(char *out, char const *s) {
  size_t len = 0, column = 0;
  for (char mark = 0;; mark = *s++) {
    size_t word = strcspn(s, CLAUSE_BREAK WORD_BREAK);
    size_t unit = mark == *CLAUSE_BREAK ? strcspn(s, CLAUSE_BREAK) : word;
    bool full = mark && column + 1 + unit > LINE_WIDTH;
    if (full) out[len++] = '\n';
    if (full) column = 0;
    if (mark) out[len++] = full ? '\t' : ' ';
    memcpy(out + len, s, word);
    len += word;
    column += (mark ? 1 : 0) + word;
    s += word;
    if (!*s) break;
  }
  out[len++] = '\n';
  return len;
}

size_t smtp_trace_format(char out[SMTP_TRACE_MAX], smtp_trace_t const *trace) {
  char date[SMTP_DATE_SIZE];
  draft_t draft;
  draft.utf8 = !strncmp(trace->protocol, "UTF8", 4);
  draft.len = 0;
  put(&draft, "Received:" WORD_BREAK);
  put_from(&draft, trace);
  put_security(&draft, trace);
  put(&draft, CLAUSE_BREAK "by" WORD_BREAK);
  put_word(&draft, trace->me, name_extra);
  put(&draft, WORD_BREAK "with" WORD_BREAK);
  put_word(&draft, trace->protocol, token_extra);
  put(&draft, CLAUSE_BREAK "id" WORD_BREAK);
  put_word(&draft, trace->id, token_extra);
  put_for(&draft, trace->recipient);
  put(&draft, ";" CLAUSE_BREAK);
  smtp_date_format(date, trace->seconds);
  put(&draft, date);
  draft.text[draft.len] = 0;
  return fold(out, draft.text);
}
