/* lib/tls as a client against BearSSL's server, in memory. OpenSSL makes the certificates. */
#include "../unit.h"
#include "cert/cert.h"
#include "keyd/keyd.h"
#include "openssl.h"
#include "tls/client_chain.h"

#define NAME "mx.example.test"

/* ---- a server -------------------------------------------------------------------------------- */

typedef struct server {
  br_ssl_server_context ssl;
  cert_chain_t chain;
  cert_key_t key;
  br_x509_certificate certificates[CERT_CHAIN_MAX];
  unsigned char in[BR_SSL_BUFSIZE_INPUT], out[BR_SSL_BUFSIZE_OUTPUT];
} server_t;

static server_t server;

static void read_identity(char const *name) {
  char path[64];
  size_t len;
  snprintf(path, sizeof path, "%s.crt", name);
  char const *pem = file_read(path, &len);
  if (cert_chain_read(&server.chain, pem, len)) abort();
  snprintf(path, sizeof path, "%s.key", name);
  pem = file_read(path, &len);
  if (cert_key_read(&server.key, pem, len)) abort();
  for (size_t i = 0; i < server.chain.count; i++)
    server.certificates[i] = (br_x509_certificate){(unsigned char *)server.chain.certificates[i].at,
                                                   server.chain.certificates[i].len};
}

/* A server that is this certificate's. Its memory of sessions outlives it. */
static void start_server(char const *name) {
  read_identity(name);
  if (server.key.type == CERT_RSA)
    br_ssl_server_init_full_rsa(&server.ssl, server.certificates, server.chain.count,
                                &server.key.rsa);
  else
    br_ssl_server_init_full_ec(&server.ssl, server.certificates, server.chain.count, BR_KEYTYPE_EC,
                               &server.key.ec);
  br_ssl_engine_set_buffers_bidi(&server.ssl.eng, server.in, sizeof server.in, server.out,
                                 sizeof server.out);
  br_ssl_server_reset(&server.ssl);
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static bool pass_to_client(tls_client_t *client) {
  size_t have, room;
  unsigned char const *const from = br_ssl_engine_sendrec_buf(&server.ssl.eng, &have);
  unsigned char *const to = tls_client_receive(client, &room);
  if (!from || !to) return false;
  have = least(have, room);
  memcpy(to, from, have);
  br_ssl_engine_sendrec_ack(&server.ssl.eng, have);
  tls_client_received(client, have);
  return true;
}

static bool pass_to_server(tls_client_t *client) {
  size_t have, room;
  unsigned char const *const from = tls_client_send(client, &have);
  unsigned char *const to = br_ssl_engine_recvrec_buf(&server.ssl.eng, &room);
  if (!from || !to) return false;
  have = least(have, room);
  memcpy(to, from, have);
  tls_client_sent(client, have);
  br_ssl_engine_recvrec_ack(&server.ssl.eng, have);
  return true;
}

static void pass(tls_client_t *client) {
  while (pass_to_client(client) || pass_to_server(client))
    ;
}

static tls_client_t *connect_to(char const *name, tls_client_settings_t const *settings) {
  tls_client_t *const client = tls_client_start(settings);
  if (!client) abort();
  start_server(name);
  pass(client);
  return client;
}

/* ---- what it is asked ------------------------------------------------------------------------ */

static char const *const names[] = {NAME};
static tls_anchors_t *anchors;

static tls_client_settings_t by_ca(void) {
  return (tls_client_settings_t){
      .policy = TLS_POLICY_CA, .names = names, .names_count = 1, .anchors = anchors};
}

static void check_open(char const *title, tls_client_t *client) {
  CHECK_STR(title, tls_client_reason(client), "");
  CHECK_INT("  it is open", tls_client_state(client), TLS_CLIENT_OPEN);
}

static void check_failed(char const *title, tls_client_t *client, char const *reason) {
  CHECK_STR(title, tls_client_reason(client), reason);
  CHECK_INT("  it has failed", tls_client_state(client), TLS_CLIENT_FAILED);
}

static void make(char const *name, char const *algorithm, char const *rest) {
  run("openssl req -x509 -newkey %s -nodes -keyout %s.key -out %s.crt -days 9 %s 2>/dev/null",
      algorithm, name, name, rest);
}

#define P256 "ec -pkeyopt ec_paramgen_curve:P-256"
#define SAN  "-subj /CN=test -addext subjectAltName=DNS:" NAME

static void make_all(void) {
  make("ec", P256, SAN);
  make("rsa", "rsa:2048", SAN);
  make("other", P256, SAN);
  make("client", P256, "-subj /CN=client");
  make("ed25519", "ed25519", SAN);
  run("cat ec.crt rsa.crt >known.pem");
  anchors = tls_anchors_load("known.pem");
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_exchange(void) {
  tls_client_settings_t const settings = by_ca();
  tls_client_t *const client = connect_to("ec", &settings);
  tls_report_t const *const report = tls_client_report(client);
  size_t len;
  check_open("a handshake", client);
  CHECK_STR("the protocol", report->protocol, "TLSv1.2");
  CHECK_STR("the suite", report->cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  CHECK_STR("verified by an authority", tls_finding_text(report->ca), "verified");
  CHECK_INT("not by a pin", report->pin, TLS_UNASKED);
  CHECK_STR("the subject", report->peer_subject, "CN=test");
  CHECK_INT("the channel binding", report->end_point_len, 32);
  CHECK("the hash", !strncmp(report->peer_hash, "SHA256:", 7));
  CHECK_STR("SNI", br_ssl_engine_get_server_name(&server.ssl.eng), NAME);

  memcpy(tls_client_write(client, &len), "hello", 5);
  tls_client_written(client, 5);
  tls_client_flush(client);
  pass(client);
  unsigned char *bytes = br_ssl_engine_recvapp_buf(&server.ssl.eng, &len);
  CHECK_MEM("bytes arrive", (char *)bytes, len, "hello", 5);
  br_ssl_engine_recvapp_ack(&server.ssl.eng, len);

  memcpy(br_ssl_engine_sendapp_buf(&server.ssl.eng, &len), "world", 5);
  br_ssl_engine_sendapp_ack(&server.ssl.eng, 5);
  br_ssl_engine_flush(&server.ssl.eng, 0);
  pass(client);
  unsigned char const *const answer = tls_client_read(client, &len);
  CHECK_MEM("and come back", (char const *)answer, len, "world", 5);
  tls_client_was_read(client, len);

  br_ssl_engine_close(&server.ssl.eng);
  pass(client);
  CHECK_INT("the server's end is told", tls_client_state(client), TLS_CLIENT_CLOSED);
  CHECK("and nothing more is read", !tls_client_read(client, &len));
  tls_client_end(client);
}

static void test_our_end(void) {
  tls_client_settings_t const settings = by_ca();
  tls_client_t *const client = connect_to("rsa", &settings);
  check_open("RSA", client);
  tls_client_close(client);
  pass(client);
  CHECK_INT("our end is told to the server", br_ssl_engine_current_state(&server.ssl.eng),
            BR_SSL_CLOSED);
  CHECK_INT("which is no error", br_ssl_engine_last_error(&server.ssl.eng), BR_ERR_OK);
  tls_client_end(client);
}

static void test_refusal(void) {
  char const *const other_names[] = {"elsewhere.example.test"};
  tls_client_settings_t settings = by_ca();
  settings.names = other_names;
  tls_client_t *const client = tls_client_start(&settings);
  start_server("ec");
  while (pass_to_server(client) ||
         (tls_client_state(client) == TLS_CLIENT_HANDSHAKE && pass_to_client(client)))
    ;
  check_failed("another name", client, "certificate: name mismatch");
  CHECK_INT("the server is told why", br_ssl_engine_last_error(&server.ssl.eng),
            BR_ERR_RECV_FATAL_ALERT + 42);
  CHECK_STR("the report too", tls_finding_text(tls_client_report(client)->ca), "name mismatch");
  tls_client_end(client);
}

static void check_finding(char const *title, char const *who, tls_client_settings_t const *settings,
                          char const *reason, tls_finding_t ca, tls_finding_t pin) {
  tls_client_t *const client = connect_to(who, settings);
  if (*reason)
    check_failed(title, client, reason);
  else
    check_open(title, client);
  CHECK_STR("  authorities", tls_finding_text(tls_client_report(client)->ca), tls_finding_text(ca));
  CHECK_STR("  pins", tls_finding_text(tls_client_report(client)->pin), tls_finding_text(pin));
  tls_client_end(client);
}

static void test_policies(void) {
  unsigned char hash[64];
  size_t len;
  tls_pin_t pin;
  tls_client_settings_t settings = by_ca();
  check_finding("a stranger", "other", &settings, "certificate: self-signed", TLS_SELF_SIGNED,
                TLS_UNASKED);
  settings.policy = TLS_POLICY_ANY;
  check_finding("a stranger is welcome", "other", &settings, "", TLS_SELF_SIGNED, TLS_UNASKED);

  run("openssl x509 -in other.crt -noout -pubkey | openssl pkey -pubin -outform DER |"
      " openssl dgst -sha256 -binary | openssl base64 | sed 's,^,sha256//,' | tr -d '\\n' >pin");
  char text[64] = "";
  char const *const written = file_read("pin", &len);
  memcpy(text, written, least(len, sizeof text - 1));
  CHECK_INT("OpenSSL's pin", tls_pin_parse(&pin, text, hash, sizeof hash), 0);
  settings.pins = &pin;
  settings.pins_count = 1;
  settings.policy = TLS_POLICY_PIN;
  check_finding("pinned", "other", &settings, "", TLS_SELF_SIGNED, TLS_HELD);
  check_finding("not pinned, but known", "ec", &settings, "certificate: no pin matches", TLS_HELD,
                TLS_NO_MATCH);
}

/* ---- versions and suites --------------------------------------------------------------------- */

static tls_client_t *connect_limited(tls_client_settings_t const *settings, unsigned int version,
                                     uint16_t suite) {
  tls_client_t *const client = tls_client_start(settings);
  start_server("rsa");
  br_ssl_engine_set_versions(&server.ssl.eng, version, version);
  if (suite) br_ssl_engine_set_suites(&server.ssl.eng, &suite, 1);
  br_ssl_server_reset(&server.ssl);
  pass(client);
  return client;
}

static void test_old_servers(void) {
  tls_client_settings_t settings = by_ca();
  settings.weak_suites = true;
  tls_client_t *client = connect_limited(&settings, BR_TLS10, 0);
  check_failed("TLS 1.0 is not wanted", client, "no protocol version in common, or not TLS");
  tls_client_end(client);
  settings.min_version = BR_TLS10;
  client = connect_limited(&settings, BR_TLS10, 0);
  check_open("unless it is", client);
  CHECK_STR("  the protocol", tls_client_report(client)->protocol, "TLSv1.0");
  tls_client_end(client);

  settings = by_ca();
  client = connect_limited(&settings, BR_TLS12, BR_TLS_RSA_WITH_AES_128_GCM_SHA256);
  check_failed("key exchange by RSA is not wanted", client,
               "the server sent an alert: handshake_failure");
  tls_client_end(client);
  settings.weak_suites = true;
  client = connect_limited(&settings, BR_TLS12, BR_TLS_RSA_WITH_AES_128_CBC_SHA);
  check_open("unless it is", client);
  CHECK_STR("  the suite", tls_client_report(client)->cipher, "TLS_RSA_WITH_AES_128_CBC_SHA");
  tls_client_end(client);
}

/* ---- nonsense -------------------------------------------------------------------------------- */

static void check_bytes(char const *title, void const *bytes, size_t len, char const *reason) {
  tls_client_settings_t const settings = by_ca();
  tls_client_t *const client = tls_client_start(&settings);
  unsigned char const *at = bytes;
  unsigned char *to;
  for (size_t room, left = len; left && (to = tls_client_receive(client, &room));) {
    room = least(room, left);
    memcpy(to, at, room);
    tls_client_received(client, room);
    at += room;
    left -= room;
    while (tls_client_send(client, &room)) tls_client_sent(client, room);
  }
  check_failed(title, client, reason);
  tls_client_end(client);
}

static void test_nonsense(void) {
  check_bytes("SMTP", "220 mx.example.test ESMTP\r\n", 27,
              "no protocol version in common, or not TLS");
  check_bytes("an alert", "\x15\x03\x03\x00\x02\x02\x28", 7,
              "the server sent an alert: handshake_failure");
  check_bytes("an end", "\x15\x03\x03\x00\x02\x01\x00", 7,
              "the server closed during the handshake");
  check_bytes("bytes before the handshake", "\x17\x03\x03\x00\x01x", 6, "unexpected message");
  check_bytes("a record that is too long", "\x16\x03\x03\xff\xff", 5, "bad record length");
}

static void test_unusable_key(void) {
  size_t len;
  tls_client_settings_t settings = by_ca();
  settings.policy = TLS_POLICY_ANY;
  tls_client_t *const client = tls_client_start(&settings);
  start_server("ec");
  char const *const pem = file_read("ed25519.crt", &len);
  if (cert_chain_read(&server.chain, pem, len)) abort();
  server.certificates[0] = (br_x509_certificate){(unsigned char *)server.chain.certificates[0].at,
                                                 server.chain.certificates[0].len};
  pass(client);
  check_failed("a key that we cannot use", client, "certificate: unsupported");
  tls_client_end(client);
}

static void test_usages(void) {
  make("usage", P256, SAN " -addext keyUsage=keyAgreement");
  tls_anchors_t *const trusted = tls_anchors_load("usage.crt");
  tls_client_settings_t settings = by_ca();
  settings.anchors = trusted;
  check_finding("a key that may not sign", "usage", &settings, "key not for this use", TLS_HELD,
                TLS_UNASKED);
  settings.policy = TLS_POLICY_ANY;
  check_finding("when nobody minds", "usage", &settings, "", TLS_HELD, TLS_UNASKED);
  tls_anchors_free(trusted);
}

/* ---- our certificate ------------------------------------------------------------------------- */

static void connect_with_certificate(char const *title, keyd_t *keyd, char const *subject) {
  static br_x509_minimal_context verifier;
  tls_client_settings_t settings = by_ca();
  char found[64] = "";
  br_name_element element = {(unsigned char const *)"\x03\x55\x04\x03", found, sizeof found, 0};
  settings.keyd = keyd;
  tls_client_t *const client = tls_client_start(&settings);
  start_server("ec");
  tls_anchors_t *const known = tls_anchors_load("client.crt");
  br_x509_minimal_init_full(&verifier, known->all, known->count);
  br_x509_minimal_set_name_elements(&verifier, &element, 1);
  br_ssl_engine_set_default_rsavrfy(&server.ssl.eng);
  br_ssl_engine_set_default_ecdsa(&server.ssl.eng);
  br_ssl_engine_set_x509(&server.ssl.eng, &verifier.vtable);
  br_ssl_server_set_trust_anchor_names_alt(&server.ssl, known->all, known->count);
  br_ssl_engine_add_flags(&server.ssl.eng, BR_OPT_TOLERATE_NO_CLIENT_AUTH);
  br_ssl_server_reset(&server.ssl);
  pass(client);
  check_open(title, client);
  CHECK_STR("  who we are", found, subject);
  tls_client_end(client);
  tls_anchors_free(known);
}

static void test_our_certificate(void) {
  char const *reason;
  keyd_t keyd;
  run("cat client.crt client.key >client.pem");
  CHECK_INT("our key", keyd_open_file(&keyd, "client.pem", &reason), 0);
  connect_with_certificate("a server that asks who we are", &keyd, "client");
  keyd_close(&keyd);
  connect_with_certificate("whom we do not tell", NULL, "");
}

int main(void) {
  folder_make();
  make_all();
  test_exchange();
  test_our_end();
  test_refusal();
  test_policies();
  test_old_servers();
  test_nonsense();
  test_unusable_key();
  test_usages();
  test_our_certificate();
  tls_anchors_free(anchors);
  folder_remove();
  return unit_done();
}
