/* lib/tls as a client, without a server: pins as texts, authorities as files, and what chains come
   to. The certificates are those of tests/tls/chain. */
#include <errno.h>
#include <time.h>

#include "../unit.h"
#include "cert/cert.h"
#include "tls/client_chain.h"

#define FOLDER "tests/tls/chain/"

/* Certificates are from November 2026, for ten years. */
enum { GOOD = 1830000000, TOO_EARLY = 1500000000, TOO_LATE = 2140000000 };

/* ---- pins ------------------------------------------------------------------------------------ */

#define ZEROS32 "00000000000000000000000000000000000000000000000000000000000000ff"

static int parse(char const *text, tls_pin_t *pin) {
  static unsigned char storage[64];
  return tls_pin_parse(pin, text, storage, sizeof storage) == 0 ? 0 : errno;
}

static void test_pin_texts(void) {
  static struct {
    char const *text;
    int error;
    unsigned char usage, selector, matching;
    size_t len;
  } const cases[] = {
      {"3 1 1 " ZEROS32, 0, 3, 1, 1, 32},
      {" 2 \t0  2 " ZEROS32 " " ZEROS32, 0, 2, 0, 2, 64},
      {"3 0 0 30 03 02 01 Ff", 0, 3, 0, 0, 5},
      {"SHA256:" ZEROS32, 0, 3, 0, 1, 32},
      {"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8=", 0, 3, 1, 1, 32},
      {"3 1 1 " ZEROS32 "00", EINVAL, 0, 0, 0, 0},
      {"3 1 2 " ZEROS32, EINVAL, 0, 0, 0, 0},
      {"3 1 1", EINVAL, 0, 0, 0, 0},
      {"3 1 1 ", EINVAL, 0, 0, 0, 0},
      {"3 1 1 0", EINVAL, 0, 0, 0, 0},
      {"3 1 1 " ZEROS32 "x", EINVAL, 0, 0, 0, 0},
      {"311 " ZEROS32, EINVAL, 0, 0, 0, 0},
      {"1 1 1 " ZEROS32, EINVAL, 0, 0, 0, 0},
      {"0 0 1 " ZEROS32, EINVAL, 0, 0, 0, 0},
      {"4 1 1 " ZEROS32, EINVAL, 0, 0, 0, 0},
      {"3 2 1 " ZEROS32, EINVAL, 0, 0, 0, 0},
      {"3 1 3 " ZEROS32, EINVAL, 0, 0, 0, 0},
      {"3 1 0 " ZEROS32 ZEROS32 "00", EMSGSIZE, 0, 0, 0, 0},
      {"sha256//AAAA", EINVAL, 0, 0, 0, 0},
      {"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP9=", EINVAL, 0, 0, 0, 0},
      {"SHA256:", EINVAL, 0, 0, 0, 0},
      {"", EINVAL, 0, 0, 0, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    tls_pin_t pin;
    CHECK_INT(cases[i].text, parse(cases[i].text, &pin), cases[i].error);
    if (cases[i].error) continue;
    CHECK("its numbers", pin.usage == cases[i].usage && pin.selector == cases[i].selector &&
                             pin.matching == cases[i].matching);
    CHECK_INT("its length", pin.len, cases[i].len);
    CHECK_INT("its last byte", pin.data[pin.len - 1], 255);
  }
}

static void test_pin_records(void) {
  unsigned char record[3 + 32] = {3, 1, 1};
  tls_pin_t pin;
  CHECK_INT("a record", tls_pin_read(&pin, record, sizeof record), 0);
  CHECK("its data", pin.len == 32 && pin.data == record + 3);
  CHECK_INT("cut", tls_pin_read(&pin, record, sizeof record - 1), -1);
  CHECK_INT("without data", tls_pin_read(&pin, record, 3), -1);
  CHECK_INT("empty", tls_pin_read(&pin, record, 0), -1);
  record[0] = 1;
  CHECK_INT("of a public authority", tls_pin_read(&pin, record, sizeof record), -1);
}

/* ---- authorities ----------------------------------------------------------------------------- */

static char const *read_file(char const *name, size_t *len) {
  static char bytes[65536];
  char path[256];
  snprintf(path, sizeof path, FOLDER "%s.pem", name);
  FILE *const file = fopen(path, "r");
  if (!file) return perror(path), exit(EXIT_FAILURE), NULL;
  *len = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  return bytes;
}

/* The PEM files of these names, blanks between, one after the other. */
static char const *read_files(char const *names, size_t *len) {
  static char all[65536];
  char word[64];
  *len = 0;
  for (int used; sscanf(names, "%63s%n", word, &used) == 1; names += used) {
    size_t n;
    char const *const bytes = read_file(word, &n);
    memcpy(all + *len, bytes, n);
    *len += n;
  }
  return all;
}

static size_t count_anchors(char const *pem, size_t len) {
  tls_anchors_t *const anchors = tls_anchors_read(pem, len);
  size_t const count = anchors ? anchors->count : 0;
  tls_anchors_free(anchors);
  return count;
}

static void test_anchors(void) {
  size_t len;
  char const *pem = read_files("root between rsa", &len);
  CHECK_INT("three authorities", count_anchors(pem, len), 3);
  CHECK_INT("the last newline is missing", count_anchors(pem, len - 1), 3);
  errno = 0;
  CHECK("the last one breaks off", !tls_anchors_read(pem, len - 100) && errno == EINVAL);
  pem = read_files("root ed25519", &len);
  CHECK_INT("a key that we cannot use is left out", count_anchors(pem, len), 1);
  pem = read_files("ed25519", &len);
  errno = 0;
  CHECK("nothing left", !tls_anchors_read(pem, len) && errno == EINVAL);
  CHECK("no text", !tls_anchors_read("", 0));
  CHECK("no certificate", !tls_anchors_read("hello\n", 6));
  CHECK("too much", !tls_anchors_read(pem, TLS_ANCHORS_BYTES + 1) && errno == EFBIG);
  CHECK("no file", !tls_anchors_load("/nonexistent") && errno == ENOENT);
}

/* ---- chains ---------------------------------------------------------------------------------- */

static char const *add_certificate(void *data, char const *label, unsigned char const *der,
                                   size_t len) {
  tls_chain_t *const chain = data;
  (void)label;
  tls_chain_begin(chain, len);
  for (size_t at = 0; at < len; at += 100) /* in pieces, as it comes from the network */
    tls_chain_append(chain, der + at, len - at < 100 ? len - at : 100);
  return NULL;
}

static void make_chain(tls_chain_t *chain, char const *names) {
  size_t len;
  char const *const pem = read_files(names, &len);
  tls_chain_init(chain);
  if (len) cert_pem_each(pem, len, add_certificate, chain);
}

typedef struct chain_case {
  char const *title, *chain, *anchors, *name;
  int64_t time;
  tls_finding_t ca;
} chain_case_t;

static void check_chain(chain_case_t const *test) {
  tls_chain_t chain;
  tls_report_t report = {0};
  size_t len;
  char const *const pem = read_files(test->anchors, &len);
  tls_client_settings_t const settings = {.anchors = tls_anchors_read(pem, len),
                                          .names = &test->name,
                                          .names_count = 1,
                                          .time = test->time};
  make_chain(&chain, test->chain);
  tls_chain_verify(&chain, &settings, &report);
  CHECK_STR(test->title, tls_finding_text(report.ca), tls_finding_text(test->ca));
  CHECK_INT("  pins were not asked", report.pin, TLS_UNASKED);
  tls_anchors_free((tls_anchors_t *)settings.anchors);
}

#define MX "mx.example.test"

static void test_chains(void) {
  static chain_case_t const cases[] = {
      {"a chain", "leaf between", "root", MX, GOOD, TLS_HELD},
      {"with the root", "leaf between root", "root", MX, GOOD, TLS_HELD},
      {"with others between", "leaf self direct between", "root", MX, GOOD, TLS_HELD},
      {"in another order", "leaf root between", "root", MX, GOOD, TLS_HELD},
      {"the root is one of several", "leaf between", "self root", MX, GOOD, TLS_HELD},
      {"trust begins in between", "leaf", "between", MX, GOOD, TLS_HELD},
      {"no chain", "direct", "root", MX, GOOD, TLS_HELD},
      {"signed by RSA's own self", "rsa", "root", MX, GOOD, TLS_HELD},
      {"self-signed, and trusted", "self", "self", MX, GOOD, TLS_HELD},
      {"capitals", "direct", "root", "MX.Example.TEST", GOOD, TLS_HELD},
      {"a star", "leaf between", "root", "a.wild.example.test", GOOD, TLS_HELD},
      {"an address", "leaf between", "root", "192.0.2.1", GOOD, TLS_HELD},
      {"an IPv6 address", "leaf between", "root", "2001:DB8:0::1", GOOD, TLS_HELD},
      {"what is in between is missing", "leaf", "root", MX, GOOD, TLS_UNTRUSTED},
      {"an unknown root", "leaf between", "self", MX, GOOD, TLS_UNTRUSTED},
      {"an unknown root that was sent", "leaf between root", "self", MX, GOOD, TLS_UNTRUSTED},
      {"self-signed", "self", "root", MX, GOOD, TLS_SELF_SIGNED},
      {"too early", "leaf between", "root", MX, TOO_EARLY, TLS_EXPIRED},
      {"too late", "leaf between", "root", MX, TOO_LATE, TLS_EXPIRED},
      {"another name", "leaf between", "root", "example.test", GOOD, TLS_NAME_MISMATCH},
      {"a name below", "leaf between", "root", "a." MX, GOOD, TLS_NAME_MISMATCH},
      {"a star is one label", "leaf between", "root", "a.b.wild.example.test", GOOD,
       TLS_NAME_MISMATCH},
      {"a star is a label", "leaf between", "root", "wild.example.test", GOOD, TLS_NAME_MISMATCH},
      {"another address", "leaf between", "root", "192.0.2.2", GOOD, TLS_NAME_MISMATCH},
      {"an address is no name", "direct", "root", "192.0.2.1", GOOD, TLS_NAME_MISMATCH},
      {"no name", "direct", "root", "", GOOD, TLS_NAME_MISMATCH},
      {"a common name is none", "common-name", "root", "common-name.example.test", GOOD,
       TLS_NAME_MISMATCH},
      {"for clients", "client", "root", MX, GOOD, TLS_WRONG_PURPOSE},
      {"below one that is no authority", "below-leaf leaf between", "root", MX, GOOD,
       TLS_WRONG_PURPOSE},
      {"signed with SHA-1", "sha1", "root", MX, GOOD, TLS_UNSUPPORTED},
      {"a weak key on the way", "below-weak weak", "root", MX, GOOD, TLS_WEAK_KEY},
      {"Ed25519", "ed25519", "root", MX, GOOD, TLS_UNSUPPORTED},
      {"constraints of names", "below-constrained constrained", "root", MX, GOOD, TLS_UNSUPPORTED},
      {"the same, not critical", "below-lax lax", "root", MX, GOOD, TLS_UNSUPPORTED},
      {"an authority for mail alone", "below-for-mail for-mail", "root", MX, GOOD,
       TLS_WRONG_PURPOSE},
      {"one for servers", "below-for-servers for-servers", "root", MX, GOOD, TLS_HELD},
      {"nothing", "", "root", MX, GOOD, TLS_MALFORMED},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_chain(&cases[i]);
}

static void test_now(void) {
  chain_case_t test = {"as of now", "direct", "root", MX, 0, TLS_HELD};
  if (time(NULL) > TOO_LATE || time(NULL) < 1763700000) test.ca = TLS_EXPIRED;
  check_chain(&test);
}

static void test_broken_chains(void) {
  tls_chain_t chain;
  tls_report_t report = {0};
  char const *const name = MX;
  size_t len;
  char const *const pem = read_files("root", &len);
  tls_anchors_t *const anchors = tls_anchors_read(pem, len);
  tls_client_settings_t const settings = {
      .anchors = anchors, .names = &name, .names_count = 1, .time = GOOD};

  make_chain(&chain, "direct");
  chain.bytes[chain.used - 1] ^= 1;
  tls_chain_verify(&chain, &settings, &report);
  CHECK_STR("a signature with a bit changed", tls_finding_text(report.ca), "issuer unknown");

  make_chain(&chain, "leaf between");
  chain.bytes[chain.all[0].len - 1] ^= 1;
  tls_chain_verify(&chain, &settings, &report);
  CHECK_STR("the same below another", tls_finding_text(report.ca), "bad signature");

  make_chain(&chain, "direct");
  chain.all[0].len--;
  tls_chain_verify(&chain, &settings, &report);
  CHECK_STR("cut", tls_finding_text(report.ca), "malformed");
  tls_anchors_free(anchors);
}

static void test_caps(void) {
  static unsigned char const bytes[TLS_CHAIN_BYTES];
  tls_chain_t chain;
  tls_chain_init(&chain);
  for (size_t i = 0; i < TLS_CHAIN_MAX + 2; i++) {
    tls_chain_begin(&chain, 1);
    tls_chain_append(&chain, "x", 1);
  }
  CHECK("more certificates than fit are left out", chain.count == TLS_CHAIN_MAX && chain.is_cut);
  tls_chain_init(&chain);
  tls_chain_begin(&chain, 1);
  tls_chain_append(&chain, "x", 1);
  tls_chain_begin(&chain, TLS_CHAIN_BYTES);
  tls_chain_append(&chain, bytes, TLS_CHAIN_BYTES);
  tls_chain_begin(&chain, 1);
  tls_chain_append(&chain, "x", 1);
  CHECK("and so is all from one that is too large", chain.count == 1 && chain.used == 1);
}

/* ---- pins against chains --------------------------------------------------------------------- */

/* The pin of a certificate of the chain, or of its key. */
static void make_pin(tls_pin_t *pin, tls_chain_t const *chain, size_t at, unsigned char usage,
                     unsigned char selector, unsigned char matching, unsigned char hash[64]) {
  cert_bytes_t from = chain->all[at];
  br_sha256_context sha256;
  br_sha512_context sha512;
  if (selector) cert_public_key(from.at, from.len, &from.at, &from.len);
  *pin = (tls_pin_t){usage, selector, matching, from.len, from.at};
  if (!matching) return;
  br_sha256_init(&sha256);
  br_sha256_update(&sha256, from.at, from.len);
  br_sha512_init(&sha512);
  br_sha512_update(&sha512, from.at, from.len);
  if (matching == 1)
    br_sha256_out(&sha256, hash);
  else
    br_sha512_out(&sha512, hash);
  pin->len = matching == 1 ? 32 : 64;
  pin->data = hash;
}

typedef struct pin_case {
  char const *title;
  size_t of; /* which certificate of leaf, between, root */
  unsigned char usage;
  char const *sent, *name;
  int64_t time;
  tls_finding_t finding;
} pin_case_t;

static void check_pin(pin_case_t const *test, unsigned char selector, unsigned char matching) {
  static tls_pin_t const other = {3, 1, 1, 32, (unsigned char const *)ZEROS32};
  unsigned char hash[64];
  tls_chain_t all, sent;
  tls_pin_t pins[2] = {other};
  tls_report_t report = {.pin_index = 9};
  tls_client_settings_t const settings = {
      .pins = pins, .pins_count = 2, .names = &test->name, .names_count = 1, .time = test->time};
  char title[128];
  make_chain(&all, "leaf between root");
  make_chain(&sent, test->sent);
  make_pin(&pins[1], &all, test->of, test->usage, selector, matching, hash);
  tls_chain_verify(&sent, &settings, &report);
  snprintf(title, sizeof title, "%s (%d %d)", test->title, selector, matching);
  CHECK_STR(title, tls_finding_text(report.pin), tls_finding_text(test->finding));
  if (test->finding == TLS_HELD) CHECK_INT("  which one", report.pin_index, 1);
}

static void test_pins(void) {
  static pin_case_t const cases[] = {
      {"its own", 0, 3, "leaf between", MX, GOOD, TLS_HELD},
      {"its own, whatever the name", 0, 3, "leaf", "x.example", GOOD, TLS_HELD},
      {"its own, whatever the day", 0, 3, "leaf", MX, TOO_LATE, TLS_HELD},
      {"its own alone", 1, 3, "leaf between", MX, GOOD, TLS_NO_MATCH},
      {"of another", 0, 3, "direct", MX, GOOD, TLS_NO_MATCH},
      {"an authority", 1, 2, "leaf between", MX, GOOD, TLS_HELD},
      {"the root", 2, 2, "leaf between root", MX, GOOD, TLS_HELD},
      {"an authority, the name does not fit", 1, 2, "leaf between", "x.example", GOOD,
       TLS_NAME_MISMATCH},
      {"an authority, too late", 1, 2, "leaf between", MX, TOO_LATE, TLS_EXPIRED},
      {"an authority that did not sign", 1, 2, "self between", MX, GOOD, TLS_SELF_SIGNED},
      {"the leaf is no authority", 0, 2, "leaf between", MX, GOOD, TLS_NO_MATCH},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (unsigned char selector = 0; selector < 2; selector++)
      for (unsigned char matching = 0; matching < 3; matching++)
        if (cases[i].usage == 3 || cases[i].of || matching || selector)
          check_pin(&cases[i], selector, matching);
  static pin_case_t const absent = {"an authority that was not sent, but is in the pin",
                                    2,
                                    2,
                                    "leaf between",
                                    MX,
                                    GOOD,
                                    TLS_HELD};
  check_pin(&absent, 0, 0);
  pin_case_t by_hash = absent;
  by_hash.title = "of which there is but a hash";
  by_hash.finding = TLS_NO_MATCH;
  check_pin(&by_hash, 0, 1);
}

/* ---- policies -------------------------------------------------------------------------------- */

static void test_policies(void) {
  tls_report_t const report = {.ca = TLS_EXPIRED, .pin = TLS_HELD};
  CHECK_INT("any", tls_policy_finding(TLS_POLICY_ANY, &report), TLS_HELD);
  CHECK_INT("by authorities", tls_policy_finding(TLS_POLICY_CA, &report), TLS_EXPIRED);
  CHECK_INT("by pins", tls_policy_finding(TLS_POLICY_PIN, &report), TLS_HELD);
}

static void test_settings(void) {
  char const *names[TLS_NAMES_MAX + 1] = {MX};
  tls_pin_t const pin = {3, 1, 1, 32, (unsigned char const *)ZEROS32};
  tls_client_settings_t settings = {.policy = TLS_POLICY_CA, .names = names, .names_count = 1};
  CHECK("authorities are needed", !tls_client_start(&settings) && errno == EINVAL);
  settings = (tls_client_settings_t){.policy = TLS_POLICY_PIN};
  CHECK("pins are needed", !tls_client_start(&settings) && errno == EINVAL);
  settings.pins = &pin;
  settings.pins_count = 1;
  settings.min_version = 0x0304;
  CHECK("TLS 1.3 is too much", !tls_client_start(&settings) && errno == EINVAL);
  settings.min_version = 0x0300;
  CHECK("SSL 3.0 too little", !tls_client_start(&settings) && errno == EINVAL);
  settings = (tls_client_settings_t){.names = names, .names_count = TLS_NAMES_MAX + 1};
  CHECK("too many names", !tls_client_start(&settings) && errno == EINVAL);
}

int main(void) {
  test_pin_texts();
  test_pin_records();
  test_anchors();
  test_chains();
  test_now();
  test_broken_chains();
  test_caps();
  test_pins();
  test_policies();
  test_settings();
  return unit_done();
}
