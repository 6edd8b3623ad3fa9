#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/djbunix.h>

#include "tls/client_chain.h"

#define SUBJECT_MAX 4096 /* bytes of an authority's name */

/* What the two decoders pass on: PEM's to X.509's, and the subject from there. */
typedef struct reader {
  tls_anchors_t *anchors;
  size_t room;
  bool inside, broken;
  br_x509_decoder_context decoder;
  size_t subject_len;
  unsigned char subject[SUBJECT_MAX];
} reader_t;

static void take_subject(void *data, void const *bytes, size_t len) {
  reader_t *const reader = data;
  if (len <= SUBJECT_MAX - reader->subject_len)
    memcpy(reader->subject + reader->subject_len, bytes, len);
  else
    reader->broken = true;
  if (!reader->broken) reader->subject_len += len;
}

static void take_bytes(void *data, void const *bytes, size_t len) {
  reader_t *const reader = data;
  br_x509_decoder_push(&reader->decoder, bytes, len);
}

/* The bytes of the anchor's one block: subject, then the key's two parts. */
static unsigned char *append(unsigned char *at, void const *bytes, size_t len) {
  if (len) memcpy(at, bytes, len);
  return at + len;
}

int tls_anchor_make(br_x509_trust_anchor *anchor, void const *subject, size_t subject_len,
                    br_x509_pkey const *key, bool is_authority) {
  bool const is_rsa = key->key_type == BR_KEYTYPE_RSA;
  size_t const key_len = is_rsa ? key->key.rsa.nlen + key->key.rsa.elen : key->key.ec.qlen;
  unsigned char *const block = malloc(subject_len + key_len + 1);
  if (!block) return -1;
  unsigned char *at = append(block, subject, subject_len);
  *anchor = (br_x509_trust_anchor){
      .dn = {block, subject_len}, .flags = is_authority ? BR_X509_TA_CA : 0, .pkey = *key};
  if (is_rsa) {
    anchor->pkey.key.rsa.n = at;
    at = append(at, key->key.rsa.n, key->key.rsa.nlen);
    anchor->pkey.key.rsa.e = at;
    append(at, key->key.rsa.e, key->key.rsa.elen);
  } else {
    anchor->pkey.key.ec.q = at;
    append(at, key->key.ec.q, key->key.ec.qlen);
  }
  return 0;
}

static int make_room(reader_t *reader) {
  tls_anchors_t *const anchors = reader->anchors;
  if (anchors->count < reader->room) return 0;
  if (anchors->count == TLS_ANCHORS_MAX) return errno = EFBIG, -1;
  reader->room = reader->room ? 2 * reader->room : 16;
  void *const all = realloc(anchors->all, reader->room * sizeof *anchors->all);
  if (!all) return -1;
  anchors->all = all;
  return 0;
}

/* A certificate whose key is of a kind that we have not got is nobody's mistake. */
static int end_certificate(reader_t *reader) {
  tls_anchors_t *const anchors = reader->anchors;
  br_x509_pkey const *const key = br_x509_decoder_get_pkey(&reader->decoder);
  if (!key || reader->broken) return 0;
  if (make_room(reader) < 0) return -1;
  if (tls_anchor_make(&anchors->all[anchors->count], reader->subject, reader->subject_len, key,
                      br_x509_decoder_isCA(&reader->decoder)) < 0)
    return -1;
  anchors->count++;
  return 0;
}

static void begin_object(reader_t *reader, br_pem_decoder_context *pem) {
  char const *const name = br_pem_decoder_name(pem);
  reader->inside = !strcmp(name, "CERTIFICATE") || !strcmp(name, "X509 CERTIFICATE");
  reader->broken = false;
  reader->subject_len = 0;
  br_x509_decoder_init(&reader->decoder, take_subject, reader);
  br_pem_decoder_setdest(pem, reader->inside ? take_bytes : NULL, reader);
}

static int take_event(reader_t *reader, br_pem_decoder_context *pem) {
  switch (br_pem_decoder_event(pem)) {
  case BR_PEM_BEGIN_OBJ: begin_object(reader, pem); return 0;
  case BR_PEM_ERROR: return errno = EINVAL, -1;
  case BR_PEM_END_OBJ:
    if (!reader->inside) return 0;
    reader->inside = false;
    return end_certificate(reader);
  default: return 0;
  }
}

static int take_text(reader_t *reader, br_pem_decoder_context *pem, char const *text, size_t len) {
  while (len) {
    size_t const taken = br_pem_decoder_push(pem, text, len);
    if (take_event(reader, pem) < 0) return -1;
    text += taken;
    len -= taken;
  }
  return 0;
}

static int read_all(tls_anchors_t *anchors, char const *text, size_t len) {
  br_pem_decoder_context pem;
  reader_t reader = {.anchors = anchors};
  br_pem_decoder_init(&pem);
  if (take_text(&reader, &pem, text, len) < 0) return -1;
  /* The last line's newline may be missing. */
  if (take_text(&reader, &pem, "\n", 1) < 0) return -1;
  if (reader.inside || !anchors->count) return errno = EINVAL, -1;
  return 0;
}

tls_anchors_t *tls_anchors_read(char const *pem, size_t len) {
  if (len > TLS_ANCHORS_BYTES) return errno = EFBIG, NULL;
  tls_anchors_t *const anchors = calloc(1, sizeof *anchors);
  if (!anchors) return NULL;
  if (read_all(anchors, pem, len) == 0) return anchors;
  int const error = errno;
  tls_anchors_free(anchors);
  return errno = error, NULL;
}

tls_anchors_t *tls_anchors_load(char const *path) {
  char *const text = malloc(TLS_ANCHORS_BYTES + 1);
  if (!text) return NULL;
  ssize_t const len = openreadnclose(path, text, TLS_ANCHORS_BYTES + 1);
  tls_anchors_t *const anchors = len < 0 ? NULL : tls_anchors_read(text, (size_t)len);
  int const error = errno;
  free(text);
  return errno = error, anchors;
}

size_t tls_anchors_count(tls_anchors_t const *anchors) {
  return anchors->count;
}

void tls_anchors_free(tls_anchors_t *anchors) {
  if (!anchors) return;
  for (size_t i = 0; i < anchors->count; i++) free(anchors->all[i].dn.data);
  free(anchors->all);
  free(anchors);
}
