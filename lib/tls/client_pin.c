#include <errno.h>
#include <string.h>

#include "base64/base64.h"
#include "tls/tls.h"

enum { USAGE_TA = 2, USAGE_EE = 3, SELECTOR_CERTIFICATE = 0, SELECTOR_KEY = 1 };

/* The length that a matching type's data must have; 0: any. */
static size_t const lengths[] = {[0] = 0, [1] = 32, [2] = 64};

static int check(tls_pin_t const *pin) {
  size_t const types = sizeof lengths / sizeof *lengths;
  bool const known = (pin->usage == USAGE_TA || pin->usage == USAGE_EE) &&
                     pin->selector <= SELECTOR_KEY && pin->matching < types;
  if (!known || !pin->len || pin->len > TLS_PIN_BYTES) return errno = EINVAL, -1;
  if (lengths[pin->matching] && pin->len != lengths[pin->matching]) return errno = EINVAL, -1;
  return 0;
}

int tls_pin_read(tls_pin_t *pin, unsigned char const *data, size_t len) {
  if (len < 3) return errno = EINVAL, -1;
  *pin = (tls_pin_t){data[0], data[1], data[2], len - 3, data + 3};
  return check(pin);
}

/* ---- text ------------------------------------------------------------------------------------ */

static int hex_digit(char c) {
  static char const digits[] = "0123456789abcdef";
  if (c >= 'A' && c <= 'F') c = (char)(c - 'A' + 'a');
  char const *const found = c ? strchr(digits, c) : NULL;
  return found ? (int)(found - digits) : -1;
}

/* Zone files break long data into words. */
static char const *skip_blanks(char const *s) {
  return s + strspn(s, " \t");
}

static int read_hex(char const *s, unsigned char *bytes, size_t size, size_t *len) {
  *len = 0;
  for (s = skip_blanks(s); *s; s = skip_blanks(s + 2)) {
    int const high = hex_digit(s[0]), low = high < 0 ? -1 : hex_digit(s[1]);
    if (low < 0) return errno = EINVAL, -1;
    if (*len == size) return errno = EMSGSIZE, -1;
    bytes[(*len)++] = (unsigned char)(high << 4 | low);
  }
  return 0;
}

static int read_base64(char const *s, unsigned char *bytes, size_t size, size_t *len) {
  size_t const text_len = strlen(s);
  if (BASE64_DECODED(text_len) > size) return errno = EMSGSIZE, -1;
  ssize_t const decoded = base64_decode(bytes, s, text_len);
  if (decoded < 0) return -1;
  *len = (size_t)decoded;
  return 0;
}

/* Reads one of the three numbers; *s is moved behind it. */
static int read_number(char const **s) {
  char const *const at = skip_blanks(*s);
  if (at[0] < '0' || at[0] > '9' || (at[1] != ' ' && at[1] != '\t')) return -1;
  *s = at + 1;
  return at[0] - '0';
}

static int read_record(tls_pin_t *pin, char const *s, unsigned char *storage, size_t size) {
  int numbers[3];
  for (size_t i = 0; i < 3; i++)
    if ((numbers[i] = read_number(&s)) < 0) return errno = EINVAL, -1;
  pin->usage = (unsigned char)numbers[0];
  pin->selector = (unsigned char)numbers[1];
  pin->matching = (unsigned char)numbers[2];
  return read_hex(s, storage, size, &pin->len);
}

/* The other ways to write one: its prefix, which pin it makes, and what its data is written in. */
static struct {
  char const *prefix;
  unsigned char usage, selector, matching;
  int (*read)(char const *s, unsigned char *bytes, size_t size, size_t *len);
} const forms[] = {
    {"SHA256:", USAGE_EE, SELECTOR_CERTIFICATE, 1, read_hex},
    {"sha256:", USAGE_EE, SELECTOR_CERTIFICATE, 1, read_hex},
    {"sha256//", USAGE_EE, SELECTOR_KEY, 1, read_base64},
};

static int read_form(tls_pin_t *pin, char const *s, unsigned char *storage, size_t size) {
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    size_t const prefix_len = strlen(forms[i].prefix);
    if (strncmp(s, forms[i].prefix, prefix_len)) continue;
    *pin = (tls_pin_t){forms[i].usage, forms[i].selector, forms[i].matching, 0, storage};
    return forms[i].read(s + prefix_len, storage, size, &pin->len);
  }
  return read_record(pin, s, storage, size);
}

int tls_pin_parse(tls_pin_t *pin, char const *text, unsigned char *storage, size_t size) {
  *pin = (tls_pin_t){.data = storage};
  if (read_form(pin, text, storage, size) < 0) return -1;
  return check(pin);
}
