#include <errno.h>
#include <string.h>

#include "tls/tls.h"

enum { CLIENT_HELLO = 1, EXTENSION_SERVER_NAME = 0, HOST_NAME = 0 };

/* Bytes that are still to be read. One that runs out is broken, and has no more. */
typedef struct reader {
  unsigned char const *at, *end;
  bool broken;
} reader_t;

/* ---- reading --------------------------------------------------------------------------------- */

static unsigned char const *take(reader_t *reader, size_t len) {
  unsigned char const *const bytes = reader->at;
  if (len > (size_t)(reader->end - bytes)) {
    reader->broken = true;
    reader->at = reader->end;
    return NULL;
  }
  reader->at += len;
  return bytes;
}

/* A number of so many bytes, big-endian; 0 if they are not there. */
static size_t take_number(reader_t *reader, size_t size) {
  unsigned char const *const bytes = take(reader, size);
  size_t number = 0;
  for (size_t i = 0; bytes && i < size; i++) number = number << 8 | bytes[i];
  return number;
}

/* A vector behind its length of so many bytes, to be read on its own. */
static reader_t take_vector(reader_t *reader, size_t size) {
  size_t const len = take_number(reader, size);
  unsigned char const *const bytes = take(reader, len);
  if (!bytes) return (reader_t){.at = reader->end, .end = reader->end, .broken = true};
  return (reader_t){.at = bytes, .end = bytes + len};
}

static bool is_empty(reader_t const *reader) {
  return reader->at == reader->end;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool tls_name_valid(char const *name, size_t len) {
  size_t label = 0;
  if (!len || len > TLS_NAME_MAX) return false;
  for (size_t i = 0; i < len; i++) {
    bool const is_dot = name[i] == '.';
    if (is_dot ? !label : !is_name_byte(name[i])) return false;
    label = is_dot ? 0 : label + 1;
    if (label > 63) return false;
  }
  return label > 0;
}

/* ---- the message ----------------------------------------------------------------------------- */

/* Steps over all that comes before the extensions. */
static void skip_to_extensions(reader_t *hello) {
  take(hello, 2 + 32);   /* version, random */
  take_vector(hello, 1); /* session */
  take_vector(hello, 2); /* cipher suites */
  take_vector(hello, 1); /* compression methods */
}

/* The last one counts, as it does for BearSSL: the two must not see different names. */
static void take_names(reader_t *extension, char name[TLS_NAME_MAX + 1], bool *valid) {
  reader_t names = take_vector(extension, 2);
  while (!is_empty(&names)) {
    size_t const type = take_number(&names, 1);
    reader_t const value = take_vector(&names, 2);
    size_t const len = (size_t)(value.end - value.at);
    if (names.broken || type != HOST_NAME) continue;
    *valid = tls_name_valid((char const *)value.at, len);
    if (*valid) memcpy(name, value.at, len);
    name[*valid ? len : 0] = 0;
  }
  extension->broken |= names.broken;
}

static bool take_extensions(reader_t *hello, char name[TLS_NAME_MAX + 1], bool *valid) {
  bool well = true;
  reader_t extensions = take_vector(hello, 2);
  while (!is_empty(&extensions)) {
    size_t const type = take_number(&extensions, 2);
    reader_t extension = take_vector(&extensions, 2);
    if (extensions.broken) break;
    if (type == EXTENSION_SERVER_NAME) take_names(&extension, name, valid);
    well = well && !extension.broken;
  }
  return well && !extensions.broken;
}

int tls_hello_name(unsigned char const *bytes, size_t len, char name[TLS_NAME_MAX + 1],
                   bool *valid) {
  reader_t message = {.at = bytes, .end = bytes + len};
  *name = 0;
  *valid = true;
  if (take_number(&message, 1) != CLIENT_HELLO) return errno = EINVAL, -1;
  reader_t hello = take_vector(&message, 3);
  skip_to_extensions(&hello);
  bool const well = is_empty(&hello) || take_extensions(&hello, name, valid);
  if (well && !hello.broken && !message.broken && is_empty(&hello)) return 0;
  *name = 0;
  return errno = EINVAL, -1;
}
