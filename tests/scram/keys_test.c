#include "../unit.h"
#include "scram/scram.h"

static void hex(char *text, unsigned char const *bytes, size_t len) {
  for (size_t i = 0; i < len; i++) sprintf(text + 2 * i, "%02x", bytes[i]);
}

typedef struct vector {
  char const *name;
  br_hash_class const *hash;
  char const *password, *salt;
  size_t salt_len;
  uint32_t iterations;
  char const *salted;
} vector_t;

/* RFC 6070 for SHA-1; RFC 7914, section 11, has the first block of one for SHA-256; the examples of
   RFC 5802 and RFC 7677 (section 3), whose salts are in base64 there. */
static vector_t const vectors[] = {
    {"one iteration", &br_sha1_vtable, "password", "salt", 4, 1,
     "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
    {"two iterations", &br_sha1_vtable, "password", "salt", 4, 2,
     "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
    {"4096 iterations", &br_sha1_vtable, "password", "salt", 4, 4096,
     "4b007901b765489abead49d926f721d065a429c1"},
    {"SHA-256", &br_sha256_vtable, "passwd", "salt", 4, 1,
     "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
    {"RFC 5802's", &br_sha1_vtable, "pencil", "\x41\x25\xc2\x47\xe4\x3a\xb1\xe9\x3c\x6d\xff\x76",
     12, 4096, "1d96ee3a529b5a5f9e47c01f229a2cb8a6e15f7d"},
    {"RFC 7677's", &br_sha256_vtable, "pencil",
     "\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81", 16, 4096,
     "c4a49510323ab4f952cac1fa99441939e78ea74d6be81ddf7096e87513dc615d"},
};

static void test_salted(void) {
  for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
    vector_t const *v = &vectors[i];
    unsigned char salted[SCRAM_KEY_MAX];
    char text[2 * SCRAM_KEY_MAX + 1] = "";
    scram_salted_password(v->hash, salted, v->password, strlen(v->password),
                          (unsigned char const *)v->salt, v->salt_len, v->iterations);
    hex(text, salted, strlen(v->salted) / 2);
    CHECK_STR(v->name, text, v->salted);
  }
}

/* The keys that follow from RFC 5802's and RFC 7677's, as Python's hmac module derives them. */
static void test_keys(br_hash_class const *hash, char const *salt, size_t salt_len,
                      char const *client, char const *stored, char const *server) {
  unsigned char salted[SCRAM_KEY_MAX], key[SCRAM_KEY_MAX];
  char text[2 * SCRAM_KEY_MAX + 1];
  size_t const size = strlen(client) / 2;
  scram_salted_password(hash, salted, "pencil", 6, (unsigned char const *)salt, salt_len, 4096);
  scram_server_key(hash, key, salted);
  hex(text, key, size);
  CHECK_STR("server key", text, server);
  scram_client_key(hash, key, salted);
  hex(text, key, size);
  CHECK_STR("client key", text, client);
  scram_stored_key(hash, key, key);
  hex(text, key, size);
  CHECK_STR("stored key", text, stored);
}

int main(void) {
  test_salted();
  test_keys(&br_sha1_vtable, vectors[4].salt, 12, "e234c47bf6c36696dd6d852b99aaa2ba26555728",
            "e9d94660c39d65c38fbad91c358f14da0eef2bd6", "0fe09258b3ac852ba502cc62ba903eaacdbf7d31");
  test_keys(&br_sha256_vtable, vectors[5].salt, 16,
            "a60fc923d67e8644a92d16b96eda5ef4656b0c725c484374be25535576996e8b",
            "586e5df283e6dceb5c3e791d8b8528ec191e664045ce971792e2e6b5bb13e2a6",
            "c1f3cbc1c13a9d35a14c0990eed97629ea225863e566a4314ab99f3f00e5d9d5");
  return unit_done();
}
