#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock/clock.h"
#include "wrap.h"

#define MOVES  64   /* of one round, some 32 KB each; then the clock is looked at */
#define LINGER 2000 /* milliseconds that the client may take to end, too */

enum { CLIENT_IN, CLIENT_OUT, PROGRAM, POLLED };

uint64_t now(void) {
  return (uint64_t)clock_milliseconds();
}

bool send_all(int fd, char const *bytes, size_t len) {
  while (len) {
    ssize_t const n = send(fd, bytes, len, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    len -= (size_t)n;
  }
  return true;
}

static bool make_nonblocking(int fd) {
  int const flags = fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_NONBLOCK || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0);
}

bool relay_init(relay_t *relay, engine_t *engine, int in, int out, int plain) {
  *relay = (relay_t){
      .engine = engine,
      .from_client = {.fd = in, .ready = true},
      .to_client = {.fd = out, .ready = true},
      .from_program = {.fd = plain},
      .to_program = {.fd = plain, .ready = true},
  };
  return make_nonblocking(in) && make_nonblocking(out) && make_nonblocking(plain);
}

/* ---- moving bytes: true if some were --------------------------------------------------------- */

/* A call that moved less than it might have would move nothing now. An error other than that is
   the end. */
static bool account(relay_end_t *end, ssize_t moved, size_t most) {
  end->ready = moved >= 0 && (size_t)moved == most;
  if (moved > 0) return true;
  if (moved == 0 || (errno != EAGAIN && errno != EINTR)) end->ended = true;
  return false;
}

static bool move_from_client(relay_t *relay) {
  relay_end_t *const end = &relay->from_client;
  size_t room;
  if (!end->ready || end->ended) return false;
  unsigned char *const bytes = engine_receive(relay->engine, &room);
  if (!bytes) return false;
  ssize_t const n = read(end->fd, bytes, room);
  if (!account(end, n, room)) {
    if (end->ended && n < 0) relay->error = errno;
    return false;
  }
  engine_received(relay->engine, (size_t)n);
  return true;
}

static bool move_to_client(relay_t *relay) {
  relay_end_t *const end = &relay->to_client;
  size_t len;
  if (!end->ready || end->ended) return false;
  unsigned char const *const bytes = engine_send(relay->engine, &len);
  if (!bytes) return false;
  ssize_t const n = write(end->fd, bytes, len);
  if (!account(end, n, len)) {
    if (end->ended) relay->error = errno;
    return false;
  }
  engine_sent(relay->engine, (size_t)n);
  return true;
}

static bool move_from_program(relay_t *relay) {
  relay_end_t *const end = &relay->from_program;
  size_t room;
  if (!end->ready || end->ended) return false;
  unsigned char *const bytes = engine_write(relay->engine, &room);
  if (!bytes) return false;
  ssize_t const n = read(end->fd, bytes, room);
  if (!account(end, n, room)) return false;
  engine_written(relay->engine, (size_t)n);
  engine_flush(relay->engine);
  return true;
}

/* What nobody will read any more is dropped. */
static bool move_to_program(relay_t *relay) {
  relay_end_t *const end = &relay->to_program;
  size_t len;
  if (!end->ready && !end->ended) return false;
  unsigned char const *const bytes = engine_read(relay->engine, &len);
  if (!bytes) return false;
  if (!end->ended) {
    ssize_t const n = write(end->fd, bytes, len);
    if (account(end, n, len))
      len = (size_t)n;
    else if (!end->ended)
      return false;
    else
      shutdown(end->fd, SHUT_WR); /* a program that is there must not wait for what was dropped */
  }
  engine_was_read(relay->engine, len);
  return true;
}

/* A client that sends faster than its bytes are dealt with does not keep us from the clock. */
static void move_all(relay_t *relay) {
  relay->busy = true;
  for (unsigned int i = 0; relay->busy && i < MOVES; i++) {
    relay->busy = move_from_client(relay);
    relay->busy |= move_to_program(relay);
    relay->busy |= move_from_program(relay);
    relay->busy |= move_to_client(relay);
  }
}

/* ---- waiting --------------------------------------------------------------------------------- */

static bool has_room_for_records(relay_t *relay) {
  size_t len;
  return engine_receive(relay->engine, &len) != NULL;
}

static bool has_room_for_bytes(relay_t *relay) {
  size_t len;
  return engine_write(relay->engine, &len) != NULL;
}

static bool has_records(relay_t const *relay) {
  size_t len;
  return !relay->to_client.ended && engine_send(relay->engine, &len) != NULL;
}

static bool has_bytes(relay_t const *relay) {
  size_t len;
  return !relay->to_program.ended && engine_read(relay->engine, &len) != NULL;
}

static short wish(bool wanted, relay_end_t const *end, short event) {
  return wanted && !end->ended && !end->ready ? event : 0;
}

/* A descriptor without a wish is left out, so that an end that has hung up is not told over and
   over; the program's is watched for just that until it has. */
static void poll_init(relay_t *relay, struct pollfd polled[POLLED]) {
  short const in = wish(has_room_for_records(relay), &relay->from_client, POLLIN);
  short const out = wish(has_records(relay), &relay->to_client, POLLOUT);
  short const plain = (short)(wish(has_room_for_bytes(relay), &relay->from_program, POLLIN) |
                              wish(has_bytes(relay), &relay->to_program, POLLOUT));
  bool const watch = plain || !relay->program_gone;
  polled[CLIENT_IN] = (struct pollfd){.fd = in ? relay->from_client.fd : -1, .events = in};
  polled[CLIENT_OUT] = (struct pollfd){.fd = out ? relay->to_client.fd : -1, .events = out};
  polled[PROGRAM] = (struct pollfd){.fd = watch ? relay->to_program.fd : -1, .events = plain};
}

/* Milliseconds; 0 if it is over. */
static int time_to(uint64_t deadline) {
  uint64_t const time = now();
  return time < deadline ? (int)(deadline - time) : 0;
}

/* Waits until something is ready, or not at all if there is something to move. false: it took
   longer than timeout milliseconds, -1: any. */
static bool wait_for(relay_t *relay, int timeout) {
  short const hung_up = POLLHUP | POLLERR;
  struct pollfd polled[POLLED];
  poll_init(relay, polled);
  int const count = poll(polled, POLLED, relay->busy ? 0 : timeout);
  if (count <= 0) return relay->busy || (count < 0 && errno == EINTR);
  if (polled[CLIENT_IN].revents) relay->from_client.ready = true;
  if (polled[CLIENT_OUT].revents) relay->to_client.ready = true;
  if (polled[PROGRAM].revents & (POLLIN | hung_up)) relay->from_program.ready = true;
  if (polled[PROGRAM].revents & (POLLOUT | hung_up)) relay->to_program.ready = true;
  if (polled[PROGRAM].revents & hung_up) relay->program_gone = true;
  return true;
}

/* ---- the three parts of a session ------------------------------------------------------------ */

static bool lasts(relay_t const *relay) {
  bool const connected =
      !relay->program_gone && !relay->from_client.ended && !relay->to_client.ended;
  return engine_state(relay->engine) == ENGINE_HANDSHAKE && (relay->busy || connected);
}

relay_result_t relay_handshake(relay_t *relay, uint64_t timeout) {
  uint64_t const deadline = now() + timeout;
  for (move_all(relay); lasts(relay); move_all(relay)) {
    int const left = time_to(deadline);
    if (!left || !wait_for(relay, left)) return RELAY_TIMED_OUT;
  }
  switch (engine_state(relay->engine)) {
  case ENGINE_OPEN:
  case ENGINE_CLOSED: return RELAY_DONE;
  case ENGINE_FAILED: return RELAY_FAILED;
  default: return relay->program_gone ? RELAY_PROGRAM_GONE : RELAY_TRUNCATED;
  }
}

/* The program's reads end here, when it has all that came before. */
static void end_input(relay_t *relay) {
  shutdown(relay->to_program.fd, SHUT_WR);
  relay->to_program.ended = true;
}

/* What there is to tell; RELAY_DONE while there is nothing and *more is set. */
static relay_result_t find_end(relay_t *relay, bool *more) {
  *more = relay->busy;
  if (*more) return RELAY_DONE;
  if (engine_state(relay->engine) == ENGINE_FAILED) return RELAY_FAILED;
  if (relay->to_client.ended) return RELAY_TRUNCATED;
  if (has_bytes(relay)) return *more = true, RELAY_DONE;
  if (engine_state(relay->engine) == ENGINE_CLOSED) return RELAY_CLOSED;
  if (relay->from_client.ended && !relay->to_program.ended)
    return end_input(relay), RELAY_TRUNCATED;
  *more = !relay->from_program.ended;
  return RELAY_DONE;
}

/* A program that is there keeps the time, and is counted by whoever started it. One that has gone
   does neither: a client that takes nothing, or says something now and then, would have us stay. */
static relay_result_t wait_on(relay_t *relay, uint64_t idle, uint64_t rest) {
  if (!relay->program_gone)
    return wait_for(relay, idle ? (int)idle : -1) ? RELAY_DONE : RELAY_TIMED_OUT;
  if (!relay->deadline) relay->deadline = now() + rest;
  int const left = time_to(relay->deadline);
  return left && wait_for(relay, left) ? RELAY_DONE : RELAY_PROGRAM_GONE;
}

relay_result_t relay_stream(relay_t *relay, uint64_t idle, uint64_t rest) {
  for (;;) {
    bool more;
    move_all(relay);
    relay_result_t result = find_end(relay, &more);
    if (more) result = wait_on(relay, idle, rest);
    if (!more || result != RELAY_DONE) return result;
  }
}

/* What still comes is of no use to anybody; but left unread, it would make the kernel take back our
   last bytes. */
static void drain(relay_end_t *end) {
  uint64_t const deadline = now() + LINGER;
  char waste[4096];
  while (!end->ended) {
    int const left = time_to(deadline);
    struct pollfd polled = {.fd = end->fd, .events = POLLIN};
    if (!left || poll(&polled, 1, left) <= 0) return;
    account(end, read(end->fd, waste, sizeof waste), sizeof waste);
  }
}

void relay_finish(relay_t *relay, uint64_t timeout) {
  uint64_t const deadline = relay->deadline ? relay->deadline : now() + timeout;
  relay->from_program.ended = relay->to_program.ended = relay->program_gone = true;
  engine_state_t const state = engine_state(relay->engine);
  if (state == ENGINE_OPEN || state == ENGINE_CLOSED) engine_close(relay->engine);
  for (move_all(relay); has_records(relay); move_all(relay)) {
    int const left = time_to(deadline);
    if (!left || !wait_for(relay, left)) return;
  }
  if (relay->to_client.ended) return;
  shutdown(relay->to_client.fd, SHUT_WR);
  drain(&relay->from_client);
}
