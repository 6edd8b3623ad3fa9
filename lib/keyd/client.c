/* The client of tls-keyd(8), and its stand-in with keys of this process. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock/clock.h"
#include "keyd/keyd.h"

#define BACKLOG_WAIT 5 /* milliseconds between two attempts while too many wait to be accepted */

void keyd_open(keyd_t *keyd, char const *path, unsigned int timeout) {
  *keyd = (keyd_t){.path = path, .timeout = timeout, .fd = -1};
}

int keyd_open_file(keyd_t *keyd, char const *path, char const **reason) {
  *keyd = (keyd_t){.path = path, .fd = -1};
  keyd->store = keyd_store_open(path, NULL, NULL, NULL, reason);
  return keyd->store ? 0 : -1;
}

static void disconnect(keyd_t *keyd) {
  if (keyd->fd >= 0) close(keyd->fd);
  keyd->fd = -1;
}

void keyd_close(keyd_t *keyd) {
  disconnect(keyd);
  if (keyd->store) keyd_store_close(keyd->store);
  keyd->store = NULL;
}

char const *keyd_error_text(keyd_t const *keyd, int error) {
  static char text[96];
  if (keyd->store) return strerror(error);
  snprintf(text, sizeof text, "tls-keyd: %s", strerror(error));
  return text;
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Waits until fd (-1: nothing, for so long) is ready. -1 with ETIMEDOUT when the time is over. */
static int wait_for(int fd, short events, int64_t deadline, int64_t most) {
  for (;;) {
    int64_t const left = deadline - clock_milliseconds();
    struct pollfd polled = {.fd = fd, .events = events};
    if (left <= 0) return errno = ETIMEDOUT, -1;
    int const r = poll(&polled, 1, (int)(left < most ? left : most));
    if (r > 0 || (!r && left >= most)) return 0;
    if (r < 0 && errno != EINTR) return -1;
  }
}

/* ---- one exchange ---------------------------------------------------------------------------- */

static int connect_once(int fd, char const *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t const len = strlen(path);
  if (len >= sizeof address.sun_path) return errno = ENAMETOOLONG, -1;
  memcpy(address.sun_path, path, len + 1);
  return connect(fd, (struct sockaddr const *)&address, sizeof address);
}

/* A full backlog is no refusal: whoever is in it will be served. */
static int connect_until(int fd, char const *path, int64_t deadline) {
  while (connect_once(fd, path) < 0) {
    if (errno != EAGAIN && errno != EINTR) return -1;
    if (wait_for(-1, 0, deadline, BACKLOG_WAIT) < 0) return -1;
  }
  return 0;
}

/* Where there is no socket nobody listens; ENOENT is tls-keyd's own word. */
static int make_connection(keyd_t *keyd, int64_t deadline) {
  if (keyd->fd >= 0) return 0;
  keyd->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (keyd->fd < 0) return -1;
  if (connect_until(keyd->fd, keyd->path, deadline) == 0) return 0;
  int const error = errno;
  disconnect(keyd);
  return errno = error == ENOENT ? ECONNREFUSED : error, -1;
}

static int send_packet(int fd, void *bytes, size_t len, int64_t deadline) {
  struct iovec part = {bytes, len};
  struct msghdr const message = {.msg_iov = &part, .msg_iovlen = 1};
  while (sendmsg(fd, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EAGAIN && errno != EINTR) return -1;
    if (wait_for(fd, POLLOUT, deadline, INT32_MAX) < 0) return -1;
  }
  return 0;
}

/* -1 with EPIPE at the end of the connection. */
static int receive_packet(int fd, unsigned char bytes[KEYD_ANSWER_MAX], size_t *len,
                          int64_t deadline) {
  struct iovec part = {bytes, KEYD_ANSWER_MAX};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  ssize_t n;
  while ((n = recvmsg(fd, &message, 0)) < 0) {
    if (errno != EAGAIN && errno != EINTR) return -1;
    if (wait_for(fd, POLLIN, deadline, INT32_MAX) < 0) return -1;
  }
  if (!n) return errno = EPIPE, -1;
  if (message.msg_flags & MSG_TRUNC) return errno = EPROTO, -1;
  *len = (size_t)n;
  return 0;
}

typedef struct exchange {
  size_t request_len, answer_len;
  unsigned char request[KEYD_REQUEST_MAX], answer[KEYD_ANSWER_MAX];
} exchange_t;

/* A tls-keyd that will not serve us says so before it is asked, and closes. */
static int exchange_once(keyd_t *keyd, exchange_t *exchange, int64_t deadline) {
  if (make_connection(keyd, deadline) < 0) return -1;
  int const sent = send_packet(keyd->fd, exchange->request, exchange->request_len, deadline);
  if (sent < 0 && errno != EPIPE) return -1;
  return receive_packet(keyd->fd, exchange->answer, &exchange->answer_len, deadline);
}

static bool is_closed(int error) {
  return error == EPIPE || error == ECONNRESET;
}

static int64_t deadline_of(keyd_t const *keyd) {
  int64_t const deadline = clock_milliseconds() + keyd->timeout;
  return keyd->deadline && keyd->deadline < deadline ? keyd->deadline : deadline;
}

static int exchange_again(keyd_t *keyd, exchange_t *exchange) {
  int64_t const deadline = deadline_of(keyd);
  bool const was_connected = keyd->fd >= 0;
  int r = exchange_once(keyd, exchange, deadline);
  if (r < 0 && is_closed(errno) && was_connected) {
    disconnect(keyd);
    r = exchange_once(keyd, exchange, deadline);
  }
  if (r < 0) return is_closed(errno) ? (errno = ECONNRESET, -1) : -1;
  int const error = keyd_status_error(exchange->answer[0]);
  return error ? (errno = error, -1) : 0;
}

/* Asks, and takes the answer's body. After an error nobody knows what a connection still bears,
   but for those that tls-keyd itself tells. */
static int ask(keyd_t *keyd, exchange_t *exchange, keyd_request_t const *request,
               cert_bytes_t *body) {
  exchange->request_len = keyd_request_write(exchange->request, request);
  if (exchange_again(keyd, exchange) < 0) {
    int const error = errno;
    if (error != ENOENT && error != EINVAL) disconnect(keyd);
    return errno = error, -1;
  }
  *body = (cert_bytes_t){exchange->answer + 1, exchange->answer_len - 1};
  return 0;
}

static int is_malformed(keyd_t *keyd) {
  disconnect(keyd);
  return errno = EPROTO, -1;
}

/* ---- certificates and signatures ------------------------------------------------------------- */

static int ask_choose(keyd_t *keyd, keyd_request_t const *request, keyd_identity_t *identity) {
  exchange_t exchange;
  cert_bytes_t body;
  if (ask(keyd, &exchange, request, &body) < 0) return -1;
  return keyd_identity_parse(identity, body.at, body.len) < 0 ? is_malformed(keyd) : 0;
}

int keyd_choose(keyd_t *keyd, char const *name, uint16_t const *schemes, size_t count, int strict,
                keyd_identity_t *identity) {
  keyd_request_t request = {.operation = KEYD_CHOOSE, .strict = strict, .count = count};
  size_t const len = name ? strlen(name) : 0;
  if (len > KEYD_NAME_MAX || count > KEYD_SCHEMES_MAX) return errno = EINVAL, -1;
  if (keyd->store) return keyd_store_choose(keyd->store, name, schemes, count, strict, identity);
  if (len) memcpy(request.name, name, len);
  memcpy(request.schemes, schemes, count * sizeof *schemes);
  return ask_choose(keyd, &request, identity);
}

int keyd_sign(keyd_t *keyd, unsigned char const id[KEYD_ID_SIZE], keyd_scheme_t scheme,
              unsigned char const *hash, size_t hash_len, unsigned char *signature, size_t *len) {
  keyd_request_t request = {.operation = KEYD_SIGN, .scheme = scheme, .hash = {hash, hash_len}};
  exchange_t exchange;
  cert_bytes_t body;
  if (hash_len > UINT8_MAX) return errno = EINVAL, -1;
  if (keyd->store) return keyd_store_sign(keyd->store, id, scheme, hash, hash_len, signature, len);
  memcpy(request.id, id, KEYD_ID_SIZE);
  if (ask(keyd, &exchange, &request, &body) < 0) return -1;
  if (!body.len || body.len > KEYD_SIGNATURE_MAX) return is_malformed(keyd);
  memcpy(signature, body.at, body.len);
  *len = body.len;
  return 0;
}

/* ---- sessions: secrets, so that no copy of them stays ---------------------------------------- */

static int ask_session(keyd_t *keyd, keyd_request_t const *request, unsigned char *session,
                       size_t *len) {
  exchange_t exchange;
  cert_bytes_t body;
  int r = -1;
  if (!request->key.len || request->key.len > KEYD_KEY_MAX) return errno = EINVAL, -1;
  if (keyd->store) return errno = ENOENT, -1;
  if (ask(keyd, &exchange, request, &body) == 0)
    r = session && body.len > *len ? is_malformed(keyd) : 0;
  if (!r && session) {
    memcpy(session, body.at, body.len);
    *len = body.len;
  }
  int const error = errno;
  cert_wipe(&exchange, offsetof(exchange_t, answer) + KEYD_SESSION_MAX + 1);
  return errno = error, r;
}

int keyd_session_put(keyd_t *keyd, unsigned char const *key, size_t key_len,
                     unsigned char const *session, size_t len) {
  keyd_request_t const request = {
      .operation = KEYD_PUT, .key = {key, key_len}, .session = {session, len}};
  if (keyd->store || !len || len > KEYD_SESSION_MAX) return 0;
  return ask_session(keyd, &request, NULL, NULL);
}

int keyd_session_get(keyd_t *keyd, unsigned char const *key, size_t key_len, unsigned char *session,
                     size_t *len) {
  keyd_request_t const request = {.operation = KEYD_GET, .key = {key, key_len}};
  return ask_session(keyd, &request, session, len);
}

int keyd_session_drop(keyd_t *keyd, unsigned char const *key, size_t key_len) {
  keyd_request_t const request = {.operation = KEYD_DROP, .key = {key, key_len}};
  return ask_session(keyd, &request, NULL, NULL);
}
