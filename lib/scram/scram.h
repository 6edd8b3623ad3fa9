/* scram: the keys of RFC 5802, section 3, which servers store and clients derive. */
#ifndef CHAINMAIL_SCRAM_H
#define CHAINMAIL_SCRAM_H

#include <bearssl.h>
#include <stddef.h>
#include <stdint.h>

#define SCRAM_KEY_MAX 32 /* bytes of a key: 20 with br_sha1_vtable, 32 with br_sha256_vtable */

/* SaltedPassword := Hi(password, salt, iterations), which is PBKDF2 (RFC 8018, 5.2) with one block
   of output; iterations is at least 1. */
void scram_salted_password(br_hash_class const *hash, unsigned char *salted, char const *password,
                           size_t password_len, unsigned char const *salt, size_t salt_len,
                           uint32_t iterations);

/* ClientKey, and the ServerKey that proves the server: HMAC(SaltedPassword, "Client Key"). */
void scram_client_key(br_hash_class const *hash, unsigned char *key, unsigned char const *salted);
void scram_server_key(br_hash_class const *hash, unsigned char *key, unsigned char const *salted);

/* StoredKey := H(ClientKey). */
void scram_stored_key(br_hash_class const *hash, unsigned char *key,
                      unsigned char const *client_key);

#endif
