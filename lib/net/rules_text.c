/* The text of access rules: "address:instructions", a line each. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <skalibs/types.h>

#include "net/internal.h"

typedef struct slice {
  char const *s;
  size_t len;
} slice_t;

typedef struct parser {
  net_rule_f *each;
  void *data;
  net_rules_error_t *error;
  size_t value_len;
  char value[NET_RULE_VALUE_MAX];
} parser_t;

static int refuse(parser_t *parser, char const *reason) {
  parser->error->reason = reason;
  return errno = EINVAL, -1;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

static slice_t trim(char const *s, size_t len) {
  while (len && is_blank(s[len - 1])) len--;
  while (len && is_blank(*s)) s++, len--;
  return (slice_t){s, len};
}

static bool begins(slice_t s, char const *word) {
  size_t const len = strlen(word);
  return s.len >= len && !memcmp(s.s, word, len);
}

void net_rules_error_text(char text[NET_RULES_ERROR_MAX], char const *path,
                          net_rules_error_t const *error, int errnum) {
  char const *const reason = error->reason ? error->reason : strerror(errnum);
  if (error->line)
    snprintf(text, NET_RULES_ERROR_MAX, "%s: line %u: %s", path, error->line, reason);
  else
    snprintf(text, NET_RULES_ERROR_MAX, "%s: %s", path, reason);
}

/* ---- instructions ---------------------------------------------------------------------------- */

static int append(parser_t *parser, char const *s, size_t len) {
  if (len > sizeof parser->value - parser->value_len)
    return refuse(parser, "the instructions are too long");
  memcpy(parser->value + parser->value_len, s, len);
  parser->value_len += len;
  return 0;
}

static bool is_name(char const *s, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (!isalnum((unsigned char)s[i]) && s[i] != '_') return false;
  return len;
}

/* One NAME="value" at the start of s, any byte in place of the quotes. Moves s behind it. */
static int variable_parse(parser_t *parser, slice_t *s) {
  char const *const equals = memchr(s->s, '=', s->len);
  if (!equals || !is_name(s->s, (size_t)(equals - s->s)))
    return refuse(parser, "a variable is written NAME=\"value\"");
  char const *const quote = equals + 1, *const end = s->s + s->len;
  if (quote == end) return refuse(parser, "the value has no quote");
  char const *const close = memchr(quote + 1, *quote, (size_t)(end - quote - 1));
  if (!close) return refuse(parser, "the value's closing quote is missing");
  if (append(parser, "+", 1) < 0 || append(parser, s->s, (size_t)(quote - s->s)) < 0 ||
      append(parser, quote + 1, (size_t)(close - quote - 1)) < 0)
    return -1;
  *s = (slice_t){close + 1, (size_t)(end - close - 1)};
  return append(parser, "", 1);
}

static int variables_parse(parser_t *parser, slice_t s) {
  for (unsigned int count = 0; s.len; count++) {
    if (*s.s != ',') return refuse(parser, "a comma is expected after an instruction");
    if (count == NET_RULE_VARIABLES_MAX) return refuse(parser, "too many variables");
    s.s++, s.len--;
    if (variable_parse(parser, &s) < 0) return -1;
  }
  return 0;
}

static int instructions_parse(parser_t *parser, slice_t s) {
  size_t const word = begins(s, "deny") ? 4 : 5;
  parser->value_len = 0;
  if (word == 4 && append(parser, "D", sizeof "D") < 0) return -1;
  return variables_parse(parser, (slice_t){s.s + word, s.len - word});
}

/* ---- addresses ------------------------------------------------------------------------------- */

static int give(parser_t *parser, char const *key, size_t len) {
  return parser->each(parser->data, key, len, parser->value, parser->value_len);
}

/* Some numbers of an IPv4 address: all four, or one to three with a dot behind each. One of them
   may be a range. */
typedef struct dotted {
  unsigned int low[4], high[4];
  size_t count, range; /* range: the index of the number that is one, or of any other */
} dotted_t;

/* 0 to 255 at the start of s. Returns its bytes, 0 if there is none. */
static size_t octet_parse(unsigned int *octet, slice_t s) {
  size_t len = 0;
  for (*octet = 0; len < s.len && isdigit((unsigned char)s.s[len]); len++) {
    if (len && !*octet) return 0;
    *octet = *octet * 10 + (unsigned int)(s.s[len] - '0');
    if (*octet > 255) return 0;
  }
  return len;
}

/* "37" or "37-53" at the start of s; moves s behind it. */
static int number_parse(parser_t *parser, slice_t *s, dotted_t *dotted, bool *ranged) {
  unsigned int *const low = &dotted->low[dotted->count], *const high = &dotted->high[dotted->count];
  size_t len = octet_parse(low, *s);
  if (!len) return refuse(parser, "a number from 0 to 255 is expected in the address");
  *high = *low;
  if (len < s->len && s->s[len] == '-') {
    size_t const more = octet_parse(high, (slice_t){s->s + len + 1, s->len - len - 1});
    if (!more || *high < *low) return refuse(parser, "a range goes from a number to a higher one");
    if (*ranged) return refuse(parser, "an address can have one range only");
    *ranged = true;
    dotted->range = dotted->count;
    len += 1 + more;
  }
  dotted->count++;
  *s = (slice_t){s->s + len, s->len - len};
  return 0;
}

static int dotted_parse(parser_t *parser, slice_t s, dotted_t *dotted) {
  bool ranged = false;
  *dotted = (dotted_t){.count = 0};
  while (s.len && dotted->count < 4) {
    if (number_parse(parser, &s, dotted, &ranged) < 0) return -1;
    if (dotted->count == 4) break;
    if (!s.len || *s.s != '.')
      return refuse(parser, "a part of an IPv4 address ends in a dot: 10.1.");
    s.s++, s.len--;
  }
  return s.len ? refuse(parser, "there is something after the address") : 0;
}

static size_t dotted_fmt(char *key, dotted_t const *dotted, unsigned int ranged) {
  size_t len = 0;
  for (size_t i = 0; i < dotted->count; i++) {
    len += uint_fmt(key + len, i == dotted->range ? ranged : dotted->low[i]);
    key[len++] = '.';
  }
  return dotted->count == 4 ? len - 1 : len;
}

static int give_dotted(parser_t *parser, slice_t s) {
  dotted_t dotted;
  if (dotted_parse(parser, s, &dotted) < 0) return -1;
  size_t const at = dotted.range;
  for (unsigned int n = dotted.low[at]; n <= dotted.high[at]; n++) {
    char key[IP4_FMT];
    if (give(parser, key, dotted_fmt(key, &dotted, n)) < 0) return -1;
  }
  return 0;
}

size_t net_rules_prefix_key(char *key, net_prefix_t const *prefix) {
  if (prefix->bits == (ip46_is6(&prefix->ip) ? 128 : 32)) return ip46_fmt(key, &prefix->ip);
  if (ip46_is6(&prefix->ip) || !prefix->bits || prefix->bits % 8)
    return net_prefix_fmt(key, prefix);
  size_t len = 0;
  for (unsigned int i = 0; i < prefix->bits / 8; i++) {
    len += uint_fmt(key + len, (unsigned char)prefix->ip.ip[i]);
    key[len++] = '.';
  }
  return len;
}

/* "address", "address/bits", "[address]/bits" as the key's canonical text. */
static int prefix_key(parser_t *parser, slice_t s, char *key, size_t *key_len) {
  char text[NET_PREFIX_FMT];
  net_prefix_t prefix;
  char const *close = s.len && *s.s == '[' ? memchr(s.s, ']', s.len) : NULL;
  size_t const inner = close ? (size_t)(close - s.s - 1) : 0;
  if (s.len >= sizeof text) return refuse(parser, "the address is too long");
  if (close) {
    memcpy(text, s.s + 1, inner);
    memcpy(text + inner, close + 1, s.len - inner - 2);
    text[s.len - 2] = 0;
  } else {
    memcpy(text, s.s, s.len);
    text[s.len] = 0;
  }
  if (net_prefix_parse(&prefix, text) < 0)
    return refuse(parser, errno == EDOM ? "the address has bits set behind its network's length"
                                        : "this is not an address or a network");
  *key_len = net_rules_prefix_key(key, &prefix);
  return 0;
}

static int give_prefix(parser_t *parser, slice_t s) {
  char key[NET_PREFIX_FMT];
  size_t len;
  return prefix_key(parser, s, key, &len) < 0 ? -1 : give(parser, key, len);
}

/* "=", "=host", "=.suffix", after the len bytes of key that are there; names have no case. */
static int host_key(parser_t *parser, slice_t s, char *key, size_t *len) {
  if (s.len > NET_RULE_KEY_MAX - *len) return refuse(parser, "the name is too long");
  for (size_t i = 0; i < s.len; i++) {
    if (i && (s.s[i] == '=' || s.s[i] == '@' || is_blank(s.s[i])))
      return refuse(parser, "a host name cannot have this character");
    key[(*len)++] = (char)tolower((unsigned char)s.s[i]);
  }
  return 0;
}

static int give_host(parser_t *parser, slice_t s) {
  char key[NET_RULE_KEY_MAX];
  size_t len = 0;
  return host_key(parser, s, key, &len) < 0 ? -1 : give(parser, key, len);
}

/* "info@address" and "info@=host". */
static int give_info(parser_t *parser, slice_t s, char const *at) {
  char key[NET_RULE_KEY_MAX], ip[NET_PREFIX_FMT];
  size_t len = (size_t)(at + 1 - s.s), ip_len;
  slice_t const rest = {at + 1, s.len - len};
  if (len > sizeof key - sizeof ip) return refuse(parser, "the user information is too long");
  memcpy(key, s.s, len);
  if (begins(rest, "=")) return host_key(parser, rest, key, &len) < 0 ? -1 : give(parser, key, len);
  if (prefix_key(parser, rest, ip, &ip_len) < 0) return -1;
  if (ip_len && (ip[ip_len - 1] == '.' || memchr(ip, '/', ip_len)))
    return refuse(parser, "user information goes with one address, not a network");
  memcpy(key + len, ip, ip_len);
  return give(parser, key, len + ip_len);
}

static int give_unix(parser_t *parser, slice_t s) {
  char key[sizeof "uid:" + UINT_FMT], text[UINT_FMT];
  unsigned int uid;
  if (begins(s, "unix")) return give(parser, "unix", 4);
  size_t const digits = s.len - 4;
  if (digits >= sizeof text) return refuse(parser, "this is not a user id");
  memcpy(text, s.s + 4, digits);
  text[digits] = 0;
  if (!uint0_scan(text, &uid)) return refuse(parser, "this is not a user id");
  memcpy(key, "uid:", 4);
  return give(parser, key, 4 + uint_fmt(key + 4, uid));
}

static int address_parse(parser_t *parser, slice_t s) {
  char const *at;
  if (!s.len) return give(parser, "", 0);
  for (at = s.s + s.len; at > s.s && at[-1] != '@'; at--) {}
  if (at > s.s) return give_info(parser, s, at - 1);
  if (*s.s == '=') return give_host(parser, s);
  if (begins(s, "uid:") || (s.len == 4 && begins(s, "unix"))) return give_unix(parser, s);
  if (*s.s == '[' || memchr(s.s, ':', s.len) || memchr(s.s, '/', s.len))
    return give_prefix(parser, s);
  return give_dotted(parser, s);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool is_verdict(slice_t s) {
  size_t const word = begins(s, "allow") ? 5 : begins(s, "deny") ? 4 : 0;
  return word && (s.len == word || s.s[word] == ',');
}

/* The address ends at the first colon with allow or deny behind it, so IPv6 addresses need no
   brackets: no hexadecimal group is spelled like that. */
static int line_parse(parser_t *parser, slice_t line) {
  for (size_t i = 0; i < line.len; i++) {
    slice_t const rest = {line.s + i + 1, line.len - i - 1};
    if (line.s[i] != ':' || !is_verdict(rest)) continue;
    if (instructions_parse(parser, rest) < 0) return -1;
    return address_parse(parser, (slice_t){line.s, i});
  }
  return refuse(parser, "a rule is written address:allow or address:deny");
}

int net_rules_parse(char const *text, size_t len, net_rule_f *each, void *data,
                    net_rules_error_t *error) {
  parser_t parser = {.each = each, .data = data, .error = error};
  *error = (net_rules_error_t){0, NULL};
  if (!len) return refuse(&parser, "it is empty; to let everybody in, say \":allow\"");
  while (len) {
    char const *const newline = memchr(text, '\n', len);
    size_t const raw = newline ? (size_t)(newline - text) : len, step = raw + !!newline;
    slice_t const line = trim(text, raw);
    error->line++;
    if (memchr(text, 0, raw)) return refuse(&parser, "there is a NUL in this line");
    if (line.len && *line.s != '#' && line_parse(&parser, line) < 0) return -1;
    text += step;
    len -= step;
  }
  error->line = 0;
  return 0;
}
