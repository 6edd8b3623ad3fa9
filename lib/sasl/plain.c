/* PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login) and EXTERNAL (RFC 4422, appendix A). */
#include <string.h>

#include "internal.h"

sasl_step_t server_plain(sasl_server_t *server, slice_t message) {
  slice_t rest = message;
  slice_t const authzid = slice_cut(&rest, 0), name = slice_cut(&rest, 0), secret = rest;
  if (!secret.s || (secret.len && memchr(secret.s, 0, secret.len)) || server->stage++)
    return SASL_STEP_MALFORMED;
  sasl_step_t step = server_take_name(server, name);
  if (step == SASL_STEP_SEND) step = server_take_authzid(server, authzid, slice_copy);
  if (step == SASL_STEP_SEND) step = server_take_secret(server, secret);
  return step == SASL_STEP_SEND ? SASL_STEP_PASSWORD : step;
}

/* The prompts are those that clients of every age look for. */
sasl_step_t server_login(sasl_server_t *server, slice_t message) {
  sasl_step_t step;
  if (!server->stage && !message.s) return server->stage = 1, server_send(server, "Username:");
  switch (server->stage) {
  case 0:
  case 1:
    server->stage = 2;
    step = server_take_name(server, message);
    return step == SASL_STEP_SEND ? server_send(server, "Password:") : step;
  case 2:
    server->stage = 3;
    step = server_take_secret(server, message);
    return step == SASL_STEP_SEND ? SASL_STEP_PASSWORD : step;
  default: return SASL_STEP_MALFORMED;
  }
}

sasl_step_t server_external(sasl_server_t *server, slice_t message) {
  if (server->stage++) return SASL_STEP_MALFORMED;
  if (!message.len) return SASL_STEP_CERTIFICATE;
  sasl_step_t const step = server_take_name(server, message);
  return step == SASL_STEP_SEND ? SASL_STEP_CERTIFICATE : step;
}

/* ---- the client ---- */

sasl_step_t client_plain(sasl_client_t *client, slice_t challenge) {
  sasl_credentials_t const *credentials = &client->credentials;
  if (challenge.len || client->stage++) return SASL_STEP_FAILED;
  bool const fits = client_append_text(client, credentials->authzid) &&
                    client_append(client, "", 1) && client_append_text(client, credentials->name) &&
                    client_append(client, "", 1) && client_append_text(client, credentials->secret);
  return fits ? SASL_STEP_SEND : SASL_STEP_MALFORMED;
}

/* What the server asks for in which words is not looked at: they differ. */
sasl_step_t client_login(sasl_client_t *client, slice_t challenge) {
  char const *const answers[] = {client->credentials.name, client->credentials.secret};
  if (!challenge.s) return SASL_STEP_WAIT;
  if (client->stage == sizeof answers / sizeof *answers) return SASL_STEP_FAILED;
  return client_append_text(client, answers[client->stage++]) ? SASL_STEP_SEND
                                                              : SASL_STEP_MALFORMED;
}

sasl_step_t client_external(sasl_client_t *client, slice_t challenge) {
  if (challenge.len || client->stage++) return SASL_STEP_FAILED;
  return client_append_text(client, client->credentials.authzid) ? SASL_STEP_SEND
                                                                 : SASL_STEP_MALFORMED;
}
