/* lib/cert against certificates that OpenSSL makes. */
#include "../unit.h"
#include "cert/cert.h"
#include "openssl.h"

#define QUIET " 2>/dev/null"

static cert_chain_t chain;
static cert_key_t key;

static char const *read_chain(char const *name) {
  size_t len;
  char const *const pem = file_read(name, &len);
  return cert_chain_read(&chain, pem, len);
}

static char const *read_key(char const *name) {
  size_t len;
  char const *const pem = file_read(name, &len);
  return cert_key_read(&key, pem, len);
}

static cert_bytes_t leaf(void) {
  return chain.certificates[0];
}

/* Makes name.key and name.crt; algorithm and rest are OpenSSL's words. */
static void make(char const *name, char const *algorithm, char const *rest) {
  run("openssl req -x509 -newkey %s -nodes -keyout %s.key -out %s.crt -days 9 %s" QUIET, algorithm,
      name, name, rest);
}

static char const p256[] = "ec -pkeyopt ec_paramgen_curve:P-256";
static char const p384[] = "ec -pkeyopt ec_paramgen_curve:P-384";

static void make_all(void) {
  make("rsa", "rsa:2048",
       "-subj /CN=mail.example -addext subjectAltName=DNS:mail.example,DNS:*.example.net");
  make("p256", p256, "-subj /CN=old.example -sha256");
  make("p384", p384, "-subj /CN=x -sha384");
  make("p521", "ec -pkeyopt ec_paramgen_curve:P-521", "-subj /CN=x");
  make("ed", "ed25519", "-subj /CN=x");
  make("other", p256, "-subj /CN=x");
}

/* ---- certificates ---------------------------------------------------------------------------- */

/* What OpenSSL says of it. */
static char const *ask(char const *name, char const *question) {
  static char answer[2048];
  run("openssl x509 -in %s.crt -noout %s >answer", name, question);
  size_t len;
  char const *const bytes = file_read("answer", &len);
  snprintf(answer, sizeof answer, "%.*s", (int)len, bytes);
  answer[strcspn(answer, "\n")] = 0;
  return answer;
}

static void test_hashes(void) {
  char text[CERT_HASH_TEXT], want[CERT_HASH_TEXT];
  unsigned char hash[CERT_END_POINT_MAX];
  read_chain("rsa.crt");
  run("openssl x509 -in rsa.crt -outform DER | sha256sum | cut -c1-64 >answer");
  size_t len;
  char const *const digits = file_read("answer", &len);
  snprintf(want, sizeof want, "SHA256:%.64s", digits);
  cert_hash_text(leaf().at, leaf().len, text);
  CHECK_STR("the hash of a certificate", text, want);
  CHECK_INT("end point: SHA-256", cert_end_point(leaf().at, leaf().len, hash), 32);
  for (size_t i = 0; i < 32; i++) sprintf(text + 2 * i, "%02x", hash[i]);
  CHECK_STR("end point: is the hash then", text, want + 7);
  read_chain("p384.crt");
  CHECK_INT("end point: SHA-384", cert_end_point(leaf().at, leaf().len, hash), 48);
  read_chain("ed.crt");
  CHECK_INT("end point: none for Ed25519", cert_end_point(leaf().at, leaf().len, hash), 0);
}

static void test_end_point_of(char const *digest, char const *more, size_t want) {
  char rest[256], name[64];
  unsigned char hash[CERT_END_POINT_MAX];
  snprintf(rest, sizeof rest, "-subj /CN=x -%s %s", digest, more);
  snprintf(name, sizeof name, "end point: %s %s", digest, more);
  make("digest", "rsa:1024", rest);
  read_chain("digest.crt");
  CHECK_INT(name, cert_end_point(leaf().at, leaf().len, hash), want);
}

static void test_end_points(void) {
  test_end_point_of("sha1", "", 32);
  test_end_point_of("sha512", "", 64);
  test_end_point_of("sha256", "-sigopt rsa_padding_mode:pss", 32);
  test_end_point_of("sha384", "-sigopt rsa_padding_mode:pss", 48);
}

static void test_purpose(char const *title, char const *extension, bool servers, bool clients) {
  char rest[256];
  snprintf(rest, sizeof rest, "-subj /CN=x %s", extension);
  make("purpose", p256, rest);
  read_chain("purpose.crt");
  CHECK_INT(title, cert_is_for(leaf().at, leaf().len, CERT_FOR_SERVERS), servers);
  CHECK_INT("  for clients", cert_is_for(leaf().at, leaf().len, CERT_FOR_CLIENTS), clients);
}

static void test_purposes(void) {
  test_purpose("for whatever", "", true, true);
  test_purpose("for servers", "-addext extendedKeyUsage=serverAuth", true, false);
  test_purpose("for clients and mail", "-addext extendedKeyUsage=emailProtection,clientAuth", false,
               true);
  test_purpose("for any", "-addext extendedKeyUsage=codeSigning,anyExtendedKeyUsage", true, true);
  test_purpose("damaged", "-addext 2.5.29.37=DER:0402", false, false);
  CHECK("what is no certificate", !cert_is_for(leaf().at, leaf().len - 1, CERT_FOR_SERVERS));
}

static void test_subject(char const *title, char const *subject, char const *want) {
  char text[CERT_SUBJECT_MAX] = "", rest[1024];
  snprintf(rest, sizeof rest, "-utf8 -multivalue-rdn -subj '%s'", subject);
  make("subject", p256, rest);
  read_chain("subject.crt");
  CHECK_INT(title, cert_subject(leaf().at, leaf().len, text), 0);
  CHECK_STR(title, text, want);
}

static void test_subjects(void) {
  char subject[900] = "", *at = subject;
  test_subject("subject: last first", "/C=XX/O=Example/CN=mail.example",
               "CN=mail.example,O=Example,C=XX");
  test_subject("subject: several values", "/O=a/CN=b+UID=c", "CN=b+UID=c,O=a");
  test_subject("subject: escapes", "/CN= a,b;c\\+\"<>  ", "CN=\\ a\\,b\\;c\\+\\\"\\<\\> \\ ");
  test_subject("subject: UTF-8 in hex", "/CN=\xc3\xa9", "CN=\\c3\\a9");
  test_subject("subject: a type without a keyword", "/serialNumber=7", "2.5.4.5=7");
  test_subject("subject: empty", "/", "");
  for (int i = 0; i < 12; i++) at += sprintf(at, "/OU=%060d", i);
  char text[CERT_SUBJECT_MAX];
  char rest[1024];
  snprintf(rest, sizeof rest, "-subj '%s'", subject);
  make("subject", p256, rest);
  read_chain("subject.crt");
  CHECK_INT("subject: a long one", cert_subject(leaf().at, leaf().len, text), 0);
  CHECK_INT("subject: is cut", strlen(text), CERT_SUBJECT_MAX - 1);
  CHECK_INT("subject: of no certificate", cert_subject((unsigned char const *)"0", 1, text), -1);
}

static void test_validity(void) {
  int64_t from, to;
  make("time", p256, "-subj /CN=x");
  read_chain("time.crt");
  CHECK_INT("validity", cert_validity(leaf().at, leaf().len, &from, &to), 0);
  CHECK_INT("validity: 9 days", to - from, 9 * 86400);
  run("date -u -d '%s' +%%s >answer", ask("time", "-startdate") + strlen("notBefore="));
  size_t len;
  CHECK_INT("validity: begins when OpenSSL says", from, atoll(file_read("answer", &len)));
  make("time", p256, "-subj /CN=x -days 36500");
  read_chain("time.crt");
  cert_validity(leaf().at, leaf().len, &from, &to);
  CHECK_INT("validity: beyond 2050", to - from, INT64_C(36500) * 86400);
}

static void test_public_key(void) {
  unsigned char const *spki;
  size_t spki_len, len;
  read_chain("p256.crt");
  run("openssl x509 -in p256.crt -noout -pubkey | openssl pkey -pubin -outform DER >answer");
  CHECK_INT("public key", cert_public_key(leaf().at, leaf().len, &spki, &spki_len), 0);
  char const *const want = file_read("answer", &len);
  CHECK_MEM("public key: as OpenSSL has it", (char const *)spki, spki_len, want, len);
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool matches(char const *pattern, char const *name) {
  return cert_name_matches(pattern, strlen(pattern), name);
}

static void test_matching(void) {
  CHECK("name: the same", matches("mail.example", "mail.example"));
  CHECK("name: case aside", matches("Mail.Example", "mAIL.eXAMPLE"));
  CHECK("name: another", !matches("mail.example", "mail.example.net"));
  CHECK("name: a longer one", !matches("mail.example", "a.mail.example"));
  CHECK("wildcard: one label", matches("*.example.net", "a.example.net"));
  CHECK("wildcard: not two", !matches("*.example.net", "a.b.example.net"));
  CHECK("wildcard: not none", !matches("*.example.net", "example.net"));
  CHECK("wildcard: not an empty one", !matches("*.example.net", ".example.net"));
  CHECK("wildcard: two labels behind it", !matches("*.net", "example.net"));
  CHECK("wildcard: within a label it is none", !matches("a*.example.net", "ab.example.net"));
  CHECK("wildcard: alone", !matches("*", "example"));
  CHECK("name: empty", !matches("", ""));
  CHECK("name: a part of the pattern", !cert_name_matches("mail.example", 4, "mail.example"));
}

/* The names of a certificate, blanks between, "CN:" before a common name. */
static char const *names_of(char const *name) {
  static char text[1024];
  size_t len = 0;
  cert_names_t names;
  cert_bytes_t one;
  read_chain(name);
  cert_names_begin(&names, leaf().at, leaf().len);
  text[0] = 0;
  while (cert_names_next(&names, &one))
    len += (size_t)snprintf(text + len, sizeof text - len, "%s%s%.*s", len ? " " : "",
                            names.is_common_name ? "CN:" : "", (int)one.len, one.at);
  return text;
}

static void test_names(void) {
  CHECK_STR("names: dNSNames", names_of("rsa.crt"), "mail.example *.example.net");
  CHECK_STR("names: the common name at last", names_of("p256.crt"), "CN:old.example");
  make("names", p256, "-subj /CN=no.example -addext subjectAltName=IP:127.0.0.1,email:a@b.example");
  CHECK_STR("names: a subjectAltName, then no common name", names_of("names.crt"), "");
  make("names", p256,
       "-subj /CN=no.example -addext 'subjectAltName=DNS:a "
       "b,DNS:../c,DNS:a*b.example,DNS:d.example'");
  CHECK_STR("names: no host names are left out", names_of("names.crt"), "d.example");
  make("names", p256, "-subj '/CN=A person'");
  CHECK_STR("names: nor is a person one", names_of("names.crt"), "");
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void test_key(char const *title, char const *file, char const *wrong) {
  CHECK_STR(title, read_key(file), wrong);
}

static bool fits(char const *key_file, char const *certificate) {
  cert_public_t public;
  if (read_key(key_file) || read_chain(certificate)) return false;
  return !cert_public_read(&public, leaf().at, leaf().len) && cert_key_matches(&key, &public);
}

static void test_keys(void) {
  static char const encrypted[] = "the private key is encrypted: decrypt it, with openssl pkey say";
  run("openssl rsa -in rsa.key -traditional -out rsa1.key" QUIET);
  run("openssl ec -in p256.key -out sec1.key" QUIET);
  run("openssl ec -in p256.key -param_out -out parameters.key" QUIET
      " && cat sec1.key >>parameters.key");
  run("openssl pkey -in rsa.key -aes128 -passout pass:x -out encrypted8.key");
  run("openssl rsa -in rsa.key -traditional -aes128 -passout pass:x -out encrypted1.key" QUIET);
  run("head -c 900 rsa.key >cut.key; sed 's/\\(....\\)A/\\1B/' rsa.key >bent.key");
  run("openssl genrsa 512 >small.key" QUIET);
  make("big", "rsa:4096", "-subj /CN=x");
  test_key("RSA, PKCS#8", "rsa.key", NULL);
  CHECK_INT("its bits", key.bits, 2048);
  test_key("RSA, PKCS#1", "rsa1.key", NULL);
  test_key("RSA of 4096 bits", "big.key", NULL);
  test_key("EC, PKCS#8", "p256.key", NULL);
  test_key("EC, SEC 1", "sec1.key", NULL);
  test_key("EC with its parameters before it", "parameters.key", NULL);
  test_key("EC, P-384", "p384.key", NULL);
  test_key("encrypted, PKCS#8", "encrypted8.key", encrypted);
  test_key("encrypted, OpenSSL's old way", "encrypted1.key", encrypted);
  test_key("P-521", "p521.key", "an elliptic curve other than P-256 and P-384");
  test_key("RSA of 512 bits", "small.key", "an RSA key of less than 1024 bits");
  test_key("Ed25519", "ed.key", "the private key is neither RSA nor EC, or damaged");
  test_key("none", "rsa.crt", "no private key in it");
  CHECK("a cut one", read_key("cut.key"));
  CHECK("a key fits: RSA", fits("rsa1.key", "rsa.crt"));
  CHECK("a key fits: RSA of 4096 bits", fits("big.key", "big.crt"));
  CHECK("a key fits: P-256", fits("sec1.key", "p256.crt"));
  CHECK("a key fits: P-384", fits("p384.key", "p384.crt"));
  CHECK("a key does not fit: another of its kind", !fits("other.key", "p256.crt"));
  CHECK("a key does not fit: another kind", !fits("rsa.key", "p256.crt"));
  CHECK("a key does not fit: a bent one", !fits("bent.key", "rsa.crt"));
}

/* ---- chains ---------------------------------------------------------------------------------- */

static void test_chains(void) {
  run("cat p256.crt rsa.key rsa.crt >two.pem");
  CHECK_STR("a chain with a key within", read_chain("two.pem"), NULL);
  CHECK_INT("a chain: two certificates", chain.count, 2);
  run("printf '%%s' \"$(cat p256.crt)\" >bare.pem; sed 's/$/\\r/' p256.crt >crlf.pem");
  CHECK_STR("a chain: no newline at the end", read_chain("bare.pem"), NULL);
  CHECK_STR("a chain: CRLF", read_chain("crlf.pem"), NULL);
  run("for i in 1 2 3 4 5 6 7 8 9; do cat p256.crt; done >nine.pem; head -c 300 p256.crt >cut.pem; "
      ": >empty.pem");
  CHECK_STR("a chain: too long", read_chain("nine.pem"), "the chain is too long");
  CHECK("a chain: cut", read_chain("cut.pem"));
  CHECK_STR("a chain: empty", read_chain("empty.pem"), "no certificate in it");
  CHECK_STR("a chain: a key alone", read_chain("rsa.key"), "no certificate in it");
}

static cert_signed_t is_signed(char const *file) {
  if (read_chain(file)) return CERT_SIGNED_UNKNOWN;
  cert_bytes_t const *const all = chain.certificates;
  return cert_signed_by(all[0].at, all[0].len, all[1].at, all[1].len);
}

static void test_issue(char const *title, char const *ca, char const *options, cert_signed_t want) {
  run("openssl req -new -key other.key -subj /CN=leaf | openssl x509 -req -CA %s.crt -CAkey %s.key "
      "-CAcreateserial -days 3 %s -out leaf.crt" QUIET,
      ca, ca, options);
  run("cat leaf.crt %s.crt >issued.pem", ca);
  CHECK_INT(title, is_signed("issued.pem"), want);
}

static void test_signatures(void) {
  test_issue("signed with RSA and SHA-256", "rsa", "-sha256", CERT_SIGNED);
  test_issue("signed with RSA and SHA-512", "rsa", "-sha512", CERT_SIGNED);
  test_issue("signed with P-256", "p256", "", CERT_SIGNED);
  test_issue("signed with P-384", "p384", "-sha384", CERT_SIGNED);
  test_issue("signed with PSS: not known", "rsa", "-sigopt rsa_padding_mode:pss",
             CERT_SIGNED_UNKNOWN);
  test_issue("signed with Ed25519: not known", "ed", "", CERT_SIGNED_UNKNOWN);
  run("cat p256.crt other.crt >unrelated.pem; cat rsa.crt p256.crt >mixed.pem");
  CHECK_INT("not signed by another", is_signed("unrelated.pem"), CERT_NOT_SIGNED);
  CHECK_INT("not signed by a key of another kind", is_signed("mixed.pem"), CERT_NOT_SIGNED);
}

int main(void) {
  folder_make();
  make_all();
  test_hashes();
  test_end_points();
  test_subjects();
  test_purposes();
  test_validity();
  test_public_key();
  test_matching();
  test_names();
  test_keys();
  test_chains();
  test_signatures();
  folder_remove();
  return unit_done();
}
