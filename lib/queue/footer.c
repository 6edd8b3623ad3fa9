#include <errno.h>
#include <string.h>

#include "queue/format.h"

static char const magic[] = "\nchainmail 1 ";

#define MAGIC_LEN       (sizeof magic - 1)
#define SIZE_DIGITS     20
#define TRAILER_DIGITS  10
#define CHECKSUM_DIGITS 16

_Static_assert(MAGIC_LEN + SIZE_DIGITS + 1 + TRAILER_DIGITS + 1 + CHECKSUM_DIGITS + 1 ==
                   QUEUE_FOOTER_SIZE,
               "the fields make the footer");

static char const digits[] = "0123456789abcdef";

/* Fields have a fixed width, and end in the character that separates them. */
static char *write_field(char *out, size_t width, unsigned int base, uint64_t n, char end) {
  for (size_t i = width; i--; n /= base) out[i] = digits[n % base];
  out[width] = end;
  return out + width + 1;
}

void queue_footer_write(char *out, queue_footer_t const *footer) {
  memcpy(out, magic, MAGIC_LEN);
  out = write_field(out + MAGIC_LEN, SIZE_DIGITS, 10, footer->message_size, ' ');
  out = write_field(out, TRAILER_DIGITS, 10, footer->trailer_len, ' ');
  write_field(out, CHECKSUM_DIGITS, 16, footer->checksum, '\n');
}

static char const *read_field(char const *s, size_t width, unsigned int base, uint64_t *n,
                              char end) {
  *n = 0;
  for (size_t i = 0; i < width; i++) {
    char const *digit = memchr(digits, s[i], base);
    if (!digit) return NULL;
    uint64_t value = (uint64_t)(digit - digits);
    if (*n > (UINT64_MAX - value) / base) return NULL;
    *n = *n * base + value;
  }
  return s[width] == end ? s + width + 1 : NULL;
}

int queue_footer_parse(queue_footer_t *footer, char const *bytes) {
  bool whole =
      !memcmp(bytes, magic, MAGIC_LEN) &&
      (bytes = read_field(bytes + MAGIC_LEN, SIZE_DIGITS, 10, &footer->message_size, ' ')) &&
      (bytes = read_field(bytes, TRAILER_DIGITS, 10, &footer->trailer_len, ' ')) &&
      read_field(bytes, CHECKSUM_DIGITS, 16, &footer->checksum, '\n');
  return whole ? 0 : (errno = EBADMSG, -1);
}
