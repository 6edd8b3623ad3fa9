/* What a checkpassword program finds on descriptor 3: three strings, within the bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "credentials/credentials.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static credentials_t credentials;
  if (size > sizeof credentials.bytes) return 0;
  memset(&credentials, 'x', sizeof credentials);
  if (size) memcpy(credentials.bytes, data, size);
  credentials.len = size;
  if (!credentials_parse(&credentials)) return 0;
  size_t const login = strlen(credentials.login), secret = strlen(credentials.secret);
  if (credentials.login != credentials.bytes) abort();
  if (credentials.secret != credentials.login + login + 1) abort();
  if (login + secret + 2 > size || strlen(credentials.extra) > size) abort();
  if (!credentials_same(credentials.secret, credentials.secret)) abort();
  credentials_cram_md5(&credentials, credentials.login);
  credentials_apop(&credentials, credentials.login);
  return 0;
}
