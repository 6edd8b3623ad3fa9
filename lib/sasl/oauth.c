/* OAUTHBEARER (RFC 7628) and XOAUTH2, which came before it. */
#include <string.h>
#include <strings.h>

#include "internal.h"

#define SEPARATOR '\x01'

static char const *const refusals[SASL_MECHANISMS] = {
    [SASL_OAUTHBEARER] = "{\"status\":\"invalid_token\"}",
    [SASL_XOAUTH2] = "{\"status\":\"401\",\"schemes\":\"Bearer\"}",
};

/* The value of a key in key=value\x01...\x01; whether all of them are well-formed. */
static bool find_value(slice_t pairs, char const *key, slice_t *value) {
  *value = (slice_t){0};
  for (;;) {
    slice_t pair = slice_cut(&pairs, SEPARATOR);
    if (!pairs.s) return false;
    if (!pair.len) return !pairs.len;
    slice_t const name = slice_cut(&pair, '=');
    if (!pair.s) return false;
    if (name.len == strlen(key) && !memcmp(name.s, key, name.len)) *value = pair;
  }
}

/* b64token of RFC 6750, section 2.1, after "Bearer ". No token at all is a question for what would
   be fit (RFC 7628, section 4.3), which is refused as a wrong one is. */
static sasl_step_t take_token(sasl_server_t *server, slice_t value) {
  static char const scheme[] = "Bearer ";
  size_t const scheme_len = sizeof scheme - 1;
  if (!value.len) return server_refuse_token(server);
  if (value.len <= scheme_len || strncasecmp(value.s, scheme, scheme_len))
    return SASL_STEP_MALFORMED;
  slice_t const token = {value.s + scheme_len, value.len - scheme_len};
  for (size_t i = 0; i < token.len; i++)
    if (token.s[i] < '!' || token.s[i] > '~') return SASL_STEP_MALFORMED;
  if (!slice_copy(server->secret, sizeof server->secret, token)) return SASL_STEP_MALFORMED;
  server->secret_len = token.len;
  return SASL_STEP_TOKEN;
}

/* Whose token it is stands in the place of the authorization identity. */
static sasl_step_t take_bearer(sasl_server_t *server, slice_t message) {
  gs2_header_t header;
  slice_t value;
  if (!gs2_header_parse(&header, message) || header.flag == 'p') return SASL_STEP_MALFORMED;
  if (!slice_skip(&header.rest, "\x01") || !find_value(header.rest, "auth", &value))
    return SASL_STEP_MALFORMED;
  sasl_step_t const step = server_take_authzid(server, header.authzid, slice_copy_saslname);
  if (step != SASL_STEP_SEND) return step;
  memcpy(server->name, server->authzid, sizeof server->name);
  return take_token(server, value);
}

static sasl_step_t take_xoauth2(sasl_server_t *server, slice_t message) {
  slice_t name, value;
  if (!find_value(message, "user", &name) || !find_value(message, "auth", &value))
    return SASL_STEP_MALFORMED;
  sasl_step_t const step = server_take_name(server, name);
  return step == SASL_STEP_SEND ? take_token(server, value) : step;
}

sasl_step_t server_oauth(sasl_server_t *server, slice_t message) {
  switch (server->stage++) {
  case 0:
    return server->mechanism == SASL_XOAUTH2 ? take_xoauth2(server, message)
                                             : take_bearer(server, message);
  /* What the client says to the refusal is its consent, in words of which there are several. */
  case 2: return server_fail(server, "credentials");
  default: return SASL_STEP_MALFORMED;
  }
}

sasl_step_t server_refuse_token(sasl_server_t *server) {
  server->stage = 2;
  return server_send(server, refusals[server->mechanism]);
}

/* ---- the client ---- */

static bool append_identity(sasl_client_t *client) {
  char const *const name = client->credentials.name;
  if (client->mechanism == SASL_XOAUTH2)
    return client_append_text(client, "user=") && client_append_text(client, name);
  return client_append_text(client, "n,a=") &&
         message_append_saslname(client->out, sizeof client->out, &client->out_len, name) &&
         client_append_text(client, ",");
}

static bool append_first(sasl_client_t *client) {
  return append_identity(client) &&
         client_append_text(client, "\x01"
                                    "auth=Bearer ") &&
         client_append_text(client, client->credentials.secret) &&
         client_append_text(client, "\x01\x01");
}

/* A refusal is a challenge, which must be answered before the server says its no. */
sasl_step_t client_oauth(sasl_client_t *client, slice_t challenge) {
  switch (client->stage++) {
  case 0:
    if (challenge.len) return SASL_STEP_FAILED;
    return append_first(client) ? SASL_STEP_SEND : SASL_STEP_MALFORMED;
  case 1:
    if (client->mechanism == SASL_OAUTHBEARER) client_append_text(client, "\x01");
    return SASL_STEP_SEND;
  default: return SASL_STEP_FAILED;
  }
}
