/* CRAM-MD5 (RFC 2195). */
#include <string.h>

#include <skalibs/fmtscan.h>

#include "internal.h"

#define CRAM_DIGEST_SIZE 32

/* HMAC-MD5 of challenge under secret, in hex with a NUL (RFC 2195, section 2). */
static void write_digest(char digest[CRAM_DIGEST_SIZE + 1], slice_t secret, slice_t challenge) {
  unsigned char bytes[br_md5_SIZE];
  br_hmac_key_context key;
  br_hmac_context context;
  br_hmac_key_init(&key, &br_md5_vtable, secret.s, secret.len);
  br_hmac_init(&context, &key, 0);
  br_hmac_update(&context, challenge.s, challenge.len);
  br_hmac_out(&context, bytes);
  digest[ucharn_fmt(digest, (char const *)bytes, sizeof bytes)] = 0;
  explicit_bzero(&key, sizeof key);
  explicit_bzero(&context, sizeof context);
}

/* Some clients write the digest in capitals; checkers compare texts. */
static bool take_digest(sasl_server_t *server, slice_t digest) {
  static char const digits[] = "0123456789abcdefABCDEF";
  if (digest.len != CRAM_DIGEST_SIZE || !slice_copy(server->secret, sizeof server->secret, digest))
    return false;
  server->secret_len = digest.len;
  for (char *c = server->secret; *c; c++) {
    if (!strchr(digits, *c)) return false;
    if (*c >= 'A' && *c <= 'F') *c = (char)(*c - 'A' + 'a');
  }
  return true;
}

/* A name may have blanks in it; a digest has none. */
sasl_step_t server_cram_md5(sasl_server_t *server, slice_t message) {
  if (!server->stage && !message.s)
    return server->stage = 1, server_send(server, server->settings.challenge);
  if (server->stage++ != 1) return SASL_STEP_MALFORMED;
  char const *blank = message.len ? memrchr(message.s, ' ', message.len) : NULL;
  if (!blank) return SASL_STEP_MALFORMED;
  slice_t const name = {message.s, (size_t)(blank - message.s)};
  slice_t const digest = {blank + 1, message.len - name.len - 1};
  if (!take_digest(server, digest)) return SASL_STEP_MALFORMED;
  sasl_step_t const step = server_take_name(server, name);
  return step == SASL_STEP_SEND ? SASL_STEP_DIGEST : step;
}

sasl_step_t client_cram_md5(sasl_client_t *client, slice_t challenge) {
  char digest[CRAM_DIGEST_SIZE + 1];
  if (!challenge.s) return SASL_STEP_WAIT;
  if (client->stage++) return SASL_STEP_FAILED;
  slice_t const secret = {client->credentials.secret, strlen(client->credentials.secret)};
  write_digest(digest, secret, challenge);
  bool const fits = client_append_text(client, client->credentials.name) &&
                    client_append_text(client, " ") && client_append_text(client, digest);
  return fits ? SASL_STEP_SEND : SASL_STEP_MALFORMED;
}
