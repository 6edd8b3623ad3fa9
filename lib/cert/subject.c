/* A subject as text: RFC 4514. */
#include <errno.h>
#include <string.h>

#include <skalibs/types.h>

#include "cert/der.h"

#define RDNS_MAX 32 /* of one name */

/* The keywords of RFC 4514, section 3, and of PKCS #9's emailAddress. */
static struct {
  char const *keyword;
  unsigned char len, oid[10];
} const attributes[] = {
    {"CN", 3, {0x55, 4, 3}},
    {"L", 3, {0x55, 4, 7}},
    {"ST", 3, {0x55, 4, 8}},
    {"O", 3, {0x55, 4, 10}},
    {"OU", 3, {0x55, 4, 11}},
    {"C", 3, {0x55, 4, 6}},
    {"STREET", 3, {0x55, 4, 9}},
    {"DC", 10, {0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25}},
    {"UID", 10, {0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1}},
    {"emailAddress", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1}},
};

/* What does not fit is left out, and all that would follow. */
typedef struct text {
  char *s;
  size_t len;
  bool is_cut;
} text_t;

static void put(text_t *text, char const *s, size_t len) {
  text->is_cut = text->is_cut || len >= CERT_SUBJECT_MAX - text->len;
  if (text->is_cut) return;
  memcpy(text->s + text->len, s, len);
  text->len += len;
}

static void put_hex(text_t *text, char before, unsigned char byte) {
  static char const digits[] = "0123456789abcdef";
  char const hex[] = {before, digits[byte >> 4], digits[byte & 15]};
  put(text, before ? hex : hex + 1, before ? 3 : 2);
}

/* ---- values (RFC 4514, section 2.4) ---------------------------------------------------------- */

/* is_edge: blanks at both ends and a # at the first are escaped too. */
static void put_character(text_t *text, unsigned char c, bool is_first, bool is_last) {
  char const escaped[] = {'\\', (char)c};
  bool const is_edge = (c == ' ' && (is_first || is_last)) || (c == '#' && is_first);
  if (c < ' ' || c >= 0x7f)
    put_hex(text, '\\', c);
  else if (is_edge || strchr("\"+,;<>\\", c))
    put(text, escaped, 2);
  else
    put(text, escaped + 1, 1);
}

static bool is_text(unsigned char tag) {
  return tag == DER_UTF8_STRING || tag == DER_PRINTABLE_STRING || tag == DER_TELETEX_STRING ||
         tag == DER_IA5_STRING;
}

static void put_value(text_t *text, der_t const *value) {
  if (is_text(value->tag)) {
    for (size_t i = 0; i < value->body.len; i++)
      put_character(text, value->body.at[i], !i, i + 1 == value->body.len);
    return;
  }
  put(text, "#", 1);
  for (size_t i = 0; i < value->whole.len; i++) put_hex(text, 0, value->whole.at[i]);
}

/* ---- types ----------------------------------------------------------------------------------- */

static void put_number(text_t *text, char const *before, uint64_t number) {
  char digits[UINT64_FMT];
  put(text, before, strlen(before));
  put(text, digits, uint64_fmt(digits, number));
}

/* Dotted numbers; the first two are in one (X.690, section 8.19.4). */
static void put_oid(text_t *text, cert_bytes_t const *oid) {
  uint64_t number = 0;
  bool is_first = true;
  for (size_t i = 0; i < oid->len; i++) {
    number = number << 7 | (oid->at[i] & 0x7f);
    if (oid->at[i] & 0x80) continue;
    uint64_t const root = number < 80 ? number / 40 : 2;
    if (is_first) put_number(text, "", root);
    put_number(text, ".", is_first ? number - 40 * root : number);
    is_first = false;
    number = 0;
  }
}

/* True if it is one of those that have a keyword. */
static bool put_keyword(text_t *text, cert_bytes_t const *oid) {
  for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
    if (!der_is(oid, attributes[i].oid, attributes[i].len)) continue;
    put(text, attributes[i].keyword, strlen(attributes[i].keyword));
    return true;
  }
  return false;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool put_attribute(text_t *text, cert_bytes_t attribute) {
  cert_bytes_t oid;
  der_t value;
  if (!der_take(&attribute, DER_OID, &oid) || !der_next(&attribute, &value)) return false;
  if (!put_keyword(text, &oid)) put_oid(text, &oid);
  put(text, "=", 1);
  put_value(text, &value);
  return true;
}

static bool put_rdn(text_t *text, cert_bytes_t set) {
  cert_bytes_t attribute;
  for (bool is_first = true; set.len; is_first = false) {
    if (!is_first) put(text, "+", 1);
    if (!der_take(&set, DER_SEQUENCE, &attribute) || !put_attribute(text, attribute)) return false;
  }
  return true;
}

/* The last RDN comes first (section 2.1). */
static bool put_name(text_t *text, cert_bytes_t name) {
  cert_bytes_t sets[RDNS_MAX];
  size_t count = 0;
  while (name.len)
    if (count == RDNS_MAX || !der_take(&name, DER_SET, &sets[count++])) return false;
  for (size_t i = count; i-- > 0;) {
    if (i + 1 < count) put(text, ",", 1);
    if (!put_rdn(text, sets[i])) return false;
  }
  return true;
}

int cert_subject(unsigned char const *der, size_t len, char text[CERT_SUBJECT_MAX]) {
  certificate_t certificate;
  text_t out = {.s = text};
  bool const good =
      certificate_parse(&certificate, der, len) && put_name(&out, certificate.subject);
  text[out.len] = 0;
  return good ? 0 : (errno = EINVAL, -1);
}
