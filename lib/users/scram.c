#include "scram/scram.h"

#include <stdio.h>
#include <string.h>

#include <skalibs/types.h>

#include "base64/base64.h"
#include "users/users.h"

static size_t size_of(br_hash_class const *hash) {
  return hash->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

static char const *scheme_of(br_hash_class const *hash) {
  return size_of(hash) == br_sha1_SIZE ? "SCRAM-SHA-1$" : "SCRAM-SHA-256$";
}

/* ---- the text (RFC 5803, section 2): scheme$iterations:salt$StoredKey:ServerKey ---- */

/* Decodes what comes before the character end, at most max bytes. Returns what follows end, or
   NULL. */
static char const *part_decode(unsigned char *bytes, size_t max, size_t *len, char const *s,
                               char end) {
  unsigned char decoded[BASE64_DECODED(BASE64_ENCODED(USERS_SCRAM_SALT_MAX))];
  size_t const characters = strcspn(s, end ? (char[]){end, 0} : "");
  if (s[characters] != end || characters > BASE64_ENCODED(max)) return NULL;
  ssize_t const count = base64_decode(decoded, s, characters);
  if (count <= 0 || (size_t)count > max) return NULL;
  memcpy(bytes, decoded, (size_t)count);
  *len = (size_t)count;
  return s + characters + !!end;
}

static char const *iterations_parse(uint32_t *iterations, char const *s) {
  size_t const digits = uint32_scan(s, iterations);
  if (!digits || *s == '0' || s[digits] != ':' || *iterations > USERS_ITERATIONS_MAX) return NULL;
  return s + digits + 1;
}

static bool keys_parse(users_scram_t *scram, size_t size, char const *s) {
  size_t stored, server;
  return (s = part_decode(scram->stored_key, size, &stored, s, ':')) &&
         part_decode(scram->server_key, size, &server, s, 0) && stored == size && server == size;
}

bool users_scram_parse(users_scram_t *scram, br_hash_class const *hash, char const *s) {
  char const *const scheme = scheme_of(hash);
  size_t const scheme_len = strlen(scheme);
  *scram = (users_scram_t){0};
  if (!strncmp(s, scheme, scheme_len) &&
      (s = iterations_parse(&scram->iterations, s + scheme_len)) &&
      (s = part_decode(scram->salt, sizeof scram->salt, &scram->salt_len, s, '$')) &&
      keys_parse(scram, size_of(hash), s))
    return true;
  explicit_bzero(scram, sizeof *scram);
  return false;
}

void users_scram_format(char text[USERS_SCRAM_FMT], br_hash_class const *hash,
                        users_scram_t const *scram) {
  size_t const size = size_of(hash);
  char *at = text + sprintf(text, "%s%u:", scheme_of(hash), scram->iterations);
  at += base64_encode(at, scram->salt, scram->salt_len);
  *at++ = '$';
  at += base64_encode(at, scram->stored_key, size);
  *at++ = ':';
  base64_encode(at, scram->server_key, size);
}

/* ---- passwords ---- */

void users_scram_make(users_scram_t *scram, br_hash_class const *hash, char const *password,
                      size_t len) {
  unsigned char salted[SCRAM_KEY_MAX], client_key[SCRAM_KEY_MAX];
  scram_salted_password(hash, salted, password, len, scram->salt, scram->salt_len,
                        scram->iterations);
  scram_client_key(hash, client_key, salted);
  scram_stored_key(hash, scram->stored_key, client_key);
  scram_server_key(hash, scram->server_key, salted);
  explicit_bzero(salted, sizeof salted);
  explicit_bzero(client_key, sizeof client_key);
}

static bool same_bytes(unsigned char const *a, unsigned char const *b, size_t len) {
  unsigned char difference = 0;
  for (size_t i = 0; i < len; i++) difference = (unsigned char)(difference | (a[i] ^ b[i]));
  return !difference;
}

bool users_scram_matches(users_scram_t const *scram, br_hash_class const *hash,
                         char const *password, size_t len) {
  users_scram_t mine = *scram;
  users_scram_make(&mine, hash, password, len);
  bool const same = same_bytes(mine.stored_key, scram->stored_key, size_of(hash));
  explicit_bzero(&mine, sizeof mine);
  return same;
}
