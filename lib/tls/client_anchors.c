#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "base64/base64.h"
#include "tls/client_chain.h"

#define OBJECT_MAX 16384 /* bytes of a certificate */

typedef struct reader {
  tls_anchors_t *anchors;
  size_t room;
  br_x509_decoder_context decoder;
  char text[BASE64_ENCODED(OBJECT_MAX)]; /* without blanks, and then its bytes */
} reader_t;

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

static int add_anchor(reader_t *reader, cert_bytes_t subject, br_x509_pkey const *key) {
  tls_anchors_t *const anchors = reader->anchors;
  if (make_room(reader) < 0) return -1;
  if (tls_anchor_make(&anchors->all[anchors->count], subject.at, subject.len, key,
                      br_x509_decoder_isCA(&reader->decoder)) < 0)
    return -1;
  anchors->count++;
  return 0;
}

/* A certificate whose key is of a kind that we have not got is nobody's mistake. */
static int read_certificate(reader_t *reader, cert_bytes_t der) {
  cert_bytes_t subject, issuer;
  if (cert_distinguished_names(der.at, der.len, &subject, &issuer) < 0) return -1;
  br_x509_decoder_init(&reader->decoder, NULL, NULL);
  br_x509_decoder_push(&reader->decoder, der.at, der.len);
  br_x509_pkey const *const key = br_x509_decoder_get_pkey(&reader->decoder);
  return key ? add_anchor(reader, subject, key) : 0;
}

/* ---- PEM (RFC 7468), at ten times the speed of BearSSL's decoder ---------------------------- */

/* The bytes up to what, and *rest all behind it. false: it does not come. */
static bool take_until(cert_bytes_t *rest, char const *what, cert_bytes_t *taken) {
  size_t const what_len = strlen(what);
  unsigned char const *const found = memmem(rest->at, rest->len, what, what_len);
  if (!found) return false;
  size_t const len = (size_t)(found - rest->at);
  *taken = (cert_bytes_t){rest->at, len};
  *rest = (cert_bytes_t){found + what_len, rest->len - len - what_len};
  return true;
}

static int read_text(reader_t *reader, cert_bytes_t text) {
  size_t len = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (strchr(" \t\r\n", text.at[i]) && text.at[i]) continue;
    if (len == sizeof reader->text) return errno = EFBIG, -1;
    reader->text[len++] = (char)text.at[i];
  }
  ssize_t const der_len = base64_decode(reader->text, reader->text, len);
  if (der_len < 0) return -1;
  return read_certificate(reader, (cert_bytes_t){(unsigned char *)reader->text, (size_t)der_len});
}

static bool is_certificate(cert_bytes_t label) {
  static char const *const labels[] = {"CERTIFICATE", "X509 CERTIFICATE"};
  for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
    if (label.len == strlen(labels[i]) && !memcmp(label.at, labels[i], label.len)) return true;
  return false;
}

static int read_all(reader_t *reader, cert_bytes_t rest) {
  cert_bytes_t skipped, label, text;
  while (take_until(&rest, "-----BEGIN ", &skipped)) {
    if (!take_until(&rest, "-----", &label) || !take_until(&rest, "-----END ", &text))
      return errno = EINVAL, -1;
    if (is_certificate(label) && read_text(reader, text) < 0) return -1;
  }
  return reader->anchors->count ? 0 : (errno = EINVAL, -1);
}

tls_anchors_t *tls_anchors_read(char const *pem, size_t len) {
  if (len > TLS_ANCHORS_BYTES) return errno = EFBIG, NULL;
  tls_anchors_t *const anchors = calloc(1, sizeof *anchors);
  if (!anchors) return NULL;
  reader_t reader;
  reader.anchors = anchors;
  reader.room = 0;
  if (read_all(&reader, (cert_bytes_t){(unsigned char const *)pem, len}) == 0) return anchors;
  int const error = errno;
  tls_anchors_free(anchors);
  return errno = error, NULL;
}

static tls_anchors_t *read_open(int fd) {
  size_t const size = TLS_ANCHORS_BYTES + 1;
  char *const text = malloc(size);
  if (!text) return NULL;
  errno = 0;
  size_t const len = allread(fd, text, size);
  bool const failed = len < size && errno && errno != EPIPE && errno != EINTR;
  tls_anchors_t *const anchors = failed ? NULL : tls_anchors_read(text, len);
  int const error = errno;
  free(text);
  return errno = error, anchors;
}

tls_anchors_t *tls_anchors_load(char const *path) {
  int const fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NULL;
  tls_anchors_t *const anchors = read_open(fd);
  int const error = errno;
  close(fd);
  return errno = error, anchors;
}

void tls_anchors_free(tls_anchors_t *anchors) {
  if (!anchors) return;
  for (size_t i = 0; i < anchors->count; i++) free(anchors->all[i].dn.data);
  free(anchors->all);
  free(anchors);
}
