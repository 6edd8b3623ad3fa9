/* Any bytes for a certificate: what is told of them stays within them, and within its bounds. */
#include <stdlib.h>
#include <string.h>

#include "cert/cert.h"

static void check_within(uint8_t const *data, size_t size, unsigned char const *at, size_t len) {
  if (at < data || len > size || (size_t)(at - data) > size - len) abort();
}

static void look_at_names(uint8_t const *data, size_t size) {
  cert_names_t names;
  cert_bytes_t name;
  cert_names_begin(&names, data, size);
  while (cert_names_next(&names, &name)) {
    if (!name.len || name.len > CERT_NAME_MAX) abort();
    check_within(data, size, name.at, name.len);
    cert_name_matches((char const *)name.at, name.len, "mail.example.net");
  }
}

static void look_at_parts(uint8_t const *data, size_t size) {
  unsigned char const *spki;
  size_t len;
  cert_bytes_t subject, issuer;
  int64_t from, to;
  cert_validity(data, size, &from, &to);
  if (cert_public_key(data, size, &spki, &len) == 0) check_within(data, size, spki, len);
  if (cert_distinguished_names(data, size, &subject, &issuer) < 0) return;
  check_within(data, size, subject.at, subject.len);
  check_within(data, size, issuer.at, issuer.len);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);
int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char subject[CERT_SUBJECT_MAX], text[CERT_HASH_TEXT];
  unsigned char hash[CERT_END_POINT_MAX];
  if (cert_end_point(data, size, hash) > sizeof hash) abort();
  cert_hash_text(data, size, text);
  if (strlen(text) != sizeof text - 1) abort();
  cert_subject(data, size, subject);
  if (strlen(subject) >= sizeof subject) abort();
  look_at_names(data, size);
  look_at_parts(data, size);
  cert_is_for(data, size, CERT_FOR_SERVERS);
  cert_signed_by(data, size, data, size);
  return 0;
}
