/* SCRAM (RFC 5802), the server's side. */
#include <string.h>

#include "base64/base64.h"
#include "internal.h"
#include "scram/scram.h"

#define CLIENT_NONCE_MAX 256
#define BINDING_MAX      64

/* ---- the client's first message ------------------------------------------------------------- */

static sasl_mechanism_entry_t const *entry_of(sasl_server_t const *server) {
  return &sasl_mechanism_table[server->mechanism];
}

/* What the client says of the channel must fit to the mechanism, and to what it was offered: "y",
   that we have no -PLUS, is the mark of somebody who took it out of our list (section 6). */
static bool binding_fits(sasl_server_t const *server, gs2_header_t const *header) {
  slice_t binding = header->binding;
  if (entry_of(server)->binds_channel)
    return header->flag == 'p' && slice_skip(&binding, SCRAM_BINDING) && !binding.len;
  return header->flag == 'n' || (header->flag == 'y' && !server->settings.plus_offered);
}

static bool keep_message(char *to, size_t size, size_t *len, slice_t message) {
  *len = 0;
  return message_append(to, size, len, message.s, message.len);
}

static bool take_nonce(sasl_server_t *server, slice_t nonce) {
  sasl_scram_t *scram = &server->scram;
  if (!scram_nonce_valid(nonce) || nonce.len > CLIENT_NONCE_MAX) return false;
  return message_append(scram->nonce, sizeof scram->nonce, &scram->nonce_len, nonce.s, nonce.len) &&
         message_append_text(scram->nonce, sizeof scram->nonce, &scram->nonce_len,
                             server->settings.nonce);
}

static sasl_step_t take_scram_name(sasl_server_t *server, slice_t name) {
  char text[sizeof server->name];
  if (!slice_copy_saslname(text, sizeof text, name))
    return name.len > SASL_NAME_MAX ? server_fail(server, "long") : SASL_STEP_MALFORMED;
  return server_take_name(server, (slice_t){text, strlen(text)});
}

/* Extensions that are not mandatory ("m=") may follow, and mean nothing to us. */
static sasl_step_t take_first(sasl_server_t *server, slice_t message) {
  sasl_scram_t *scram = &server->scram;
  gs2_header_t header;
  slice_t name, nonce;
  if (!gs2_header_parse(&header, message)) return SASL_STEP_MALFORMED;
  slice_t rest = header.rest;
  if (!scram_take(&rest, 'n', &name) || !scram_take(&rest, 'r', &nonce)) return SASL_STEP_MALFORMED;
  if (!keep_message(scram->bare, sizeof scram->bare, &scram->bare_len, header.rest) ||
      !keep_message(scram->header, sizeof scram->header, &scram->header_len, header.whole) ||
      !take_nonce(server, nonce))
    return SASL_STEP_MALFORMED;
  sasl_step_t step = take_scram_name(server, name);
  if (step == SASL_STEP_SEND)
    step = server_take_authzid(server, header.authzid, slice_copy_saslname);
  if (step != SASL_STEP_SEND) return step;
  return binding_fits(server, &header) ? SASL_STEP_VERIFIER : server_fail(server, "binding");
}

/* ---- our first message ---------------------------------------------------------------------- */

static size_t format_number(char *digits, uint32_t number) {
  size_t len = 0;
  for (uint32_t rest = number; rest || !len; rest /= 10) len++;
  digits[len] = 0;
  for (size_t i = len; i--; number /= 10) digits[i] = (char)('0' + number % 10);
  return len;
}

static bool format_first(sasl_scram_t *scram, sasl_verifier_t const *verifier) {
  char salt[BASE64_ENCODED(SASL_SALT_MAX) + 1], iterations[11];
  char *const first = scram->first;
  size_t const size = sizeof scram->first;
  if (verifier->salt_len > SASL_SALT_MAX) return false;
  base64_encode(salt, verifier->salt, verifier->salt_len);
  format_number(iterations, verifier->iterations);
  scram->first_len = 0;
  return message_append_text(first, size, &scram->first_len, "r=") &&
         message_append(first, size, &scram->first_len, scram->nonce, scram->nonce_len) &&
         message_append_text(first, size, &scram->first_len, ",s=") &&
         message_append_text(first, size, &scram->first_len, salt) &&
         message_append_text(first, size, &scram->first_len, ",i=") &&
         message_append_text(first, size, &scram->first_len, iterations);
}

sasl_step_t sasl_server_verify(sasl_server_t *server, sasl_verifier_t const *verifier) {
  sasl_scram_t *scram = &server->scram;
  size_t const key_size = scram_hash_size(scram_hash(server->mechanism));
  if (!format_first(scram, verifier)) return server_fail(server, "long");
  memcpy(scram->stored_key, verifier->stored_key, key_size);
  memcpy(scram->server_key, verifier->server_key, key_size);
  scram->known = verifier->known;
  server->stage = 1;
  server->out_len = 0;
  message_append(server->out, sizeof server->out, &server->out_len, scram->first, scram->first_len);
  return SASL_STEP_SEND;
}

/* ---- the client's final message ------------------------------------------------------------- */

typedef struct final {
  slice_t binding, nonce, proof, unproven; /* unproven: the message without its proof */
} final_t;

static bool parse_final(final_t *final, slice_t message) {
  slice_t rest = message, attribute = {0};
  if (!scram_take(&rest, 'c', &final->binding) || !scram_take(&rest, 'r', &final->nonce))
    return false;
  while (rest.s) attribute = slice_cut(&rest, ',');
  final->unproven = (slice_t){message.s, message.len - attribute.len - 1};
  final->proof = attribute;
  return slice_skip(&final->proof, "p=");
}

/* True if binding is the base64 of our view of the channel: the header that was sent, and the end
   point of the certificate that we showed. */
static bool binding_is_ours(sasl_server_t const *server, slice_t binding) {
  sasl_scram_t const *scram = &server->scram;
  char data[sizeof scram->header + BINDING_MAX], text[BASE64_ENCODED(sizeof data) + 1];
  size_t len = 0;
  bool fits = message_append(data, sizeof data, &len, scram->header, scram->header_len);
  if (entry_of(server)->binds_channel)
    fits = fits && server->settings.end_point_len &&
           message_append(data, sizeof data, &len, server->settings.end_point,
                          server->settings.end_point_len);
  return fits && base64_encode(text, data, len) == binding.len &&
         !memcmp(text, binding.s, binding.len);
}

/* H(ClientProof XOR ClientSignature) is the stored key if the client knew the password. */
static bool proof_is_good(sasl_server_t const *server, slice_t final, unsigned char const *proof) {
  br_hash_class const *const hash = scram_hash(server->mechanism);
  size_t const size = scram_hash_size(hash);
  unsigned char key[SCRAM_KEY_MAX], stored[SCRAM_KEY_MAX];
  scram_sign(hash, key, server->scram.stored_key, &server->scram, final);
  for (size_t i = 0; i < size; i++) key[i] ^= proof[i];
  scram_stored_key(hash, stored, key);
  bool const is_good = is_equal(stored, server->scram.stored_key, size);
  explicit_bzero(key, sizeof key);
  return is_good && server->scram.known;
}

static sasl_step_t send_signature(sasl_server_t *server, slice_t final) {
  br_hash_class const *const hash = scram_hash(server->mechanism);
  unsigned char signature[SCRAM_KEY_MAX];
  char text[BASE64_ENCODED(SCRAM_KEY_MAX) + 1];
  scram_sign(hash, signature, server->scram.server_key, &server->scram, final);
  base64_encode(text, signature, scram_hash_size(hash));
  server_send(server, "v=");
  message_append_text(server->out, sizeof server->out, &server->out_len, text);
  return SASL_STEP_SEND;
}

static sasl_step_t take_final(sasl_server_t *server, slice_t message) {
  sasl_scram_t const *scram = &server->scram;
  size_t const size = scram_hash_size(scram_hash(server->mechanism));
  unsigned char proof[BASE64_DECODED(BASE64_ENCODED(SCRAM_KEY_MAX))];
  final_t final;
  if (!parse_final(&final, message)) return SASL_STEP_MALFORMED;
  if (final.proof.len != BASE64_ENCODED(size)) return SASL_STEP_MALFORMED;
  if (base64_decode(proof, final.proof.s, final.proof.len) != (ssize_t)size)
    return SASL_STEP_MALFORMED;
  if (final.nonce.len != scram->nonce_len || memcmp(final.nonce.s, scram->nonce, scram->nonce_len))
    return server_fail(server, "credentials");
  if (!binding_is_ours(server, final.binding)) return server_fail(server, "binding");
  if (!proof_is_good(server, final.unproven, proof)) return server_fail(server, "credentials");
  return send_signature(server, final.unproven);
}

/* ---------------------------------------------------------------------------------------------- */

sasl_step_t server_scram(sasl_server_t *server, slice_t message) {
  switch (server->stage) {
  case 0: server->stage = 3; return take_first(server, message);
  case 1: server->stage = 2; return take_final(server, message);
  case 2: server->stage = 3; return message.len ? SASL_STEP_MALFORMED : SASL_STEP_PROVEN;
  default: return SASL_STEP_MALFORMED;
  }
}
