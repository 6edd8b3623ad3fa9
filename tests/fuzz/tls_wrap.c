/* The glue between a client's bytes and BearSSL: whatever comes, in pieces of whatever size, the
   engine takes what it has room for, ends in a state it does not leave, and offers nothing then but
   an alert. There is no tls-keyd: a handshake comes as far as the choice of a certificate. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// NOLINTBEGIN(bugprone-suspicious-include): a program's sources are in no library
#include "../../cmd/net/tls-wrap/engine.c"
#include "../../cmd/net/tls-wrap/engine_client.c"
#include "../../cmd/net/tls-wrap/engine_failure.c"
#include "../../cmd/net/tls-wrap/engine_identity.c"
#include "../../cmd/net/tls-wrap/engine_session.c"
#include "../../cmd/net/tls-wrap/engine_suites.c"
// NOLINTEND(bugprone-suspicious-include)

#define SENT_MAX 64 /* bytes that a handshake which came to nothing may have to say */

static void drain(engine_t *engine) {
  size_t len, sent = 0;
  while (engine_send(engine, &len)) {
    if ((sent += len) > SENT_MAX) abort();
    engine_sent(engine, len);
  }
  if (engine_read(engine, &len) || engine_write(engine, &len)) abort();
}

/* The first byte is the size of the pieces. */
static void give(engine_t *engine, uint8_t const *data, size_t size, size_t piece) {
  size_t room;
  for (unsigned char *to; size && (to = engine_receive(engine, &room)); size -= room) {
    if (room > piece) room = piece;
    if (room > size) room = size;
    memcpy(to, data, room);
    data += room;
    engine_received(engine, room);
    drain(engine);
  }
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);
int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static engine_settings_t const settings = {.strict_name = true};
  char const *reason;
  keyd_t keyd;
  engine_facts_t facts;
  unsigned int alert;
  if (!size) return 0;
  keyd_open(&keyd, "/nonexistent/keyd", 1);
  engine_t *const engine = engine_start(&settings, &keyd, &reason);
  if (!engine) abort();
  give(engine, data + 1, size - 1, 1 + (size_t)data[0] * 16);
  engine_facts(engine, &facts);
  if (engine_state(engine) == ENGINE_OPEN) abort();
  if (engine_state(engine) == ENGINE_FAILED && !*engine_reason(engine)) abort();
  engine_alert(engine, &alert);
  if (*facts.name && !tls_name_valid(facts.name, strlen(facts.name))) abort();
  engine_end(engine);
  keyd_close(&keyd);
  return 0;
}
