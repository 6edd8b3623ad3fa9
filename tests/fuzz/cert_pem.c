/* Any bytes for a PEM file: chain and key are taken from it within their bounds, or not at all. */
#include <stdlib.h>

#include "cert/cert.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);
int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static cert_pair_t pair;
  char const *const pem = (char const *)data;
  bool const has_chain = !cert_chain_read(&pair.chain, pem, size);
  if (has_chain && (!pair.chain.count || pair.chain.count > CERT_CHAIN_MAX ||
                    pair.chain.used > CERT_CHAIN_BYTES))
    abort();
  bool const has_key = !cert_key_read(&pair.key, pem, size);
  if (has_chain && has_key) cert_pair_finish(&pair);
  cert_wipe(&pair, sizeof pair);
  return 0;
}
