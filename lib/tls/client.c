#include <arpa/inet.h>
#include <bearssl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tls/client_chain.h"
#include "tls/client_identity.h"
#include "tls/suites.h"

#define REASON_MAX 128

typedef struct alert {
  size_t len, sent;
  unsigned char record[7];
} alert_t;

/* What BearSSL hands the server's certificates to. */
typedef struct judge {
  br_x509_class const *vtable; /* first, for BearSSL */
  tls_client_settings_t settings;
  tls_finding_t finding;
  tls_report_t *report;
  br_x509_pkey const *key;
  br_x509_decoder_context decoder; /* holds key */
  tls_chain_t chain;
} judge_t;

struct tls_client {
  br_ssl_client_context ssl;
  bool is_open;
  char reason[REASON_MAX];
  alert_t alert; /* that we refuse its certificate: BearSSL would just go silent */
  tls_report_t report;
  unsigned char in[BR_SSL_BUFSIZE_INPUT], out[BR_SSL_BUFSIZE_OUTPUT];
  /* No secrets from here on. */
  judge_t judge;
  tls_identity_t identity;
};

/* ---- certificates ---------------------------------------------------------------------------- */

typedef br_x509_class const *class_t;

static judge_t *judge_of(class_t const *self) {
  return (judge_t *)(void *)self;
}

static void start_chain(class_t *self, char const *name) {
  judge_t *const judge = judge_of(self);
  (void)name;
  judge->key = NULL;
  tls_chain_init(&judge->chain);
}

static void start_certificate(class_t *self, uint32_t len) {
  tls_chain_begin(&judge_of(self)->chain, len);
}

static void append(class_t *self, unsigned char const *bytes, size_t len) {
  tls_chain_append(&judge_of(self)->chain, bytes, len);
}

static void end_certificate(class_t *self) {
  (void)self;
}

static unsigned int end_chain(class_t *self) {
  judge_t *const judge = judge_of(self);
  tls_chain_verify(&judge->chain, &judge->settings, judge->report);
  judge->finding = tls_policy_finding(judge->settings.policy, judge->report);
  if (judge->finding != TLS_HELD) return BR_ERR_X509_NOT_TRUSTED;
  judge->key = tls_chain_key(&judge->chain, &judge->decoder);
  if (!judge->key) judge->finding = TLS_UNSUPPORTED;
  return judge->key ? 0 : BR_ERR_X509_UNSUPPORTED;
}

/* Usages bind where an authority's word counts; a key that is known itself, or not at all, is good
   for whatever its owner does with it. */
static br_x509_pkey const *get_key(class_t const *self, unsigned int *usages) {
  judge_t const *const judge = judge_of(self);
  bool const bound = judge->settings.policy == TLS_POLICY_CA;
  if (usages) *usages = bound ? tls_chain_usages(&judge->chain) : BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
  return judge->key;
}

static br_x509_class const judge_class = {
    .context_size = sizeof(judge_t),
    .start_chain = start_chain,
    .start_cert = start_certificate,
    .append = append,
    .end_cert = end_certificate,
    .end_chain = end_chain,
    .get_pkey = get_key,
};

/* ---- setting up ------------------------------------------------------------------------------ */

static bool make_sense(tls_client_settings_t const *settings) {
  uint16_t const version = settings->min_version;
  if (version && (version < BR_TLS10 || version > BR_TLS12)) return false;
  if (settings->names_count > TLS_NAMES_MAX) return false;
  switch (settings->policy) {
  case TLS_POLICY_ANY: return true;
  case TLS_POLICY_CA: return settings->names_count && settings->anchors;
  case TLS_POLICY_PIN: return settings->pins_count;
  }
  return false;
}

static void set_algorithms(br_ssl_client_context *ssl, bool weak) {
  br_ssl_engine_context *const engine = &ssl->eng;
  uint16_t suites[TLS_SUITES_MAX];
  br_ssl_engine_set_suites(engine, suites, tls_suites_list(suites, weak));
  br_ssl_client_set_default_rsapub(ssl);
  br_ssl_engine_set_default_rsavrfy(engine);
  br_ssl_engine_set_default_ecdsa(engine);
  br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
  br_ssl_engine_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
  br_ssl_engine_set_hash(engine, br_sha512_ID, &br_sha512_vtable);
  br_ssl_engine_set_prf_sha256(engine, br_tls12_sha256_prf);
  br_ssl_engine_set_prf_sha384(engine, br_tls12_sha384_prf);
  br_ssl_engine_set_default_aes_gcm(engine);
  br_ssl_engine_set_default_chapol(engine);
}

/* What TLS 1.2 has no need of: hashes and the function that keys are derived with before it. */
static void set_old_algorithms(br_ssl_client_context *ssl) {
  br_ssl_engine_context *const engine = &ssl->eng;
  br_ssl_engine_set_hash(engine, br_md5_ID, &br_md5_vtable);
  br_ssl_engine_set_hash(engine, br_sha1_ID, &br_sha1_vtable);
  br_ssl_engine_set_prf10(engine, br_tls10_prf);
  br_ssl_engine_set_default_aes_cbc(engine);
}

static int add_randomness(br_ssl_client_context *ssl) {
  unsigned char seed[32];
  if (getrandom(seed, sizeof seed, 0) != sizeof seed) return -1;
  br_ssl_engine_inject_entropy(&ssl->eng, seed, sizeof seed);
  cert_wipe(seed, sizeof seed);
  return 0;
}

/* Addresses are not sent (RFC 6066, section 3). */
static char const *server_name(tls_client_settings_t const *settings) {
  unsigned char address[16];
  char const *const name = settings->names_count ? settings->names[0] : NULL;
  if (!name || inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
    return NULL;
  return name;
}

static int set_up(tls_client_t *client, tls_client_settings_t const *settings) {
  br_ssl_client_context *const ssl = &client->ssl;
  uint16_t const min_version = settings->min_version ? settings->min_version : BR_TLS12;
  bool const weak = settings->weak_suites || min_version < BR_TLS12;
  br_ssl_client_zero(ssl);
  br_ssl_engine_set_versions(&ssl->eng, min_version, BR_TLS12);
  set_algorithms(ssl, weak);
  if (weak) set_old_algorithms(ssl);
  br_ssl_engine_add_flags(&ssl->eng, BR_OPT_NO_RENEGOTIATION);
  br_ssl_engine_set_buffers_bidi(&ssl->eng, client->in, sizeof client->in, client->out,
                                 sizeof client->out);
  client->judge.vtable = &judge_class;
  client->judge.settings = *settings;
  client->judge.report = &client->report;
  br_ssl_engine_set_x509(&ssl->eng, &client->judge.vtable);
  if (settings->keyd) {
    tls_identity_init(&client->identity, settings->keyd);
    br_ssl_client_set_client_certificate(ssl, &client->identity.vtable);
  }
  if (add_randomness(ssl) < 0) return -1;
  return br_ssl_client_reset(ssl, server_name(settings), 0) ? 0 : (errno = EINVAL, -1);
}

tls_client_t *tls_client_start(tls_client_settings_t const *settings) {
  if (!make_sense(settings)) return errno = EINVAL, NULL;
  tls_client_t *const client = malloc(sizeof *client);
  if (!client) return NULL;
  /* Large buffers are left alone: pages that are never touched cost nothing. */
  memset(client, 0, offsetof(tls_client_t, in));
  memset(&client->judge, 0, offsetof(judge_t, chain));
  if (set_up(client, settings) == 0) return client;
  int const error = errno;
  tls_client_end(client);
  return errno = error, NULL;
}

void tls_client_end(tls_client_t *client) {
  if (!client) return;
  cert_wipe(client, offsetof(tls_client_t, judge));
  free(client);
}

/* ---- what became of it ----------------------------------------------------------------------- */

static unsigned int current(tls_client_t const *client) {
  return br_ssl_engine_current_state(&client->ssl.eng);
}

static int error_of(tls_client_t const *client) {
  return br_ssl_engine_last_error(&client->ssl.eng);
}

tls_client_state_t tls_client_state(tls_client_t const *client) {
  if (current(client) != BR_SSL_CLOSED)
    return client->is_open ? TLS_CLIENT_OPEN : TLS_CLIENT_HANDSHAKE;
  return error_of(client) || !client->is_open ? TLS_CLIENT_FAILED : TLS_CLIENT_CLOSED;
}

/* What the server is told of its certificate (RFC 5246, section 7.2.2). */
static unsigned char const alerts[TLS_FINDINGS] = {
    [TLS_UNASKED] = 46,       [TLS_NAME_MISMATCH] = 42, [TLS_EXPIRED] = 45,
    [TLS_SELF_SIGNED] = 48,   [TLS_UNTRUSTED] = 48,     [TLS_BAD_SIGNATURE] = 42,
    [TLS_WRONG_PURPOSE] = 46, [TLS_WEAK_KEY] = 43,      [TLS_UNSUPPORTED] = 43,
    [TLS_MALFORMED] = 42,     [TLS_NO_MATCH] = 46,
};

static void refuse(tls_client_t *client) {
  tls_finding_t const finding = client->judge.finding;
  uint16_t const version = (uint16_t)br_ssl_engine_get_version(&client->ssl.eng);
  unsigned char const record[] = {
      21, (unsigned char)(version >> 8), (unsigned char)version, 0, 2, 2, alerts[finding]};
  memcpy(client->alert.record, record, sizeof record);
  client->alert.len = sizeof record;
  snprintf(client->reason, sizeof client->reason, "certificate: %s", tls_finding_text(finding));
}

static void give_reason(tls_client_t *client, int error) {
  if (error == BR_ERR_X509_NOT_TRUSTED || error == BR_ERR_X509_UNSUPPORTED)
    refuse(client);
  else if (error >= BR_ERR_RECV_FATAL_ALERT)
    snprintf(client->reason, sizeof client->reason, "the server sent an alert: %s",
             tls_alert_text((unsigned int)error & 0xff));
  else
    snprintf(client->reason, sizeof client->reason, "%s",
             error ? tls_error_text(error) : "the server closed during the handshake");
}

static void open_session(tls_client_t *client) {
  br_ssl_session_parameters parameters;
  br_ssl_engine_get_session_parameters(&client->ssl.eng, &parameters);
  tls_report_t *const report = &client->report;
  client->is_open = true;
  snprintf(report->protocol, sizeof report->protocol, "TLSv1.%d", parameters.version - BR_TLS10);
  snprintf(report->cipher, sizeof report->cipher, "%s", tls_suite_name(parameters.cipher_suite));
  cert_wipe(&parameters, sizeof parameters);
}

static void progress(tls_client_t *client) {
  if (client->reason[0]) return;
  if (!client->is_open && current(client) & (BR_SSL_SENDAPP | BR_SSL_RECVAPP)) open_session(client);
  if (tls_client_state(client) == TLS_CLIENT_FAILED) give_reason(client, error_of(client));
}

char const *tls_client_reason(tls_client_t const *client) {
  return client->reason;
}

int tls_client_alert(tls_client_t const *client, bool *ours) {
  int const error = error_of(client);
  *ours = client->alert.len || error >= BR_ERR_SEND_FATAL_ALERT;
  if (client->alert.len) return client->alert.record[sizeof client->alert.record - 1];
  return error >= BR_ERR_RECV_FATAL_ALERT ? error & 0xff : -1;
}

tls_report_t const *tls_client_report(tls_client_t const *client) {
  return &client->report;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

unsigned char *tls_client_receive(tls_client_t *client, size_t *len) {
  return br_ssl_engine_recvrec_buf(&client->ssl.eng, len);
}

void tls_client_received(tls_client_t *client, size_t len) {
  br_ssl_engine_recvrec_ack(&client->ssl.eng, len);
  progress(client);
}

unsigned char const *tls_client_send(tls_client_t *client, size_t *len) {
  alert_t *const alert = &client->alert;
  if (!alert->len) return br_ssl_engine_sendrec_buf(&client->ssl.eng, len);
  *len = alert->len - alert->sent;
  return *len ? alert->record + alert->sent : NULL;
}

void tls_client_sent(tls_client_t *client, size_t len) {
  if (client->alert.len) {
    client->alert.sent += len;
    return;
  }
  br_ssl_engine_sendrec_ack(&client->ssl.eng, len);
  progress(client);
}

unsigned char *tls_client_write(tls_client_t *client, size_t *len) {
  return br_ssl_engine_sendapp_buf(&client->ssl.eng, len);
}

void tls_client_written(tls_client_t *client, size_t len) {
  br_ssl_engine_sendapp_ack(&client->ssl.eng, len);
}

unsigned char const *tls_client_read(tls_client_t *client, size_t *len) {
  return br_ssl_engine_recvapp_buf(&client->ssl.eng, len);
}

void tls_client_was_read(tls_client_t *client, size_t len) {
  br_ssl_engine_recvapp_ack(&client->ssl.eng, len);
  progress(client);
}

void tls_client_flush(tls_client_t *client) {
  br_ssl_engine_flush(&client->ssl.eng, 0);
}

void tls_client_close(tls_client_t *client) {
  br_ssl_engine_close(&client->ssl.eng);
  progress(client);
}
