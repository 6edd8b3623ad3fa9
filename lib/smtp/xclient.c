#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "smtp/smtp.h"
#include "text/text.h"

/* Whether a decoded, NUL-terminated value is what its name says. */
typedef bool check_t(char const *s, size_t len);

static bool is_name(char const *s, size_t len) {
  return smtp_domain_valid(s, len, SMTP_UTF8);
}

static bool is_address(char const *s, size_t len) {
  struct in6_addr address;
  return len && (inet_pton(AF_INET, s, &address) == 1 || inet_pton(AF_INET6, s, &address) == 1);
}

static bool is_port(char const *s, size_t len) {
  uint64_t port;
  return len <= 5 && !smtp_size_parse(&port, s, len) && port <= UINT16_MAX;
}

static bool is_protocol(char const *s, size_t len) {
  return smtp_word_is(s, len, "SMTP") || smtp_word_is(s, len, "ESMTP");
}

static bool is_any(char const *s, size_t len) {
  (void)s;
  return len > 0;
}

char const smtp_xclient_names[] = "NAME REVERSE_NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT";

static struct {
  char const *name;
  check_t *check;
} const attributes[SMTP_XCLIENT_COUNT] = {
    [SMTP_XCLIENT_NAME] = {"NAME", is_name},
    [SMTP_XCLIENT_REVERSE_NAME] = {"REVERSE_NAME", is_name},
    [SMTP_XCLIENT_ADDR] = {"ADDR", is_address},
    [SMTP_XCLIENT_PORT] = {"PORT", is_port},
    [SMTP_XCLIENT_PROTO] = {"PROTO", is_protocol},
    [SMTP_XCLIENT_HELO] = {"HELO", is_any},
    [SMTP_XCLIENT_LOGIN] = {"LOGIN", is_any},
    [SMTP_XCLIENT_DESTADDR] = {"DESTADDR", is_address},
    [SMTP_XCLIENT_DESTPORT] = {"DESTPORT", is_port},
};

static size_t attribute_find(char const *s, size_t len) {
  size_t i = 0;
  while (i < SMTP_XCLIENT_COUNT && !smtp_word_is(s, len, attributes[i].name)) i++;
  return i;
}

/* Decodes a value into out, SMTP_XCLIENT_VALUE_MAX bytes. */
static int value_parse(char *out, check_t *check, char const *s, size_t len) {
  static char const ipv6[] = "IPV6:";
  size_t const ipv6_len = sizeof ipv6 - 1;
  if (smtp_word_is(s, len, "[UNAVAILABLE]") || smtp_word_is(s, len, "[TEMPUNAVAIL]"))
    return *out = 0, 0;
  if (check == is_address && len > ipv6_len && smtp_word_is(s, ipv6_len, ipv6)) {
    s += ipv6_len;
    len -= ipv6_len;
  }
  ssize_t out_len = smtp_xtext_decode(out, SMTP_XCLIENT_VALUE_MAX, s, len);
  return out_len >= 0 && check(out, (size_t)out_len) ? 0 : -1;
}

/* The length of the word at the start of s. */
static size_t word_length(char const *s, size_t len) {
  size_t n = 0;
  while (n < len && !is_blank(s[n])) n++;
  return n;
}

int smtp_xclient_parse(smtp_xclient_t *xclient, char const *s, size_t len) {
  memset(xclient->given, 0, sizeof xclient->given);
  do {
    size_t word_len = word_length(s, len);
    char const *equals = memchr(s, '=', word_len);
    size_t name_len = equals ? (size_t)(equals - s) : word_len;
    size_t i = attribute_find(s, name_len);
    if (!equals || i == SMTP_XCLIENT_COUNT) return errno = EINVAL, -1;
    if (value_parse(xclient->value[i], attributes[i].check, equals + 1, word_len - name_len - 1))
      return errno = EINVAL, -1;
    xclient->given[i] = true;
    for (s += word_len, len -= word_len; len && is_blank(*s); len--) s++;
  } while (len);
  return 0;
}
