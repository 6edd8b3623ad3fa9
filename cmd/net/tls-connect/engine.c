/* tls-wrap's engine.h with lib/tls as a client. */
#include "../tls-wrap/engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "connect.h"

char const engine_program[] = "tls-connect";

struct engine {
  tls_client_t *client;
  tls_anchors_t *anchors;
};

/* ---- beginning and end ----------------------------------------------------------------------- */

static int load_anchors(engine_t *engine) {
  if (!connect_settings.authorities) return 0;
  engine->anchors = tls_anchors_load(connect_settings.authorities);
  connect_settings.client.anchors = engine->anchors;
  return engine->anchors ? 0 : -1;
}

/* What settings say is a server's; ours are in connect_settings. */
engine_t *engine_start(engine_settings_t const *settings, keyd_t *keyd, char const **reason) {
  static engine_t engine;
  (void)settings;
  if (load_anchors(&engine) < 0) {
    *reason =
        errno == EINVAL ? "the file of authorities has no certificate of use" : strerror(errno);
    return NULL;
  }
  if (connect_settings.has_certificate) connect_settings.client.keyd = keyd;
  engine.client = tls_client_start(&connect_settings.client);
  if (engine.client) return &engine;
  *reason = strerror(errno);
  return NULL;
}

void engine_end(engine_t *engine) {
  tls_client_end(engine->client);
  tls_anchors_free(engine->anchors);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

unsigned char *engine_receive(engine_t *engine, size_t *len) {
  return tls_client_receive(engine->client, len);
}

void engine_received(engine_t *engine, size_t len) {
  tls_client_received(engine->client, len);
}

unsigned char const *engine_send(engine_t *engine, size_t *len) {
  return tls_client_send(engine->client, len);
}

void engine_sent(engine_t *engine, size_t len) {
  tls_client_sent(engine->client, len);
}

unsigned char *engine_write(engine_t *engine, size_t *len) {
  return tls_client_write(engine->client, len);
}

void engine_written(engine_t *engine, size_t len) {
  tls_client_written(engine->client, len);
}

unsigned char const *engine_read(engine_t *engine, size_t *len) {
  return tls_client_read(engine->client, len);
}

void engine_was_read(engine_t *engine, size_t len) {
  tls_client_was_read(engine->client, len);
}

void engine_flush(engine_t *engine) {
  tls_client_flush(engine->client);
}

void engine_close(engine_t *engine) {
  tls_client_close(engine->client);
}

/* ---- what has come of it --------------------------------------------------------------------- */

engine_state_t engine_state(engine_t const *engine) {
  static engine_state_t const states[] = {[TLS_CLIENT_HANDSHAKE] = ENGINE_HANDSHAKE,
                                          [TLS_CLIENT_OPEN] = ENGINE_OPEN,
                                          [TLS_CLIENT_CLOSED] = ENGINE_CLOSED,
                                          [TLS_CLIENT_FAILED] = ENGINE_FAILED};
  return states[tls_client_state(engine->client)];
}

char const *engine_reason(engine_t const *engine) {
  return tls_client_reason(engine->client);
}

engine_side_t engine_alert(engine_t const *engine, unsigned int *alert) {
  bool ours;
  int const found = tls_client_alert(engine->client, &ours);
  *alert = (unsigned int)found;
  return found < 0 ? ENGINE_NOBODY : ours ? ENGINE_CLIENT : ENGINE_SERVER;
}

/* Of the two that were looked at, a pin says more. */
static void add_verdict(tls_report_t const *report, engine_facts_t *facts) {
  bool const was_pinned = report->pin != TLS_UNASKED;
  facts->verified = report->pin == TLS_HELD ? "pin" : report->ca == TLS_HELD ? "ca" : "none";
  if (report->pin == TLS_HELD)
    facts->verified_reason = connect_settings.pin_texts[report->pin_index];
  else if (report->ca != TLS_HELD)
    facts->verified_reason = tls_finding_text(was_pinned ? report->pin : report->ca);
}

static void add_name(engine_facts_t *facts) {
  unsigned char address[16];
  char const *const name = connect_settings.names[0];
  if (name && inet_pton(AF_INET, name, address) != 1 && inet_pton(AF_INET6, name, address) != 1)
    strcpy(facts->name, name);
}

void engine_facts(engine_t const *engine, engine_facts_t *facts) {
  tls_report_t const *const report = tls_client_report(engine->client);
  *facts = (engine_facts_t){.end_point_len = report->end_point_len};
  memcpy(facts->protocol, report->protocol, sizeof facts->protocol);
  memcpy(facts->cipher, report->cipher, sizeof facts->cipher);
  memcpy(facts->end_point, report->end_point, sizeof facts->end_point);
  memcpy(facts->peer_hash, report->peer_hash, sizeof facts->peer_hash);
  memcpy(facts->peer_subject, report->peer_subject, sizeof facts->peer_subject);
  add_verdict(report, facts);
  add_name(facts);
}
