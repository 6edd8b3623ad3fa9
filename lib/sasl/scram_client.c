/* SCRAM (RFC 5802), the client's side. */
#include <string.h>

#include "base64/base64.h"
#include "internal.h"
#include "scram/scram.h"

#define SALT_MAX 256 /* bytes that a server may show */

static bool binds(sasl_client_t const *client) {
  return sasl_mechanism_table[client->mechanism].binds_channel;
}

/* ---- our first message ---------------------------------------------------------------------- */

/* "y": we could bind the channel, but the server offers no way to (section 6). */
static char const *header_flag(sasl_client_t const *client) {
  sasl_credentials_t const *credentials = &client->credentials;
  if (binds(client)) return "p=" SCRAM_BINDING ",";
  return credentials->end_point_len && !credentials->plus_offered ? "y," : "n,";
}

static bool format_header(sasl_client_t *client) {
  sasl_scram_t *scram = &client->scram;
  char *const header = scram->header;
  size_t const size = sizeof scram->header;
  bool fits = message_append_text(header, size, &scram->header_len, header_flag(client));
  if (*client->credentials.authzid)
    fits = fits && message_append_text(header, size, &scram->header_len, "a=") &&
           message_append_saslname(header, size, &scram->header_len, client->credentials.authzid);
  return fits && message_append_text(header, size, &scram->header_len, ",");
}

static bool format_bare(sasl_client_t *client) {
  sasl_scram_t *scram = &client->scram;
  char *const bare = scram->bare;
  size_t const size = sizeof scram->bare;
  return message_append_text(bare, size, &scram->bare_len, "n=") &&
         message_append_saslname(bare, size, &scram->bare_len, client->credentials.name) &&
         message_append_text(bare, size, &scram->bare_len, ",r=") &&
         message_append_text(bare, size, &scram->bare_len, client->credentials.nonce);
}

static sasl_step_t say_first(sasl_client_t *client) {
  sasl_scram_t const *scram = &client->scram;
  if (binds(client) && !client->credentials.end_point_len) return SASL_STEP_FAILED;
  bool const fits = format_header(client) && format_bare(client) &&
                    client_append(client, scram->header, scram->header_len) &&
                    client_append(client, scram->bare, scram->bare_len);
  return fits ? SASL_STEP_SEND : SASL_STEP_MALFORMED;
}

/* ---- the server's first message ------------------------------------------------------------- */

typedef struct first {
  slice_t nonce, salt_text, iterations_text;
  uint32_t iterations;
  size_t salt_len;
  unsigned char salt[SALT_MAX];
} first_t;

/* posit-number of at most 7 digits; 0 if it is none, or more. */
static uint32_t parse_iterations(slice_t text) {
  uint32_t number = 0;
  if (text.len > 7 || !text.len || *text.s == '0') return 0;
  for (size_t i = 0; i < text.len; i++) {
    if (text.s[i] < '0' || text.s[i] > '9') return 0;
    number = number * 10 + (uint32_t)(text.s[i] - '0');
  }
  return number;
}

static bool parse_first(first_t *first, slice_t message) {
  slice_t rest = message;
  if (!scram_take(&rest, 'r', &first->nonce) || !scram_take(&rest, 's', &first->salt_text) ||
      !scram_take(&rest, 'i', &first->iterations_text))
    return false;
  first->iterations = parse_iterations(first->iterations_text);
  if (!scram_nonce_valid(first->nonce) || BASE64_DECODED(first->salt_text.len) > SALT_MAX)
    return false;
  ssize_t const len = base64_decode(first->salt, first->salt_text.s, first->salt_text.len);
  first->salt_len = len > 0 ? (size_t)len : 0;
  return len > 0 && first->iterations;
}

/* The nonce must begin with ours, and be longer. */
static bool nonce_is_ours(sasl_client_t const *client, slice_t nonce) {
  return slice_skip(&nonce, client->credentials.nonce) && nonce.len;
}

/* ---- our final message ---------------------------------------------------------------------- */

static bool format_unproven(sasl_client_t *client, slice_t nonce) {
  sasl_scram_t const *scram = &client->scram;
  char data[sizeof scram->header + 64], text[BASE64_ENCODED(sizeof data) + 1];
  size_t len = 0;
  bool fits = message_append(data, sizeof data, &len, scram->header, scram->header_len);
  if (binds(client))
    fits = fits && message_append(data, sizeof data, &len, client->credentials.end_point,
                                  client->credentials.end_point_len);
  if (fits) base64_encode(text, data, len);
  return fits && client_append_text(client, "c=") && client_append_text(client, text) &&
         client_append_text(client, ",r=") && client_append(client, nonce.s, nonce.len);
}

/* Derives the keys, keeps the server's, and writes ClientKey XOR ClientSignature to proof. */
static void prove(sasl_client_t *client, first_t const *first, unsigned char *proof) {
  br_hash_class const *const hash = scram_hash(client->mechanism);
  char const *const password = client->credentials.secret;
  slice_t const final = {client->out, client->out_len};
  unsigned char salted[SCRAM_KEY_MAX], key[SCRAM_KEY_MAX], stored[SCRAM_KEY_MAX];
  scram_salted_password(hash, salted, password, strlen(password), first->salt, first->salt_len,
                        first->iterations);
  scram_client_key(hash, key, salted);
  scram_server_key(hash, client->scram.server_key, salted);
  scram_stored_key(hash, stored, key);
  scram_sign(hash, proof, stored, &client->scram, final);
  for (size_t i = 0; i < scram_hash_size(hash); i++) proof[i] ^= key[i];
  scram_sign(hash, client->scram.stored_key, client->scram.server_key, &client->scram, final);
  explicit_bzero(salted, sizeof salted);
  explicit_bzero(key, sizeof key);
}

static sasl_step_t say_final(sasl_client_t *client, slice_t message) {
  unsigned char proof[SCRAM_KEY_MAX];
  char text[BASE64_ENCODED(SCRAM_KEY_MAX) + 1];
  first_t first;
  if (!parse_first(&first, message)) return SASL_STEP_MALFORMED;
  if (!nonce_is_ours(client, first.nonce) || first.iterations < SASL_ITERATIONS_MIN ||
      first.iterations > SASL_ITERATIONS_MAX)
    return SASL_STEP_FAILED;
  if (!message_append(client->scram.first, sizeof client->scram.first, &client->scram.first_len,
                      message.s, message.len) ||
      !format_unproven(client, first.nonce))
    return SASL_STEP_MALFORMED;
  prove(client, &first, proof);
  base64_encode(text, proof, scram_hash_size(scram_hash(client->mechanism)));
  return client_append_text(client, ",p=") && client_append_text(client, text)
             ? SASL_STEP_SEND
             : SASL_STEP_MALFORMED;
}

/* ---- the server's final message ------------------------------------------------------------- */

/* In scram.stored_key is what its signature must be. */
static sasl_step_t check_signature(sasl_client_t *client, slice_t message) {
  size_t const size = scram_hash_size(scram_hash(client->mechanism));
  unsigned char signature[BASE64_DECODED(BASE64_ENCODED(SCRAM_KEY_MAX))];
  slice_t rest = message, value;
  if (!scram_take(&rest, 'v', &value) || value.len != BASE64_ENCODED(size)) return SASL_STEP_FAILED;
  if (base64_decode(signature, value.s, value.len) != (ssize_t)size) return SASL_STEP_FAILED;
  client->scram.known = is_equal(signature, client->scram.stored_key, size);
  return client->scram.known ? SASL_STEP_SEND : SASL_STEP_FAILED;
}

/* ---------------------------------------------------------------------------------------------- */

sasl_step_t client_scram(sasl_client_t *client, slice_t challenge) {
  switch (client->stage++) {
  case 0: return challenge.len ? SASL_STEP_FAILED : say_first(client);
  case 1: return say_final(client, challenge);
  case 2: return check_signature(client, challenge);
  default: return SASL_STEP_FAILED;
  }
}
