#include <string.h>

#include "scram/scram.h"

static size_t size_of(br_hash_class const *hash) {
  return hash->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

void scram_salted_password(br_hash_class const *hash, unsigned char *salted, char const *password,
                           size_t password_len, unsigned char const *salt, size_t salt_len,
                           uint32_t iterations) {
  static unsigned char const first_block[] = {0, 0, 0, 1};
  br_hmac_key_context key;
  br_hmac_context context;
  unsigned char round[SCRAM_KEY_MAX];
  size_t const size = size_of(hash);
  br_hmac_key_init(&key, hash, password, password_len);
  br_hmac_init(&context, &key, 0);
  br_hmac_update(&context, salt, salt_len);
  br_hmac_update(&context, first_block, sizeof first_block);
  br_hmac_out(&context, round);
  memcpy(salted, round, size);
  while (--iterations) {
    br_hmac_init(&context, &key, 0);
    br_hmac_update(&context, round, size);
    br_hmac_out(&context, round);
    for (size_t i = 0; i < size; i++) salted[i] ^= round[i];
  }
  explicit_bzero(&key, sizeof key);
  explicit_bzero(&context, sizeof context);
  explicit_bzero(round, sizeof round);
}

static void derive(br_hash_class const *hash, unsigned char *out, unsigned char const *salted,
                   char const *label) {
  br_hmac_key_context key;
  br_hmac_context context;
  br_hmac_key_init(&key, hash, salted, size_of(hash));
  br_hmac_init(&context, &key, 0);
  br_hmac_update(&context, label, strlen(label));
  br_hmac_out(&context, out);
  explicit_bzero(&key, sizeof key);
  explicit_bzero(&context, sizeof context);
}

void scram_client_key(br_hash_class const *hash, unsigned char *key, unsigned char const *salted) {
  derive(hash, key, salted, "Client Key");
}

void scram_server_key(br_hash_class const *hash, unsigned char *key, unsigned char const *salted) {
  derive(hash, key, salted, "Server Key");
}

void scram_stored_key(br_hash_class const *hash, unsigned char *key,
                      unsigned char const *client_key) {
  br_hash_compat_context context;
  hash->init(&context.vtable);
  hash->update(&context.vtable, client_key, size_of(hash));
  hash->out(&context.vtable, key);
  explicit_bzero(&context, sizeof context);
}
