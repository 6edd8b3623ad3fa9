/* SCRAM (RFC 5802, RFC 7677): what both sides do. */
#include <string.h>

#include "internal.h"

br_hash_class const *scram_hash(sasl_mechanism_t mechanism) {
  bool const is_sha1 = mechanism == SASL_SCRAM_SHA_1 || mechanism == SASL_SCRAM_SHA_1_PLUS;
  return is_sha1 ? &br_sha1_vtable : &br_sha256_vtable;
}

size_t scram_hash_size(br_hash_class const *hash) {
  return hash->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

bool scram_take(slice_t *rest, char key, slice_t *value) {
  char const beginning[] = {key, '=', 0};
  *value = slice_cut(rest, ',');
  return slice_skip(value, beginning);
}

bool scram_nonce_valid(slice_t nonce) {
  for (size_t i = 0; i < nonce.len; i++)
    if (nonce.s[i] < '!' || nonce.s[i] > '~' || nonce.s[i] == ',') return false;
  return nonce.len > 0;
}

/* AuthMessage: the three messages, with commas between. */
void scram_sign(br_hash_class const *hash, unsigned char *signature, unsigned char const *key,
                sasl_scram_t const *scram, slice_t final) {
  br_hmac_key_context key_context;
  br_hmac_context context;
  br_hmac_key_init(&key_context, hash, key, scram_hash_size(hash));
  br_hmac_init(&context, &key_context, 0);
  br_hmac_update(&context, scram->bare, scram->bare_len);
  br_hmac_update(&context, ",", 1);
  br_hmac_update(&context, scram->first, scram->first_len);
  br_hmac_update(&context, ",", 1);
  br_hmac_update(&context, final.s, final.len);
  br_hmac_out(&context, signature);
  explicit_bzero(&key_context, sizeof key_context);
  explicit_bzero(&context, sizeof context);
}
