#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

bool relay_has_output(relay_t const *relay) {
  size_t len;
  if (relay->deaf) return false;
  return relay->out_start < relay->out_end || (relay->tls && tls_client_send(relay->tls, &len));
}

bool relay_is_drained(relay_t const *relay) {
  return !relay->deaf && !relay_has_output(relay);
}

/* ---- the socket ---- */

static bool is_nothing_yet(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* What a server's answer cannot be heard to is not sent: it would be sent again. */
static void lose_connection(relay_t *relay, int error) {
  relay->over = true;
  relay->error = error;
  if (error) relay->deaf = true;
}

/* Who has gone may have said why before; no reply comes to what was not sent for another reason. */
static void send_failed(relay_t *relay, int error) {
  relay->deaf = true;
  if (error != EPIPE && error != ECONNRESET) lose_connection(relay, error);
}

/* Bytes that the kernel took. */
static size_t send_some(relay_t *relay, void const *s, size_t len) {
  ssize_t const n = send(relay->fd, s, len, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0 && !is_nothing_yet(errno)) send_failed(relay, errno);
  return n < 0 ? 0 : (size_t)n;
}

static size_t receive_some(relay_t *relay, void *s, size_t len) {
  ssize_t const n = recv(relay->fd, s, len, MSG_DONTWAIT);
  if (n > 0) return (size_t)n;
  if (n == 0 || !is_nothing_yet(errno)) lose_connection(relay, n == 0 ? 0 : errno);
  return 0;
}

/* ---- without TLS ---- */

static bool send_plain(relay_t *relay) {
  size_t const len = relay->out_end - relay->out_start;
  size_t const n = len && !relay->deaf ? send_some(relay, relay->out + relay->out_start, len) : 0;
  relay->out_start += n;
  return n;
}

static bool receive_plain(relay_t *relay) {
  size_t const room = sizeof relay->in - relay->in_end;
  size_t const n = room && !relay->over ? receive_some(relay, relay->in + relay->in_end, room) : 0;
  relay->in_end += n;
  return n;
}

/* ---- with TLS ---- */

static bool send_records(relay_t *relay) {
  size_t len;
  unsigned char const *const records = tls_client_send(relay->tls, &len);
  size_t const n = records && !relay->deaf ? send_some(relay, records, len) : 0;
  if (n) tls_client_sent(relay->tls, n);
  return n;
}

static bool receive_records(relay_t *relay) {
  size_t len;
  unsigned char *const room = tls_client_receive(relay->tls, &len);
  size_t const n = room && !relay->over ? receive_some(relay, room, len) : 0;
  if (n) tls_client_received(relay->tls, n);
  return n;
}

static bool write_records(relay_t *relay) {
  size_t room, len = relay->out_end - relay->out_start;
  unsigned char *const to = len ? tls_client_write(relay->tls, &room) : NULL;
  if (!to) return false;
  if (len > room) len = room;
  memcpy(to, relay->out + relay->out_start, len);
  tls_client_written(relay->tls, len);
  relay->out_start += len;
  if (relay->out_start == relay->out_end) tls_client_flush(relay->tls);
  return true;
}

static bool read_records(relay_t *relay) {
  size_t len, room = sizeof relay->in - relay->in_end;
  unsigned char const *const from = room ? tls_client_read(relay->tls, &len) : NULL;
  if (!from) return false;
  if (len > room) len = room;
  memcpy(relay->in + relay->in_end, from, len);
  tls_client_was_read(relay->tls, len);
  relay->in_end += len;
  return true;
}

/* ---- */

/* Makes room: what was taken goes. */
static void compact(relay_t *relay) {
  memmove(relay->in, relay->in + relay->in_start, relay->in_end - relay->in_start);
  relay->in_end -= relay->in_start;
  relay->in_start = 0;
  if (relay->out_start == relay->out_end) relay->out_start = relay->out_end = 0;
}

bool relay_move(relay_t *relay) {
  bool moved = false;
  compact(relay);
  if (relay->tls) {
    moved |= write_records(relay);
    moved |= send_records(relay);
    moved |= receive_records(relay);
    moved |= read_records(relay);
  } else {
    moved |= send_plain(relay);
    moved |= receive_plain(relay);
  }
  return moved;
}
