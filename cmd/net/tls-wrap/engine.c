/* The engine with BearSSL: TLS 1.2. */
#include "engine.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "engine_parts.h"

char const engine_program[] = "tls-wrap";
unsigned int const engine_min_version = PROTOCOL, engine_max_version = PROTOCOL;

/* ---- beginning ------------------------------------------------------------------------------- */

engine_hash_t const engine_hashes[HASHES] = {{br_sha256_ID, &br_sha256_vtable},
                                             {br_sha384_ID, &br_sha384_vtable},
                                             {br_sha512_ID, &br_sha512_vtable}};

static void set_algorithms(engine_t *engine) {
  br_ssl_engine_context *const eng = &engine->server.eng;
  engine->curves = *br_ec_get_default();
  engine->curves.supported_curves &= (uint32_t)1 << BR_EC_curve25519 |
                                     (uint32_t)1 << BR_EC_secp256r1 |
                                     (uint32_t)1 << BR_EC_secp384r1;
  for (size_t i = 0; i < HASHES; i++)
    br_ssl_engine_set_hash(eng, engine_hashes[i].id, engine_hashes[i].class);
  br_ssl_engine_set_versions(eng, PROTOCOL, PROTOCOL);
  br_ssl_engine_set_prf_sha256(eng, &br_tls12_sha256_prf);
  br_ssl_engine_set_prf_sha384(eng, &br_tls12_sha384_prf);
  br_ssl_engine_set_default_aes_gcm(eng);
  br_ssl_engine_set_default_chapol(eng);
  br_ssl_engine_set_ec(eng, &engine->curves);
  suites_set(engine);
}

static uint32_t flags_of(engine_settings_t const *settings) {
  uint32_t const flags = BR_OPT_ENFORCE_SERVER_PREFERENCES | BR_OPT_NO_RENEGOTIATION;
  return settings->client_certificate == CLIENT_CERTIFICATE_WANTED
             ? flags | BR_OPT_TOLERATE_NO_CLIENT_AUTH
             : flags;
}

/* The machine's own generator is asked here, since /dev/urandom, which BearSSL may open besides, is
   not there any more in a chroot or a confined process. */
static int seed(engine_t *engine) {
  unsigned char bytes[48];
  ssize_t const n = getrandom(bytes, sizeof bytes, 0);
  if (n != sizeof bytes) return -1;
  br_ssl_engine_inject_entropy(&engine->server.eng, bytes, sizeof bytes);
  explicit_bzero(bytes, sizeof bytes);
  return 0;
}

static int begin(engine_t *engine) {
  br_ssl_engine_context *const eng = &engine->server.eng;
  set_algorithms(engine);
  if (client_init(engine) < 0) return -1;
  session_init(engine);
  identity_init(engine);
  br_ssl_engine_set_all_flags(eng, flags_of(engine->settings));
  br_ssl_engine_set_buffers_bidi(eng, engine->in, sizeof engine->in, engine->out,
                                 sizeof engine->out);
  if (seed(engine) < 0) return -1;
  return br_ssl_server_reset(&engine->server) ? 0 : (errno = EIO, -1);
}

engine_t *engine_start(engine_settings_t const *settings, keyd_t *keyd, char const **reason) {
  static engine_t engine;
  engine.settings = settings;
  engine.keyd = keyd;
  if (begin(&engine) == 0) return &engine;
  *reason = strerror(errno);
  return NULL;
}

/* ---- records --------------------------------------------------------------------------------- */

/* The name must be known when BearSSL asks for the session, and that is before it has read so far
   itself: a ClientHello is looked at when its record is here as a whole. One that comes in several
   records is not, and no session is resumed with it. true when BearSSL may have the bytes. */
static bool look_at_hello(engine_t *engine) {
  unsigned char const *const record = engine->ahead + engine->ahead_start;
  size_t const have = engine->ahead_end - engine->ahead_start;
  if (engine->hello_read) return true;
  if (have < 5) return false;
  size_t const len = (size_t)record[3] << 8 | record[4];
  if (record[0] == 22 && len <= 16384 && have < 5 + len) return false;
  engine->hello_read = true;
  engine->name_known =
      record[0] == 22 && len <= have - 5 &&
      tls_hello_name(record + 5, len, engine->session.name, &engine->name_valid) == 0;
  return true;
}

static void note_opening(engine_t *engine) {
  unsigned int const state = br_ssl_engine_current_state(&engine->server.eng);
  if (state & (BR_SSL_SENDAPP | BR_SSL_RECVAPP)) engine->opened = true;
}

/* Gives BearSSL what it has room for. */
static void push(engine_t *engine) {
  br_ssl_engine_context *const eng = &engine->server.eng;
  size_t room;
  while (engine->ahead_start < engine->ahead_end) {
    unsigned char *const to = br_ssl_engine_recvrec_buf(eng, &room);
    size_t const have = engine->ahead_end - engine->ahead_start;
    if (!to) return;
    if (room > have) room = have;
    memcpy(to, engine->ahead + engine->ahead_start, room);
    engine->ahead_start += room;
    br_ssl_engine_recvrec_ack(eng, room);
    note_opening(engine);
  }
  engine->ahead_start = engine->ahead_end = 0;
}

static void feed(engine_t *engine) {
  br_ssl_engine_context *const eng = &engine->server.eng;
  bool const sending = br_ssl_engine_current_state(eng) & BR_SSL_SENDREC;
  note_opening(engine);
  if (look_at_hello(engine)) push(engine);
  failure_note(engine, sending);
}

unsigned char *engine_receive(engine_t *engine, size_t *len) {
  bool const waits = engine->hello_read && engine->ahead_end > 0;
  bool const more =
      !waits && !engine->alert && br_ssl_engine_current_state(&engine->server.eng) & BR_SSL_RECVREC;
  *len = more ? AHEAD - engine->ahead_end : 0;
  return *len ? engine->ahead + engine->ahead_end : NULL;
}

void engine_received(engine_t *engine, size_t len) {
  engine->ahead_end += len;
  feed(engine);
}

/* The last records of a handshake are small: in packets of their own each would wait for the one
   before to be acknowledged. */
static void gather(engine_t *engine) {
  br_ssl_engine_context *const eng = &engine->server.eng;
  unsigned char const *record;
  size_t len;
  while (!engine->alert && (record = br_ssl_engine_sendrec_buf(eng, &len)) &&
         len <= SMALL - engine->small_end) {
    memcpy(engine->small + engine->small_end, record, len);
    engine->small_end += len;
    br_ssl_engine_sendrec_ack(eng, len);
    feed(engine);
  }
}

unsigned char const *engine_send(engine_t *engine, size_t *len) {
  gather(engine);
  *len = engine->small_end - engine->small_start;
  if (*len) return engine->small + engine->small_start;
  return engine->alert ? NULL : br_ssl_engine_sendrec_buf(&engine->server.eng, len);
}

void engine_sent(engine_t *engine, size_t len) {
  if (engine->small_end) {
    engine->small_start += len;
    if (engine->small_start == engine->small_end) engine->small_start = engine->small_end = 0;
    return;
  }
  br_ssl_engine_sendrec_ack(&engine->server.eng, len);
  feed(engine);
}

unsigned char *engine_write(engine_t *engine, size_t *len) {
  return br_ssl_engine_sendapp_buf(&engine->server.eng, len);
}

void engine_written(engine_t *engine, size_t len) {
  br_ssl_engine_sendapp_ack(&engine->server.eng, len);
}

unsigned char const *engine_read(engine_t *engine, size_t *len) {
  return br_ssl_engine_recvapp_buf(&engine->server.eng, len);
}

void engine_was_read(engine_t *engine, size_t len) {
  br_ssl_engine_recvapp_ack(&engine->server.eng, len);
  feed(engine);
}

void engine_flush(engine_t *engine) {
  br_ssl_engine_flush(&engine->server.eng, 0);
}

void engine_close(engine_t *engine) {
  br_ssl_engine_close(&engine->server.eng);
}

/* ---- what has come of it --------------------------------------------------------------------- */

engine_state_t engine_state(engine_t const *engine) {
  if (engine->alert) return ENGINE_FAILED;
  if (br_ssl_engine_current_state(&engine->server.eng) & BR_SSL_CLOSED)
    return br_ssl_engine_last_error(&engine->server.eng) || !engine->opened ? ENGINE_FAILED
                                                                            : ENGINE_CLOSED;
  return engine->opened ? ENGINE_OPEN : ENGINE_HANDSHAKE;
}

void engine_facts(engine_t const *engine, engine_facts_t *facts) {
  tls_kept_t const *const session = &engine->session;
  br_ssl_session_parameters parameters;
  memset(facts, 0, sizeof *facts);
  strcpy(facts->name, session->name);
  if (!engine->opened) return;
  br_ssl_engine_get_session_parameters(&engine->server.eng, &parameters);
  strcpy(facts->protocol, "TLSv1.2");
  strcpy(facts->cipher, suite_name(parameters.cipher_suite));
  facts->resumed = engine->resumed;
  facts->end_point_len = session->end_point_len;
  memcpy(facts->end_point, session->end_point, session->end_point_len);
  strcpy(facts->peer_hash, session->peer_hash);
  strcpy(facts->peer_subject, session->peer_subject);
  explicit_bzero(&parameters, sizeof parameters);
}

void engine_end(engine_t *engine) {
  tls_anchors_free(engine->anchors);
  explicit_bzero(engine, offsetof(engine_t, client));
}
