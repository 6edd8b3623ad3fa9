#include <string.h>
#include <strings.h>

#include "internal.h"

static struct {
  server_step_f *step;
  bool is_first; /* the server has the first word */
} const mechanisms[SASL_MECHANISMS] = {
    [SASL_PLAIN] = {server_plain, false},
    [SASL_LOGIN] = {server_login, true},
    [SASL_CRAM_MD5] = {server_cram_md5, true},
    [SASL_SCRAM_SHA_1] = {server_scram, false},
    [SASL_SCRAM_SHA_1_PLUS] = {server_scram, false},
    [SASL_SCRAM_SHA_256] = {server_scram, false},
    [SASL_SCRAM_SHA_256_PLUS] = {server_scram, false},
    [SASL_EXTERNAL] = {server_external, false},
    [SASL_OAUTHBEARER] = {server_oauth, false},
    [SASL_XOAUTH2] = {server_oauth, false},
};

void sasl_server_init(sasl_server_t *server, sasl_mechanism_t mechanism,
                      sasl_server_settings_t const *settings) {
  memset(server, 0, sizeof *server);
  server->mechanism = mechanism;
  server->settings = *settings;
  server->why = "";
}

sasl_step_t sasl_server_step(sasl_server_t *server, char const *message, size_t len) {
  slice_t const slice = {message, message ? len : 0};
  if (slice.len > SASL_MESSAGE_MAX) return SASL_STEP_MALFORMED;
  if (message || mechanisms[server->mechanism].is_first)
    return mechanisms[server->mechanism].step(server, slice);
  return server->stage ? SASL_STEP_MALFORMED : server_send(server, "");
}

sasl_step_t sasl_server_refuse(sasl_server_t *server) {
  if (mechanisms[server->mechanism].step == server_oauth) return server_refuse_token(server);
  return server_fail(server, "credentials");
}

bool sasl_server_is_own(sasl_server_t const *server) {
  return !*server->authzid || !strcasecmp(server->authzid, server->name);
}

void sasl_server_wipe(sasl_server_t *server) {
  explicit_bzero(server, sizeof *server);
}

/* ---- what the mechanisms' steps end in ---- */

sasl_step_t server_send(sasl_server_t *server, char const *text) {
  server->out_len = 0;
  return message_append_text(server->out, sizeof server->out, &server->out_len, text)
             ? SASL_STEP_SEND
             : server_fail(server, "long");
}

sasl_step_t server_fail(sasl_server_t *server, char const *why) {
  server->why = why;
  return SASL_STEP_FAILED;
}

sasl_step_t server_take_name(sasl_server_t *server, slice_t name) {
  if (!name.s || (name.len && memchr(name.s, 0, name.len))) return SASL_STEP_MALFORMED;
  if (name.len > SASL_NAME_MAX) return server_fail(server, "long");
  slice_copy(server->name, sizeof server->name, name);
  return sasl_text_valid(name.s, name.len) ? SASL_STEP_SEND : server_fail(server, "name");
}

sasl_step_t server_take_authzid(sasl_server_t *server, slice_t authzid, slice_copy_f *copy) {
  if (!authzid.len) return SASL_STEP_SEND;
  if (!copy(server->authzid, sizeof server->authzid, authzid))
    return authzid.len > SASL_NAME_MAX ? server_fail(server, "long") : SASL_STEP_MALFORMED;
  if (sasl_text_valid(server->authzid, strlen(server->authzid))) return SASL_STEP_SEND;
  return server_fail(server, "identity");
}

sasl_step_t server_take_secret(sasl_server_t *server, slice_t secret) {
  if (!slice_copy(server->secret, sizeof server->secret, secret)) return SASL_STEP_MALFORMED;
  server->secret_len = secret.len;
  return sasl_text_valid(secret.s, secret.len) ? SASL_STEP_SEND
                                               : server_fail(server, "credentials");
}
