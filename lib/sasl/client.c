#include <string.h>

#include "internal.h"

static client_step_f *const steps[SASL_MECHANISMS] = {
    [SASL_PLAIN] = client_plain,
    [SASL_LOGIN] = client_login,
    [SASL_CRAM_MD5] = client_cram_md5,
    [SASL_SCRAM_SHA_1] = client_scram,
    [SASL_SCRAM_SHA_1_PLUS] = client_scram,
    [SASL_SCRAM_SHA_256] = client_scram,
    [SASL_SCRAM_SHA_256_PLUS] = client_scram,
    [SASL_EXTERNAL] = client_external,
    [SASL_OAUTHBEARER] = client_oauth,
    [SASL_XOAUTH2] = client_oauth,
};

void sasl_client_init(sasl_client_t *client, sasl_mechanism_t mechanism,
                      sasl_credentials_t const *credentials) {
  memset(client, 0, sizeof *client);
  client->mechanism = mechanism;
  client->credentials = *credentials;
  if (!client->credentials.authzid) client->credentials.authzid = "";
}

sasl_step_t sasl_client_step(sasl_client_t *client, char const *challenge, size_t len) {
  slice_t const slice = {challenge, challenge ? len : 0};
  client->out_len = 0;
  if (slice.len > SASL_MESSAGE_MAX) return SASL_STEP_MALFORMED;
  return steps[client->mechanism](client, slice);
}

bool sasl_client_trusts(sasl_client_t const *client) {
  return steps[client->mechanism] != client_scram || client->scram.known;
}

void sasl_client_wipe(sasl_client_t *client) {
  explicit_bzero(client, sizeof *client);
}

bool client_append(sasl_client_t *client, void const *bytes, size_t len) {
  return message_append(client->out, sizeof client->out, &client->out_len, bytes, len);
}

bool client_append_text(sasl_client_t *client, char const *text) {
  return client_append(client, text, strlen(text));
}
