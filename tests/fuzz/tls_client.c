/* Bytes of a server, to a client that takes whoever it is: it ends up in one of its states, says
   why it failed, and never opens on bytes that prove nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tls/tls.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static void take_records(tls_client_t *client) {
  size_t len;
  while (tls_client_send(client, &len)) tls_client_sent(client, len);
}

static void feed(tls_client_t *client, uint8_t const *data, size_t size) {
  unsigned char *to;
  size_t room;
  while (size && (to = tls_client_receive(client, &room))) {
    if (room > size) room = size;
    memcpy(to, data, room);
    data += room;
    size -= room;
    tls_client_received(client, room);
    take_records(client);
  }
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static char const *const names[] = {"mx.example.test"};
  tls_client_settings_t const settings = {
      .min_version = 0x0301, .names = names, .names_count = 1, .time = 1830000000};
  size_t len;
  bool ours;
  tls_client_t *const client = tls_client_start(&settings);
  if (!client) abort();
  take_records(client);
  feed(client, data, size);
  tls_client_state_t const state = tls_client_state(client);
  if (state == TLS_CLIENT_OPEN || state == TLS_CLIENT_CLOSED) abort();
  if ((state == TLS_CLIENT_FAILED) != !!*tls_client_reason(client)) abort();
  if (tls_client_alert(client, &ours) > 255 || tls_client_read(client, &len)) abort();
  tls_client_end(client);
  return 0;
}
