#include "base64/base64.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

static char const alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(char *text, void const *bytes, size_t len) {
  unsigned char const *byte = bytes;
  char *at = text;
  for (size_t i = 0; i < len; i += 3) {
    size_t const rest = len - i;
    uint32_t const group = (uint32_t)byte[i] << 16 | (rest > 1 ? (uint32_t)byte[i + 1] << 8 : 0) |
                           (rest > 2 ? byte[i + 2] : 0);
    *at++ = alphabet[group >> 18];
    *at++ = alphabet[group >> 12 & 63];
    *at++ = rest > 1 ? alphabet[group >> 6 & 63] : '=';
    *at++ = rest > 2 ? alphabet[group & 63] : '=';
  }
  *at = 0;
  return (size_t)(at - text);
}

/* All ones if low <= c <= high, else 0. */
static uint32_t within(uint32_t c, uint32_t low, uint32_t high) {
  return ((c - low) | (high - c)) >> 31 ? 0 : UINT32_MAX;
}

/* The six bits that c stands for; 64 and more: it is none of the alphabet. What is decoded may be a
   password, so no table is read at a place that depends on it. */
static uint32_t value_of(char character) {
  uint32_t const c = (unsigned char)character;
  uint32_t const known = within(c, 'A', 'Z') | within(c, 'a', 'z') | within(c, '0', '9') |
                         within(c, '+', '+') | within(c, '/', '/');
  return (within(c, 'A', 'Z') & (c - 'A')) | (within(c, 'a', 'z') & (c - 'a' + 26)) |
         (within(c, '0', '9') & (c - '0' + 52)) | (within(c, '+', '+') & 62) |
         (within(c, '/', '/') & 63) | (~known & 64);
}

/* The group's 4 characters, of which the last `padding` are '='. False: they are no group. */
static bool group_read(uint32_t *group, char const *text, size_t padding) {
  uint32_t seen = 0;
  *group = 0;
  for (size_t i = 0; i < 4 - padding; i++) {
    uint32_t const value = value_of(text[i]);
    seen |= value;
    *group |= (value & 63) << (18 - 6 * i);
  }
  return seen < 64 && !(*group & ((UINT32_C(1) << 8 * padding) - 1));
}

static size_t padding_of(char const *text, size_t len) {
  if (!len || text[len - 1] != '=') return 0;
  return text[len - 2] == '=' ? 2 : 1;
}

ssize_t base64_decode(void *bytes, char const *text, size_t len) {
  unsigned char *byte = bytes;
  if (len % 4) return errno = EINVAL, -1;
  size_t const padding = padding_of(text, len);
  for (size_t i = 0; i < len; i += 4) {
    size_t const missing = i + 4 == len ? padding : 0;
    uint32_t group;
    if (!group_read(&group, text + i, missing)) return errno = EINVAL, -1;
    *byte++ = (unsigned char)(group >> 16);
    if (missing < 2) *byte++ = (unsigned char)(group >> 8);
    if (missing < 1) *byte++ = (unsigned char)group;
  }
  return byte - (unsigned char *)bytes;
}
