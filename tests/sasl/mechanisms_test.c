/* The mechanisms: the examples of their RFCs, both sides against each other, and what is no message
   of theirs. */
#include "../unit.h"
#include "base64/base64.h"
#include "sasl/sasl.h"
#include "scram/scram.h"

static sasl_server_t server;
static sasl_client_t client;

#define NUL "\0"

static sasl_server_settings_t const settings = {.nonce = "3rfcNHYJY1ZVvWVs7j",
                                                .challenge = "<1896.697170952@host.example>"};

static char const *const step_names[] = {[SASL_STEP_SEND] = "send",
                                         [SASL_STEP_WAIT] = "wait",
                                         [SASL_STEP_PASSWORD] = "password",
                                         [SASL_STEP_DIGEST] = "digest",
                                         [SASL_STEP_TOKEN] = "token",
                                         [SASL_STEP_VERIFIER] = "verifier",
                                         [SASL_STEP_CERTIFICATE] = "certificate",
                                         [SASL_STEP_PROVEN] = "proven",
                                         [SASL_STEP_FAILED] = "failed",
                                         [SASL_STEP_MALFORMED] = "malformed"};

static void check_step(char const *name, sasl_step_t got, sasl_step_t want) {
  CHECK_STR(name, step_names[got], step_names[want]);
}

static sasl_step_t say(char const *message) {
  return sasl_server_step(&server, message, strlen(message));
}

static sasl_step_t ask(char const *challenge) {
  return sasl_client_step(&client, challenge, challenge ? strlen(challenge) : 0);
}

static void check_out(char const *name, char const *out, size_t out_len, char const *want) {
  CHECK_MEM(name, out, out_len, want, strlen(want));
}

/* ---- first messages ------------------------------------------------------------------------- */

#define BYTES(s) s, sizeof(s) - 1

static struct {
  char const *name;
  sasl_mechanism_t mechanism;
  char const *message;
  size_t len;
  sasl_step_t step;
  char const *user, *secret, *authzid;
} const first_messages[] = {
    {"PLAIN, RFC 4616 first example", SASL_PLAIN, BYTES("\0tim\0tanstaaftanstaaf"),
     SASL_STEP_PASSWORD, "tim", "tanstaaftanstaaf", ""},
    {"PLAIN, RFC 4616 second example", SASL_PLAIN, BYTES("Ursel\0Kurt\0xipj3plmq"),
     SASL_STEP_PASSWORD, "Kurt", "xipj3plmq", "Ursel"},
    {"PLAIN, UTF-8", SASL_PLAIN, BYTES("\0m\xc3\xbcller\0gr\xc3\xbc\xc3\x9f gott"),
     SASL_STEP_PASSWORD, "m\xc3\xbcller", "gr\xc3\xbc\xc3\x9f gott", ""},
    {"PLAIN, empty", SASL_PLAIN, BYTES(""), SASL_STEP_MALFORMED, 0, 0, 0},
    {"PLAIN, one NUL", SASL_PLAIN, BYTES("tim\0secret"), SASL_STEP_MALFORMED, 0, 0, 0},
    {"PLAIN, three NULs", SASL_PLAIN, BYTES("\0tim\0secret\0"), SASL_STEP_MALFORMED, 0, 0, 0},
    {"PLAIN, NULs alone", SASL_PLAIN, BYTES("\0\0"), SASL_STEP_FAILED, 0, 0, 0},
    {"PLAIN, no password", SASL_PLAIN, BYTES("\0tim\0"), SASL_STEP_FAILED, 0, 0, 0},
    {"PLAIN, control character in the name", SASL_PLAIN, BYTES("\0t\nim\0secret"), SASL_STEP_FAILED,
     0, 0, 0},
    {"PLAIN, invalid UTF-8 in the password", SASL_PLAIN, BYTES("\0tim\0\xff\xfe"), SASL_STEP_FAILED,
     0, 0, 0},
    {"PLAIN, control character in the identity", SASL_PLAIN, BYTES("a\rb\0tim\0secret"),
     SASL_STEP_FAILED, 0, 0, 0},
    {"LOGIN, the name", SASL_LOGIN, BYTES("tim"), SASL_STEP_SEND, "tim", "", ""},
    {"LOGIN, NUL in the name", SASL_LOGIN, BYTES("tim\0"), SASL_STEP_MALFORMED, 0, 0, 0},
    {"LOGIN, empty name", SASL_LOGIN, BYTES(""), SASL_STEP_FAILED, 0, 0, 0},
    {"CRAM-MD5 has no initial response", SASL_CRAM_MD5, BYTES("tim x"), SASL_STEP_MALFORMED, 0, 0,
     0},
    {"EXTERNAL, no identity", SASL_EXTERNAL, BYTES(""), SASL_STEP_CERTIFICATE, "", "", ""},
    {"EXTERNAL, an identity", SASL_EXTERNAL, BYTES("fred"), SASL_STEP_CERTIFICATE, "fred", "", ""},
    {"EXTERNAL, NUL", SASL_EXTERNAL, BYTES("fred\0"), SASL_STEP_MALFORMED, 0, 0, 0},
    {"OAUTHBEARER, RFC 7628", SASL_OAUTHBEARER,
     BYTES("n,a=user@example.com,\x01host=server.example.com\x01port=143\x01"
           "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"),
     SASL_STEP_TOKEN, "user@example.com",
     "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", "user@example.com"},
    {"OAUTHBEARER, nobody's", SASL_OAUTHBEARER,
     BYTES("n,,\x01"
           "auth=bearer x\x01\x01"),
     SASL_STEP_TOKEN, "", "x", ""},
    {"OAUTHBEARER, no token", SASL_OAUTHBEARER,
     BYTES("n,,\x01"
           "auth=\x01\x01"),
     SASL_STEP_SEND, "", "", ""},
    {"OAUTHBEARER, no pairs", SASL_OAUTHBEARER, BYTES("n,,\x01\x01"), SASL_STEP_SEND, "", "", ""},
    {"OAUTHBEARER, no end", SASL_OAUTHBEARER,
     BYTES("n,,\x01"
           "auth=Bearer x\x01"),
     SASL_STEP_MALFORMED, 0, 0, 0},
    {"OAUTHBEARER, more after the end", SASL_OAUTHBEARER,
     BYTES("n,,\x01"
           "auth=Bearer x\x01\x01y"),
     SASL_STEP_MALFORMED, 0, 0, 0},
    {"OAUTHBEARER, NUL in the token", SASL_OAUTHBEARER,
     BYTES("n,,\x01"
           "auth=Bearer x\0y\x01\x01"),
     SASL_STEP_MALFORMED, 0, 0, 0},
    {"OAUTHBEARER, another scheme", SASL_OAUTHBEARER,
     BYTES("n,,\x01"
           "auth=Basic x\x01\x01"),
     SASL_STEP_MALFORMED, 0, 0, 0},
    {"OAUTHBEARER, binding", SASL_OAUTHBEARER,
     BYTES("p=x,,\x01"
           "auth=Bearer x\x01\x01"),
     SASL_STEP_MALFORMED, 0, 0, 0},
    {"XOAUTH2", SASL_XOAUTH2,
     BYTES("user=someuser@example.com\x01"
           "auth=Bearer ya29.vF9\x01\x01"),
     SASL_STEP_TOKEN, "someuser@example.com", "ya29.vF9", ""},
    {"XOAUTH2, no user", SASL_XOAUTH2, BYTES("auth=Bearer ya29.vF9\x01\x01"), SASL_STEP_MALFORMED,
     0, 0, 0},
    {"SCRAM, RFC 5802", SASL_SCRAM_SHA_1, BYTES("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"),
     SASL_STEP_VERIFIER, "user", "", ""},
    {"SCRAM, commas and equals signs", SASL_SCRAM_SHA_1, BYTES("n,a=x=2Cy,n=a=3Db=2Cc,r=x"),
     SASL_STEP_VERIFIER, "a=b,c", "", "x,y"},
    {"SCRAM, an extension", SASL_SCRAM_SHA_1, BYTES("n,,n=user,r=abc,x=whatever"),
     SASL_STEP_VERIFIER, "user", "", ""},
    {"SCRAM, a mandatory extension", SASL_SCRAM_SHA_1, BYTES("n,,m=x,n=user,r=abc"),
     SASL_STEP_MALFORMED, 0, 0, 0},
    {"SCRAM, another escape", SASL_SCRAM_SHA_1, BYTES("n,,n=a=3db,r=abc"), SASL_STEP_MALFORMED, 0,
     0, 0},
    {"SCRAM, no nonce", SASL_SCRAM_SHA_1, BYTES("n,,n=user,r="), SASL_STEP_MALFORMED, 0, 0, 0},
    {"SCRAM, NUL in the name", SASL_SCRAM_SHA_1, BYTES("n,,n=us\0er,r=abc"), SASL_STEP_MALFORMED, 0,
     0, 0},
    {"SCRAM, no name", SASL_SCRAM_SHA_1, BYTES("n,,n=,r=abc"), SASL_STEP_FAILED, 0, 0, 0},
    {"SCRAM, no header", SASL_SCRAM_SHA_1, BYTES("n=user,r=abc"), SASL_STEP_MALFORMED, 0, 0, 0},
    {"SCRAM, NUL for a flag", SASL_SCRAM_SHA_1, BYTES("\0,,n=user,r=abc"), SASL_STEP_MALFORMED, 0,
     0, 0},
    {"SCRAM, a wrong flag", SASL_SCRAM_SHA_1, BYTES("nn,,n=user,r=abc"), SASL_STEP_MALFORMED, 0, 0,
     0},
    {"SCRAM, binding without -PLUS", SASL_SCRAM_SHA_1,
     BYTES("p=tls-server-end-point,,n=user,r=abc"), SASL_STEP_FAILED, 0, 0, 0},
    {"SCRAM, the client could bind and we cannot", SASL_SCRAM_SHA_1, BYTES("y,,n=user,r=abc"),
     SASL_STEP_VERIFIER, "user", "", ""},
    {"SCRAM-PLUS without binding", SASL_SCRAM_SHA_256_PLUS, BYTES("n,,n=user,r=abc"),
     SASL_STEP_FAILED, 0, 0, 0},
    {"SCRAM-PLUS, another binding", SASL_SCRAM_SHA_256_PLUS, BYTES("p=tls-unique,,n=user,r=abc"),
     SASL_STEP_FAILED, 0, 0, 0},
    {"SCRAM-PLUS", SASL_SCRAM_SHA_256_PLUS, BYTES("p=tls-server-end-point,,n=user,r=abc"),
     SASL_STEP_VERIFIER, "user", "", ""},
};

static void test_first_messages(void) {
  for (size_t i = 0; i < sizeof first_messages / sizeof *first_messages; i++) {
    sasl_server_init(&server, first_messages[i].mechanism, &settings);
    check_step(first_messages[i].name,
               sasl_server_step(&server, first_messages[i].message, first_messages[i].len),
               first_messages[i].step);
    if (!first_messages[i].user) continue;
    CHECK_STR(first_messages[i].name, server.name, first_messages[i].user);
    CHECK_MEM(first_messages[i].name, server.secret, server.secret_len, first_messages[i].secret,
              strlen(first_messages[i].secret));
    CHECK_STR(first_messages[i].name, server.authzid, first_messages[i].authzid);
  }
}

static void test_lengths(void) {
  static char message[SASL_MESSAGE_MAX + 2];
  memset(message, 'a', sizeof message);
  message[0] = message[256] = 0;
  sasl_server_init(&server, SASL_PLAIN, &settings);
  check_step("the longest name", sasl_server_step(&server, message, 1000), SASL_STEP_PASSWORD);
  CHECK_INT("all of the password", server.secret_len, 1000 - 257);
  sasl_server_init(&server, SASL_PLAIN, &settings);
  check_step("the longest message", sasl_server_step(&server, message, SASL_MESSAGE_MAX),
             SASL_STEP_PASSWORD);
  sasl_server_init(&server, SASL_PLAIN, &settings);
  check_step("one byte more", sasl_server_step(&server, message, SASL_MESSAGE_MAX + 1),
             SASL_STEP_MALFORMED);
  message[256] = 'a';
  message[257] = 0;
  sasl_server_init(&server, SASL_PLAIN, &settings);
  check_step("a name that is too long", sasl_server_step(&server, message, 1000), SASL_STEP_FAILED);
  CHECK_STR("and why", server.why, "long");
}

static void test_identities(void) {
  static struct {
    char const *name;
    char const *message;
    size_t len;
    bool want;
  } const cases[] = {
      {"none", BYTES("\0tim\0secret"), true},
      {"the name", BYTES("tim\0tim\0secret"), true},
      {"the name in capitals", BYTES("TIM\0tim\0secret"), true},
      {"somebody else", BYTES("postmaster\0tim\0secret"), false},
      {"a beginning of the name", BYTES("ti\0tim\0secret"), false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    sasl_server_init(&server, SASL_PLAIN, &settings);
    sasl_server_step(&server, cases[i].message, cases[i].len);
    CHECK_INT(cases[i].name, sasl_server_is_own(&server), cases[i].want);
  }
}

/* ---- dialogues ------------------------------------------------------------------------------ */

static void test_login(void) {
  sasl_credentials_t const tim = {.name = "tim", .secret = "tanstaaf tanstaaf"};
  sasl_server_init(&server, SASL_LOGIN, &settings);
  sasl_client_init(&client, SASL_LOGIN, &tim);
  check_step("LOGIN: the server begins", ask(0), SASL_STEP_WAIT);
  check_step("LOGIN: it asks", sasl_server_step(&server, 0, 0), SASL_STEP_SEND);
  check_out("LOGIN: for the name", server.out, server.out_len, "Username:");
  check_step("LOGIN: the client says it", ask("Username:"), SASL_STEP_SEND);
  check_step("LOGIN: the server asks", sasl_server_step(&server, client.out, client.out_len),
             SASL_STEP_SEND);
  check_out("LOGIN: for the password", server.out, server.out_len, "Password:");
  check_step("LOGIN: the client says it", ask("Password:"), SASL_STEP_SEND);
  check_step("LOGIN: it is to be checked", sasl_server_step(&server, client.out, client.out_len),
             SASL_STEP_PASSWORD);
  CHECK_STR("LOGIN: the name", server.name, "tim");
  CHECK_STR("LOGIN: the password", server.secret, "tanstaaf tanstaaf");
  check_step("LOGIN: a third question", ask("Shoe size:"), SASL_STEP_FAILED);
  check_step("LOGIN: a third answer", say("44"), SASL_STEP_MALFORMED);
}

static void test_cram_md5(void) {
  sasl_server_settings_t const rfc = {.challenge = "<1896.697170952@postoffice.reston.mci.net>"};
  sasl_credentials_t const tim = {.name = "tim", .secret = "tanstaaftanstaaf"};
  sasl_server_init(&server, SASL_CRAM_MD5, &rfc);
  sasl_client_init(&client, SASL_CRAM_MD5, &tim);
  check_step("CRAM-MD5: a challenge", sasl_server_step(&server, 0, 0), SASL_STEP_SEND);
  sasl_client_step(&client, server.out, server.out_len);
  check_out("CRAM-MD5: the answer of RFC 2195", client.out, client.out_len,
            "tim b913a602c7eda7a495b4e6e7334d3890");
  check_step("CRAM-MD5: it is to be checked", sasl_server_step(&server, client.out, client.out_len),
             SASL_STEP_DIGEST);
  CHECK_STR("CRAM-MD5: the name", server.name, "tim");
  CHECK_STR("CRAM-MD5: the digest", server.secret, "b913a602c7eda7a495b4e6e7334d3890");

  static struct {
    char const *name, *answer;
    sasl_step_t step;
  } const cases[] = {
      {"a name with blanks", "tim the man b913a602c7eda7a495b4e6e7334d3890", SASL_STEP_DIGEST},
      {"capitals", "tim B913A602C7EDA7A495B4E6E7334D3890", SASL_STEP_DIGEST},
      {"no blank", "b913a602c7eda7a495b4e6e7334d3890", SASL_STEP_MALFORMED},
      {"no name", " b913a602c7eda7a495b4e6e7334d3890", SASL_STEP_FAILED},
      {"a digit less", "tim b913a602c7eda7a495b4e6e7334d389", SASL_STEP_MALFORMED},
      {"no digit", "tim b913a602c7eda7a495b4e6e7334d389g", SASL_STEP_MALFORMED},
      {"nothing", "", SASL_STEP_MALFORMED},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    sasl_server_init(&server, SASL_CRAM_MD5, &rfc);
    sasl_server_step(&server, 0, 0);
    check_step(cases[i].name, say(cases[i].answer), cases[i].step);
    if (cases[i].step == SASL_STEP_DIGEST)
      CHECK_STR(cases[i].name, server.secret, "b913a602c7eda7a495b4e6e7334d3890");
  }
}

static void test_plain_and_external(void) {
  sasl_credentials_t const kurt = {.name = "Kurt", .authzid = "Ursel", .secret = "xipj3plmq"};
  sasl_client_init(&client, SASL_PLAIN, &kurt);
  check_step("PLAIN: an initial response", ask(0), SASL_STEP_SEND);
  CHECK_MEM("PLAIN: as in RFC 4616", client.out, client.out_len, "Ursel\0Kurt\0xipj3plmq", 20);
  check_step("PLAIN: no challenge after it", ask("more?"), SASL_STEP_FAILED);
  sasl_client_init(&client, SASL_EXTERNAL, &kurt);
  check_step("EXTERNAL: an initial response", ask(0), SASL_STEP_SEND);
  check_out("EXTERNAL: the identity", client.out, client.out_len, "Ursel");
  sasl_server_init(&server, SASL_PLAIN, &settings);
  check_step("PLAIN: without initial response", sasl_server_step(&server, 0, 0), SASL_STEP_SEND);
  CHECK_INT("PLAIN: an empty challenge", server.out_len, 0);
  check_step("PLAIN: refused", sasl_server_refuse(&server), SASL_STEP_FAILED);
}

static void test_oauth(sasl_mechanism_t mechanism, char const *first, char const *refusal,
                       char const *consent) {
  char const *const name = sasl_mechanism_table[mechanism].name;
  sasl_credentials_t const user = {.name = "user@example.com", .secret = "vF9"};
  sasl_server_init(&server, mechanism, &settings);
  sasl_client_init(&client, mechanism, &user);
  check_step(name, ask(0), SASL_STEP_SEND);
  check_out(name, client.out, client.out_len, first);
  check_step(name, sasl_server_step(&server, client.out, client.out_len), SASL_STEP_TOKEN);
  check_step(name, sasl_server_refuse(&server), SASL_STEP_SEND);
  check_out(name, server.out, server.out_len, refusal);
  check_step(name, sasl_client_step(&client, server.out, server.out_len), SASL_STEP_SEND);
  check_out(name, client.out, client.out_len, consent);
  check_step(name, sasl_server_step(&server, client.out, client.out_len), SASL_STEP_FAILED);
  check_step(name, ask("again"), SASL_STEP_FAILED);
}

/* ---- SCRAM ---------------------------------------------------------------------------------- */

typedef struct keys {
  unsigned char salt[64], stored[SCRAM_KEY_MAX], server[SCRAM_KEY_MAX];
  sasl_verifier_t verifier;
} keys_t;

static void make_keys(keys_t *keys, br_hash_class const *hash, char const *password,
                      char const *salt) {
  unsigned char salted[SCRAM_KEY_MAX], client_key[SCRAM_KEY_MAX];
  ssize_t const len = base64_decode(keys->salt, salt, strlen(salt));
  scram_salted_password(hash, salted, password, strlen(password), keys->salt, (size_t)len, 4096);
  scram_client_key(hash, client_key, salted);
  scram_stored_key(hash, keys->stored, client_key);
  scram_server_key(hash, keys->server, salted);
  keys->verifier = (sasl_verifier_t){.known = true,
                                     .iterations = 4096,
                                     .salt = keys->salt,
                                     .salt_len = (size_t)len,
                                     .stored_key = keys->stored,
                                     .server_key = keys->server};
}

static void test_scram_example(sasl_mechanism_t mechanism, br_hash_class const *hash,
                               char const *const *nonces, char const *salt,
                               char const *const *messages) {
  char const *const name = sasl_mechanism_table[mechanism].name;
  sasl_server_settings_t const ours = {.nonce = nonces[1]};
  sasl_credentials_t const user = {.name = "user", .secret = "pencil", .nonce = nonces[0]};
  keys_t keys;
  make_keys(&keys, hash, "pencil", salt);
  sasl_server_init(&server, mechanism, &ours);
  sasl_client_init(&client, mechanism, &user);
  check_step(name, ask(0), SASL_STEP_SEND);
  check_out(name, client.out, client.out_len, messages[0]);
  check_step(name, sasl_server_step(&server, client.out, client.out_len), SASL_STEP_VERIFIER);
  check_step(name, sasl_server_verify(&server, &keys.verifier), SASL_STEP_SEND);
  check_out(name, server.out, server.out_len, messages[1]);
  check_step(name, sasl_client_step(&client, server.out, server.out_len), SASL_STEP_SEND);
  check_out(name, client.out, client.out_len, messages[2]);
  CHECK("a success that came too early is not believed", !sasl_client_trusts(&client));
  check_step(name, sasl_server_step(&server, client.out, client.out_len), SASL_STEP_SEND);
  check_out(name, server.out, server.out_len, messages[3]);
  check_step(name, sasl_client_step(&client, server.out, server.out_len), SASL_STEP_SEND);
  CHECK_INT("an empty answer", client.out_len, 0);
  CHECK("the server has proven itself", sasl_client_trusts(&client));
  check_step(name, say(""), SASL_STEP_PROVEN);
  check_step("nothing after the end", say(""), SASL_STEP_MALFORMED);
}

static void test_scram_examples(void) {
  static char const *const sha1_nonces[] = {"fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j"};
  static char const *const sha1[] = {
      "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
      "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
      "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
      "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="};
  static char const *const sha256_nonces[] = {"rOprNGfwEbeRWgbNEkqO",
                                              "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"};
  static char const *const sha256[] = {
      "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      ("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
       "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
      "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="};
  test_scram_example(SASL_SCRAM_SHA_1, &br_sha1_vtable, sha1_nonces, "QSXCR+Q6sek8bf92", sha1);
  test_scram_example(SASL_SCRAM_SHA_256, &br_sha256_vtable, sha256_nonces,
                     "W22ZaJ0SNY7soEsUEjb6gQ==", sha256);
}

/* A whole exchange, up to where it ends, or the proof was accepted. */
static sasl_step_t run_scram(sasl_mechanism_t mechanism, sasl_server_settings_t const *ours,
                             sasl_credentials_t const *user, sasl_verifier_t const *verifier) {
  sasl_server_init(&server, mechanism, ours);
  sasl_client_init(&client, mechanism, user);
  sasl_step_t step = ask(0);
  if (step != SASL_STEP_SEND) return step;
  step = sasl_server_step(&server, client.out, client.out_len);
  if (step != SASL_STEP_VERIFIER) return step;
  sasl_server_verify(&server, verifier);
  step = sasl_client_step(&client, server.out, server.out_len);
  if (step != SASL_STEP_SEND) return step;
  return sasl_server_step(&server, client.out, client.out_len);
}

static void test_scram_outcomes(void) {
  static unsigned char const here[] = "the end point of our certificate";
  static unsigned char const there[] = "that of a man's in the middle";
  sasl_server_settings_t ours = {
      .nonce = "serverserverserver", .end_point = here, .end_point_len = 32};
  sasl_credentials_t user = {.name = "user",
                             .secret = "pencil",
                             .nonce = "clientclient",
                             .end_point = here,
                             .end_point_len = 32,
                             .plus_offered = true};
  keys_t keys;
  make_keys(&keys, &br_sha256_vtable, "pencil", "W22ZaJ0SNY7soEsUEjb6gQ==");
  check_step("-PLUS, the same channel",
             run_scram(SASL_SCRAM_SHA_256_PLUS, &ours, &user, &keys.verifier), SASL_STEP_SEND);
  ours.plus_offered = true;
  check_step("who was offered -PLUS need not take it",
             run_scram(SASL_SCRAM_SHA_256, &ours, &user, &keys.verifier), SASL_STEP_SEND);
  user.plus_offered = false;
  check_step("who was not told of it has been lied to",
             run_scram(SASL_SCRAM_SHA_256, &ours, &user, &keys.verifier), SASL_STEP_FAILED);
  CHECK_STR("and why", server.why, "binding");
  user.end_point = there;
  user.end_point_len = 28;
  check_step("-PLUS, another channel",
             run_scram(SASL_SCRAM_SHA_256_PLUS, &ours, &user, &keys.verifier), SASL_STEP_FAILED);
  CHECK_STR("and why", server.why, "binding");
  user = (sasl_credentials_t){.name = "user", .secret = "Pencil", .nonce = "clientclient"};
  check_step("a wrong password", run_scram(SASL_SCRAM_SHA_256, &ours, &user, &keys.verifier),
             SASL_STEP_FAILED);
  CHECK_STR("and why", server.why, "credentials");
  user.secret = "pencil";
  check_step("without binding, on a channel that could",
             run_scram(SASL_SCRAM_SHA_256, &ours, &user, &keys.verifier), SASL_STEP_SEND);
  keys.verifier.known = false;
  check_step("a made-up verifier fits nobody, even him whose it is",
             run_scram(SASL_SCRAM_SHA_256, &ours, &user, &keys.verifier), SASL_STEP_FAILED);
  keys.verifier.known = true;
  keys.verifier.iterations = 4095;
  check_step("a client does fewer iterations for nobody",
             run_scram(SASL_SCRAM_SHA_256, &ours, &user, &keys.verifier), SASL_STEP_FAILED);
  keys.verifier.iterations = SASL_ITERATIONS_MAX + 1;
  check_step("nor any number", run_scram(SASL_SCRAM_SHA_256, &ours, &user, &keys.verifier),
             SASL_STEP_FAILED);
  check_step("-PLUS needs a channel",
             run_scram(SASL_SCRAM_SHA_256_PLUS, &ours, &user, &keys.verifier), SASL_STEP_FAILED);
}

/* What the server must not take for a final message. */
static void test_scram_final(void) {
  static char const *const cases[] = {
      "",
      "c=biws",
      "c=biws,r=abc3rfcNHYJY1ZVvWVs7j",
      "c=biws,r=abc3rfcNHYJY1ZVvWVs7j,p=",
      "c=biws,r=abc3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4T==",
      "c=biws,r=abc3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=,",
      "r=abc3rfcNHYJY1ZVvWVs7j,c=biws,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
      "c=biws,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
  };
  keys_t keys;
  make_keys(&keys, &br_sha1_vtable, "pencil", "QSXCR+Q6sek8bf92");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    sasl_server_init(&server, SASL_SCRAM_SHA_1, &settings);
    say("n,,n=user,r=abc");
    sasl_server_verify(&server, &keys.verifier);
    check_step(cases[i], say(cases[i]), SASL_STEP_MALFORMED);
  }
  sasl_server_init(&server, SASL_SCRAM_SHA_1, &settings);
  say("n,,n=user,r=abc");
  sasl_server_verify(&server, &keys.verifier);
  check_step("another nonce", say("c=biws,r=abcx,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="),
             SASL_STEP_FAILED);
  sasl_server_init(&server, SASL_SCRAM_SHA_1, &settings);
  say("n,,n=user,r=abc");
  sasl_server_verify(&server, &keys.verifier);
  check_step("another header than at first",
             say("c=eSws,r=abc3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="),
             SASL_STEP_FAILED);
  check_step("no second try", say("c=biws,r=abc3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="),
             SASL_STEP_MALFORMED);
}

/* What the client must not take from a server. */
static void test_scram_servers(void) {
  sasl_credentials_t const user = {.name = "user", .secret = "pencil", .nonce = "abc"};
  static struct {
    char const *first, *final;
    sasl_step_t step;
  } const cases[] = {
      {"", 0, SASL_STEP_MALFORMED},
      {"r=abc,s=QSXCR+Q6sek8bf92,i=4096", 0, SASL_STEP_FAILED},
      {"r=xyz123,s=QSXCR+Q6sek8bf92,i=4096", 0, SASL_STEP_FAILED},
      {"r=abcd,s=,i=4096", 0, SASL_STEP_MALFORMED},
      {"r=abcd,s=QSXCR+Q6sek8bf9,i=4096", 0, SASL_STEP_MALFORMED},
      {"r=abcd,s=QSXCR+Q6sek8bf92,i=04096", 0, SASL_STEP_MALFORMED},
      {"r=abcd,s=QSXCR+Q6sek8bf92,i=99999999", 0, SASL_STEP_MALFORMED},
      {"m=x,r=abcd,s=QSXCR+Q6sek8bf92,i=4096", 0, SASL_STEP_MALFORMED},
      {"r=abcd,s=QSXCR+Q6sek8bf92,i=4096", "", SASL_STEP_FAILED},
      {"r=abcd,s=QSXCR+Q6sek8bf92,i=4096", "e=invalid-proof", SASL_STEP_FAILED},
      {"r=abcd,s=QSXCR+Q6sek8bf92,i=4096", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", SASL_STEP_FAILED},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    sasl_client_init(&client, SASL_SCRAM_SHA_1, &user);
    ask(0);
    sasl_step_t step = ask(cases[i].first);
    if (cases[i].final) step = ask(cases[i].final);
    check_step(cases[i].final ? cases[i].final : cases[i].first, step, cases[i].step);
    CHECK("and it is not believed", !sasl_client_trusts(&client));
  }
}

int main(void) {
  test_first_messages();
  test_lengths();
  test_identities();
  test_login();
  test_cram_md5();
  test_plain_and_external();
  test_oauth(SASL_OAUTHBEARER,
             "n,a=user@example.com,\x01"
             "auth=Bearer vF9\x01\x01",
             "{\"status\":\"invalid_token\"}", "\x01");
  test_oauth(SASL_XOAUTH2,
             "user=user@example.com\x01"
             "auth=Bearer vF9\x01\x01",
             "{\"status\":\"401\",\"schemes\":\"Bearer\"}", "");
  test_scram_examples();
  test_scram_outcomes();
  test_scram_final();
  test_scram_servers();
  return unit_done();
}
