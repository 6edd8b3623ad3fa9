#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "cert/cert.h"

char const *cert_pair_finish(cert_pair_t *pair) {
  cert_bytes_t const *const leaf = &pair->chain.certificates[0];
  char const *const wrong = cert_public_read(&pair->public, leaf->at, leaf->len);
  br_sha256_context hash;
  if (wrong) return wrong;
  if (!cert_key_matches(&pair->key, &pair->public))
    return "the private key is not that of the first certificate";
  if (cert_validity(leaf->at, leaf->len, &pair->not_before, &pair->not_after) < 0)
    return "a certificate without a validity";
  cert_names_begin(&pair->names, leaf->at, leaf->len);
  br_sha256_init(&hash);
  br_sha256_update(&hash, leaf->at, leaf->len);
  br_sha256_out(&hash, pair->id);
  return NULL;
}

/* ---- files ----------------------------------------------------------------------------------- */

typedef struct text {
  size_t len;
  char bytes[CERT_FILE_MAX + 1]; /* one more shows what is too long */
} text_t;

static char const *read_text(text_t *text, char const *path) {
  int const fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return strerror(errno);
  ssize_t const n = fd_read(fd, text->bytes, sizeof text->bytes);
  char const *const wrong = n < 0 ? strerror(errno) : NULL;
  close(fd);
  text->len = n < 0 ? 0 : (size_t)n;
  return wrong ? wrong : text->len > CERT_FILE_MAX ? "the file is too long" : NULL;
}

static char const *read_halves(cert_pair_t *pair, text_t *text, cert_files_t const *files) {
  char const *wrong = read_text(text, files->chain);
  if (!wrong) wrong = cert_chain_read(&pair->chain, text->bytes, text->len);
  if (!wrong && files->key) wrong = read_text(text, files->key);
  if (!wrong) wrong = cert_key_read(&pair->key, text->bytes, text->len);
  return wrong ? wrong : cert_pair_finish(pair);
}

char const *cert_pair_read(cert_pair_t *pair, cert_files_t const *files) {
  static text_t text;
  char const *const wrong = read_halves(pair, &text, files);
  cert_wipe(text.bytes, text.len);
  return wrong;
}
