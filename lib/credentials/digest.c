#include <bearssl.h>
#include <string.h>

#include <skalibs/fmtscan.h>

#include "credentials/credentials.h"

#define DIGEST_HEX ((size_t)2 * br_md5_SIZE)

bool credentials_same(char const *secret, char const *said) {
  size_t const len = strlen(secret), said_len = strlen(said);
  unsigned char different = len != said_len;
  for (size_t i = 0; i < len; i++)
    different = (unsigned char)(different | (secret[i] ^ (said_len ? said[i % said_len] : 0)));
  return !different;
}

static bool digest_is(unsigned char digest[br_md5_SIZE], char const *said) {
  char text[DIGEST_HEX + 1];
  text[ucharn_fmt(text, (char const *)digest, br_md5_SIZE)] = 0;
  bool const same = credentials_same(text, said);
  explicit_bzero(text, sizeof text);
  explicit_bzero(digest, br_md5_SIZE);
  return same;
}

bool credentials_cram_md5(credentials_t const *credentials, char const *secret) {
  br_hmac_key_context key;
  br_hmac_context hmac;
  unsigned char digest[br_md5_SIZE];
  br_hmac_key_init(&key, &br_md5_vtable, secret, strlen(secret));
  br_hmac_init(&hmac, &key, 0);
  br_hmac_update(&hmac, credentials->extra, strlen(credentials->extra));
  br_hmac_out(&hmac, digest);
  explicit_bzero(&key, sizeof key);
  explicit_bzero(&hmac, sizeof hmac);
  return digest_is(digest, credentials->secret);
}

bool credentials_apop(credentials_t const *credentials, char const *secret) {
  br_md5_context md5;
  unsigned char digest[br_md5_SIZE];
  br_md5_init(&md5);
  br_md5_update(&md5, credentials->extra, strlen(credentials->extra));
  br_md5_update(&md5, secret, strlen(secret));
  br_md5_out(&md5, digest);
  explicit_bzero(&md5, sizeof md5);
  return digest_is(digest, credentials->secret);
}
