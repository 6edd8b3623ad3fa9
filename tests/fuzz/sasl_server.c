/* What clients may say in each mechanism: the first byte chooses it, messages are parted by \xf5, a
   byte that is in no UTF-8. Whatever they say, they have not proven who they are. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sasl/sasl.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static unsigned char const key[SASL_SCRAM_KEY_MAX] = "a key that no proof is made of";

static sasl_verifier_t const verifier = {.known = true,
                                         .iterations = 4096,
                                         .salt = key,
                                         .salt_len = 16,
                                         .stored_key = key,
                                         .server_key = key};

static void check_texts(sasl_server_t const *server) {
  if (strlen(server->name) > SASL_NAME_MAX || strlen(server->authzid) > SASL_NAME_MAX) abort();
  if (strlen(server->secret) != server->secret_len || server->out_len > SASL_OUT_MAX) abort();
}

static sasl_step_t decide(sasl_server_t *server, sasl_step_t step) {
  check_texts(server);
  switch (step) {
  case SASL_STEP_VERIFIER: return sasl_server_verify(server, &verifier);
  case SASL_STEP_PASSWORD:
  case SASL_STEP_DIGEST:
    if (!sasl_text_valid(server->name, strlen(server->name))) abort();
    sasl_server_is_own(server);
    return sasl_server_refuse(server);
  case SASL_STEP_TOKEN:
  case SASL_STEP_CERTIFICATE: return sasl_server_refuse(server);
  case SASL_STEP_WAIT:
  case SASL_STEP_PROVEN: abort();
  default: return step;
  }
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static sasl_server_t server;
  sasl_server_settings_t const settings = {.nonce = "3rfcNHYJY1ZVvWVs7j",
                                           .challenge = "<1896.697170952@host.example>",
                                           .end_point = key,
                                           .end_point_len = sizeof key,
                                           .plus_offered = size % 2};
  if (!size) return 0;
  sasl_server_init(&server, *data % SASL_MECHANISMS, &settings);
  sasl_step_t step = SASL_STEP_SEND;
  if (server.mechanism == SASL_CRAM_MD5) step = sasl_server_step(&server, 0, 0);
  char const *at = (char const *)data + 1, *const end = (char const *)data + size;
  while (step == SASL_STEP_SEND && at <= end) {
    char const *next = at < end ? memchr(at, 0xf5, (size_t)(end - at)) : 0;
    size_t const len = (size_t)((next ? next : end) - at);
    step = decide(&server, sasl_server_step(&server, at, len));
    at += len + 1;
  }
  check_texts(&server);
  return 0;
}
