/* A chain of certificates, each behind two bytes of its length, as a server may send it: what is
   found is found again, and nothing but the real authority's signature makes it hold. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tls/client_chain.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static tls_chain_t chain;

static void read_chain(uint8_t const *data, size_t size) {
  tls_chain_init(&chain);
  while (size >= 2) {
    size_t len = (size_t)data[0] << 8 | data[1];
    data += 2;
    size -= 2;
    if (len > size) len = size;
    tls_chain_begin(&chain, len);
    tls_chain_append(&chain, data, len / 2);
    tls_chain_append(&chain, data + len / 2, len - len / 2);
    data += len;
    size -= len;
  }
}

/* Keys of nobody: EC points and moduli that no signature fits. */
static tls_anchors_t const *strangers(void) {
  static unsigned char name[] = "\x30\x10\x31\x0e\x30\x0c\x06\x03\x55\x04\x03\x0c\x05stran";
  static unsigned char point[65] = {4}, modulus[256] = {0xc0}, exponent[] = {1, 0, 1};
  static br_x509_trust_anchor all[2] = {
      {.dn = {name, sizeof name - 1}, .flags = BR_X509_TA_CA, .pkey = {.key_type = BR_KEYTYPE_EC}},
      {.dn = {name, sizeof name - 1}, .flags = BR_X509_TA_CA, .pkey = {.key_type = BR_KEYTYPE_RSA}},
  };
  static tls_anchors_t const anchors = {2, all};
  modulus[255] = 1;
  all[0].pkey.key.ec = (br_ec_public_key){BR_EC_secp256r1, point, sizeof point};
  all[1].pkey.key.rsa = (br_rsa_public_key){modulus, sizeof modulus, exponent, sizeof exponent};
  return &anchors;
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static char const *const names[] = {"mx.example.test", "192.0.2.1", "2001:db8::1"};
  static unsigned char const nothing[64] = {0};
  tls_pin_t const pins[] = {
      {3, 1, 1, 32, nothing}, {2, 0, 2, 64, nothing}, {2, 0, 0, size ? size : 1, data},
      {2, 1, 1, 32, nothing}, {3, 0, 0, 64, nothing},
  };
  tls_client_settings_t const settings = {.names = names,
                                          .names_count = 3,
                                          .anchors = strangers(),
                                          .pins = pins,
                                          .pins_count = size ? 5 : 2,
                                          .time = 1830000000};
  tls_report_t report, again;
  br_x509_decoder_context decoder;
  memset(&report, 0, sizeof report);
  memset(&again, 0, sizeof again);
  read_chain(data, size);
  tls_chain_verify(&chain, &settings, &report);
  tls_chain_verify(&chain, &settings, &again);
  if (report.ca != again.ca || report.pin != again.pin || strcmp(report.peer_hash, again.peer_hash))
    abort();
  if (report.ca == TLS_HELD || report.ca == TLS_UNASKED || report.ca >= TLS_FINDINGS) abort();
  if (report.pin == TLS_UNASKED || report.pin >= TLS_FINDINGS) abort();
  if (chain.count && !memchr(report.peer_subject, 0, sizeof report.peer_subject)) abort();
  tls_chain_key(&chain, &decoder);
  return 0;
}
