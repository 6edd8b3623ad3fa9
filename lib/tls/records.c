#include <string.h>

#include "tls/tls.h"

bool tls_records_complete(char const *bytes, size_t len) {
  return len && !bytes[len - 1] && (len == 1 || !bytes[len - 2]);
}

/* The record at *at, or NULL at the empty one, or where bytes end without a NUL. */
static char const *next(char const *bytes, size_t len, size_t *at) {
  char const *const record = bytes + *at;
  char const *const end = *at < len ? memchr(record, 0, len - *at) : NULL;
  if (!end || end == record) return NULL;
  *at = (size_t)(end - bytes) + 1;
  return record;
}

static size_t count(char const *bytes, size_t len) {
  size_t records = 0;
  for (size_t i = 0; i < len; i++) records += !bytes[i];
  return records;
}

char const *tls_records_next(char const *bytes, size_t len, size_t *at) {
  char const *record;
  size_t records = count(bytes, *at);
  while (records++ < TLS_RECORDS_MAX && (record = next(bytes, len, at)))
    if (!strncmp(record, "SSL_", 4)) return record;
  return NULL;
}

static bool append(char *bytes, size_t size, size_t *len, char const *s, size_t n) {
  if (n > size - *len) return false;
  memcpy(bytes + *len, s, n);
  *len += n;
  return true;
}

bool tls_records_add(char *bytes, size_t size, size_t *len, char const *name, char const *value) {
  size_t const before = *len;
  if (append(bytes, size, len, name, strlen(name)) &&
      (!value ||
       (append(bytes, size, len, "=", 1) && append(bytes, size, len, value, strlen(value)))) &&
      append(bytes, size, len, "", 1))
    return true;
  *len = before;
  return false;
}

bool tls_records_end(char *bytes, size_t size, size_t *len) {
  return append(bytes, size, len, "", 1);
}
