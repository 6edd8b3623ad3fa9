/* The messages of tls-keyd(8). Numbers are big-endian. */
#include <errno.h>
#include <string.h>

#include "keyd/keyd.h"

/* ---- reading --------------------------------------------------------------------------------- */

static bool take(cert_bytes_t *in, size_t len, cert_bytes_t *bytes) {
  if (in->len < len) return false;
  *bytes = (cert_bytes_t){in->at, len};
  in->at += len;
  in->len -= len;
  return true;
}

static bool take_number(cert_bytes_t *in, size_t size, size_t *number) {
  cert_bytes_t bytes;
  if (!take(in, size, &bytes)) return false;
  *number = 0;
  for (size_t i = 0; i < size; i++) *number = *number << 8 | bytes.at[i];
  return true;
}

/* Bytes behind a byte that counts them. */
static bool take_counted(cert_bytes_t *in, cert_bytes_t *bytes) {
  size_t len;
  return take_number(in, 1, &len) && take(in, len, bytes);
}

static bool take_schemes(keyd_request_t *request, cert_bytes_t *in) {
  if (!take_number(in, 1, &request->count) || request->count > KEYD_SCHEMES_MAX) return false;
  for (size_t i = 0; i < request->count; i++) {
    size_t scheme;
    if (!take_number(in, 2, &scheme)) return false;
    request->schemes[i] = (uint16_t)scheme;
  }
  return true;
}

static bool parse_choose(keyd_request_t *request, cert_bytes_t *in) {
  size_t strict;
  cert_bytes_t name;
  if (!take_number(in, 1, &strict) || strict > 1 || !take_counted(in, &name)) return false;
  if (name.len && memchr(name.at, 0, name.len)) return false;
  memcpy(request->name, name.at, name.len);
  request->name[name.len] = 0;
  request->strict = strict;
  return take_schemes(request, in);
}

static bool parse_sign(keyd_request_t *request, cert_bytes_t *in) {
  size_t scheme;
  cert_bytes_t id;
  if (!take(in, KEYD_ID_SIZE, &id) || !take_number(in, 2, &scheme)) return false;
  memcpy(request->id, id.at, KEYD_ID_SIZE);
  request->scheme = (keyd_scheme_t)scheme;
  return take_counted(in, &request->hash);
}

static bool parse_key(keyd_request_t *request, cert_bytes_t *in) {
  return take_counted(in, &request->key) && request->key.len && request->key.len <= KEYD_KEY_MAX;
}

static bool parse_put(keyd_request_t *request, cert_bytes_t *in) {
  if (!parse_key(request, in) || !in->len || in->len > KEYD_SESSION_MAX) return false;
  return take(in, in->len, &request->session);
}

static struct {
  keyd_operation_t operation;
  bool (*parse)(keyd_request_t *request, cert_bytes_t *in);
} const operations[] = {{KEYD_CHOOSE, parse_choose},
                        {KEYD_SIGN, parse_sign},
                        {KEYD_PUT, parse_put},
                        {KEYD_GET, parse_key},
                        {KEYD_DROP, parse_key}};

int keyd_request_parse(keyd_request_t *request, unsigned char const *bytes, size_t len) {
  cert_bytes_t in = {bytes, len};
  size_t operation;
  *request = (keyd_request_t){0};
  if (!take_number(&in, 1, &operation)) return errno = EPROTO, -1;
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
    if (operations[i].operation != operation) continue;
    request->operation = operations[i].operation;
    if (operations[i].parse(request, &in) && !in.len) return 0;
  }
  return errno = EPROTO, -1;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put(unsigned char **to, void const *bytes, size_t len) {
  if (len) memcpy(*to, bytes, len);
  *to += len;
}

static void put_number(unsigned char **to, size_t size, size_t number) {
  while (size--) *(*to)++ = (unsigned char)(number >> 8 * size);
}

static void put_counted(unsigned char **to, void const *bytes, size_t len) {
  put_number(to, 1, len);
  put(to, bytes, len);
}

static void write_choose(unsigned char **to, keyd_request_t const *request) {
  put_number(to, 1, request->strict);
  put_counted(to, request->name, strlen(request->name));
  put_number(to, 1, request->count);
  for (size_t i = 0; i < request->count; i++) put_number(to, 2, request->schemes[i]);
}

static void write_sign(unsigned char **to, keyd_request_t const *request) {
  put(to, request->id, KEYD_ID_SIZE);
  put_number(to, 2, request->scheme);
  put_counted(to, request->hash.at, request->hash.len);
}

size_t keyd_request_write(unsigned char bytes[KEYD_REQUEST_MAX], keyd_request_t const *request) {
  unsigned char *to = bytes;
  put_number(&to, 1, request->operation);
  switch (request->operation) {
  case KEYD_CHOOSE: write_choose(&to, request); break;
  case KEYD_SIGN: write_sign(&to, request); break;
  case KEYD_PUT:
  case KEYD_GET:
  case KEYD_DROP:
    put_counted(&to, request->key.at, request->key.len);
    put(&to, request->session.at, request->session.len);
  }
  return (size_t)(to - bytes);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* By status; the last one stands for all other errors. */
static int const errors[] = {0, ENOENT, EINVAL, EPERM, EAGAIN, EPROTO, EIO};

#define ERRORS (sizeof errors / sizeof *errors)

unsigned char keyd_status(int error) {
  unsigned char status = 0;
  while (status < ERRORS - 1 && errors[status] != error) status++;
  return status;
}

int keyd_status_error(unsigned char status) {
  return status < ERRORS ? errors[status] : EPROTO;
}

/* ---- identities ------------------------------------------------------------------------------ */

static bool take_certificate(keyd_identity_t *identity, size_t *used, cert_bytes_t *in) {
  size_t len;
  cert_bytes_t der;
  if (!take_number(in, 3, &len) || !len || len > sizeof identity->bytes - *used) return false;
  if (!take(in, len, &der)) return false;
  memcpy(identity->bytes + *used, der.at, len);
  identity->chain[identity->count++] = (keyd_certificate_t){identity->bytes + *used, len};
  *used += len;
  return true;
}

static bool take_identity(keyd_identity_t *identity, cert_bytes_t *in) {
  cert_bytes_t id;
  size_t type, count, used = 0;
  if (!take(in, KEYD_ID_SIZE, &id) || !take_number(in, 1, &type) || !take_number(in, 1, &count))
    return false;
  if (type > KEYD_EC_P384 || !count || count > KEYD_CHAIN_MAX) return false;
  memcpy(identity->id, id.at, KEYD_ID_SIZE);
  identity->type = (keyd_type_t)type;
  identity->count = 0;
  while (count--)
    if (!take_certificate(identity, &used, in)) return false;
  return !in->len;
}

int keyd_identity_parse(keyd_identity_t *identity, unsigned char const *bytes, size_t len) {
  cert_bytes_t in = {bytes, len};
  return take_identity(identity, &in) ? 0 : (errno = EPROTO, -1);
}

size_t keyd_identity_write(unsigned char bytes[KEYD_ANSWER_MAX - 1],
                           keyd_identity_t const *identity) {
  unsigned char *to = bytes;
  put(&to, identity->id, KEYD_ID_SIZE);
  put_number(&to, 1, identity->type);
  put_number(&to, 1, identity->count);
  for (size_t i = 0; i < identity->count; i++) {
    put_number(&to, 3, identity->chain[i].len);
    put(&to, identity->chain[i].der, identity->chain[i].len);
  }
  return (size_t)(to - bytes);
}
