#include <string.h>

#include "cert/cert.h"

/* One object while it is decoded. */
typedef struct object {
  bool is_too_long;
  size_t len;
  char label[64];
  unsigned char der[CERT_DER_MAX];
} object_t;

static void collect(void *data, void const *bytes, size_t len) {
  object_t *const object = data;
  object->is_too_long = object->is_too_long || len > CERT_DER_MAX - object->len;
  if (object->is_too_long) return;
  memcpy(object->der + object->len, bytes, len);
  object->len += len;
}

static void begin(object_t *object, br_pem_decoder_context *decoder) {
  char const *const name = br_pem_decoder_name(decoder);
  size_t const len = strnlen(name, sizeof object->label - 1);
  memcpy(object->label, name, len);
  object->label[len] = 0;
  object->len = 0;
  object->is_too_long = false;
  br_pem_decoder_setdest(decoder, collect, object);
}

static char const *take_event(object_t *object, br_pem_decoder_context *decoder, cert_pem_f *each,
                              void *data) {
  switch (br_pem_decoder_event(decoder)) {
  case BR_PEM_BEGIN_OBJ: begin(object, decoder); return NULL;
  case BR_PEM_END_OBJ:
    return each(data, object->label, object->is_too_long ? NULL : object->der, object->len);
  case BR_PEM_ERROR: return each(data, object->label, NULL, 0);
  default: return NULL;
  }
}

/* At most a line. Carriage returns are left out: BearSSL takes them for a part of a label. */
static size_t push(br_pem_decoder_context *decoder, char const *pem, size_t len) {
  char const *const newline = memchr(pem, '\n', len);
  if (newline) len = (size_t)(newline - pem) + 1;
  char const *const end = memchr(pem, '\r', len);
  return end == pem ? 1 : br_pem_decoder_push(decoder, pem, end ? (size_t)(end - pem) : len);
}

static char const *walk(object_t *object, br_pem_decoder_context *decoder, char const *pem,
                        size_t len, cert_pem_f *each, void *data) {
  char const *wrong = NULL;
  while (len && !wrong) {
    size_t const taken = push(decoder, pem, len);
    pem += taken;
    len -= taken;
    wrong = take_event(object, decoder, each, data);
  }
  return wrong;
}

char const *cert_pem_each(char const *pem, size_t len, cert_pem_f *each, void *data) {
  br_pem_decoder_context decoder;
  object_t object = {.len = 0};
  br_pem_decoder_init(&decoder);
  char const *wrong = walk(&object, &decoder, pem, len, each, data);
  /* The last line needs no newline. */
  if (!wrong) wrong = walk(&object, &decoder, "\n", 1, each, data);
  cert_wipe(&object, sizeof object);
  cert_wipe(&decoder, sizeof decoder);
  return wrong;
}

void cert_wipe(void *bytes, size_t len) {
  explicit_bzero(bytes, len);
}

/* ---- chains ---------------------------------------------------------------------------------- */

static bool is_certificate(char const *label) {
  return !strcmp(label, "CERTIFICATE") || !strcmp(label, "X509 CERTIFICATE");
}

static char const *append(void *data, char const *label, unsigned char const *der, size_t len) {
  cert_chain_t *const chain = data;
  if (!is_certificate(label)) return NULL;
  if (!der) return "a certificate is not whole, or too long";
  if (chain->count == CERT_CHAIN_MAX || len > sizeof chain->bytes - chain->used)
    return "the chain is too long";
  memcpy(chain->bytes + chain->used, der, len);
  chain->certificates[chain->count++] = (cert_bytes_t){chain->bytes + chain->used, len};
  chain->used += len;
  return NULL;
}

char const *cert_chain_read(cert_chain_t *chain, char const *pem, size_t len) {
  chain->count = 0;
  chain->used = 0;
  char const *const wrong = cert_pem_each(pem, len, append, chain);
  return wrong ? wrong : chain->count ? NULL : "no certificate in it";
}
