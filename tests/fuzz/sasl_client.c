/* What servers may say to a client: the first byte chooses the mechanism, challenges are parted by
   \xf5. A SCRAM client believes none of it. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sasl/sasl.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

/* Each iteration costs: a number with more digits than four is not for a fuzzer. */
static int is_dear(char const *challenge, size_t len) {
  char const *const count = len ? memmem(challenge, len, ",i=", 3) : 0;
  return count && challenge + len - count > 3 + 4;
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static sasl_client_t client;
  sasl_credentials_t const credentials = {.name = "us=er,",
                                          .authzid = size % 2 ? "other" : "",
                                          .secret = "pencil",
                                          .nonce = "fyko+d2lbbFgONRv9qkxdawL",
                                          .end_point = (unsigned char const *)"end point",
                                          .end_point_len = 9};
  if (!size) return 0;
  sasl_client_init(&client, *data % SASL_MECHANISMS, &credentials);
  sasl_step_t step = sasl_client_step(&client, 0, 0);
  char const *at = (char const *)data + 1, *const end = (char const *)data + size;
  while ((step == SASL_STEP_SEND || step == SASL_STEP_WAIT) && at <= end) {
    char const *next = at < end ? memchr(at, 0xf5, (size_t)(end - at)) : 0;
    size_t const len = (size_t)((next ? next : end) - at);
    if (is_dear(at, len)) return 0;
    step = sasl_client_step(&client, at, len);
    if (client.out_len > sizeof client.out || step == SASL_STEP_PROVEN) abort();
    at += len + 1;
  }
  int const is_scram =
      client.mechanism >= SASL_SCRAM_SHA_1 && client.mechanism <= SASL_SCRAM_SHA_256_PLUS;
  if (is_scram && sasl_client_trusts(&client)) abort();
  return 0;
}
