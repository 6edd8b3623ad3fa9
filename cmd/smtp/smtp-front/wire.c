#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "smtp/smtp.h"

#define PIPE_SAFE 4096 /* bytes that a pipe takes without blocking once poll calls it writable */

wire_status_t wire_wait(wire_t const *wire, int fd, short event, int64_t deadline) {
  struct pollfd ready = {.fd = fd, .events = event};
  bool overtime = wire->session_end < deadline;
  if (overtime) deadline = wire->session_end;
  int n;
  do {
    int64_t left = deadline - clock_milliseconds();
    n = poll(&ready, 1, left > 0 ? (int)left : 0);
  } while (n < 0 && errno == EINTR);
  if (n > 0) return WIRE_OK;
  if (n < 0) return WIRE_BROKEN;
  return overtime ? WIRE_OVERTIME : WIRE_TIMEOUT;
}

/* ---- output ---- */

/* Sends without blocking; only a client that does not read costs a poll. What is no socket (a pipe
   of a TLS provider, a test) is always polled. Bytes written, or 0 after a wait that went well. */
static ssize_t send_some(wire_t *wire, char const *s, size_t len, int64_t deadline,
                         wire_status_t *status) {
  ssize_t n = send(wire->out, s, len, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n >= 0) return n;
  if (errno != EAGAIN && errno != ENOTSOCK && errno != EINTR) {
    *status = WIRE_BROKEN;
    return 0;
  }
  bool socket = errno != ENOTSOCK;
  *status = wire_wait(wire, wire->out, POLLOUT, deadline);
  if (*status || socket) return 0;
  n = write(wire->out, s, len < PIPE_SAFE ? len : PIPE_SAFE);
  if (n >= 0) return n;
  if (errno != EINTR && errno != EAGAIN) *status = WIRE_BROKEN;
  return 0;
}

wire_status_t wire_flush(wire_t *wire) {
  size_t sent = 0;
  int64_t deadline = 0;
  while (sent < wire->output_len && !wire->output_status) {
    if (!deadline) deadline = clock_milliseconds() + (int64_t)wire->write_seconds * 1000;
    sent += (size_t)send_some(wire, wire->output + sent, wire->output_len - sent, deadline,
                              &wire->output_status);
  }
  wire->output_len = 0;
  return wire->output_status;
}

void wire_reply(wire_t *wire, unsigned int code, char const *enhanced, char const *text) {
  if (wire->output_len > WIRE_OUTPUT_SIZE / 2) wire_flush(wire);
  wire->output_len += smtp_reply_format(wire->output + wire->output_len,
                                        WIRE_OUTPUT_SIZE - wire->output_len, code, enhanced, text);
}

void wire_challenge(wire_t *wire, char const *text) {
  if (wire->output_len > WIRE_OUTPUT_SIZE / 2) wire_flush(wire);
  char *out = wire->output + wire->output_len;
  char *end = stpcpy(stpcpy(stpcpy(out, "334 "), text), "\r\n");
  wire->output_len += (size_t)(end - out);
}

/* ---- input ---- */

void wire_limit_reads(wire_t *wire, int64_t ms) {
  struct timeval const limit = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
  bool limited = setsockopt(wire->in, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0;
  wire->read_limit = limited ? ms : 0;
}

/* Does a read end by itself in time? */
static bool read_is_limited(wire_t const *wire, int64_t deadline) {
  if (wire->session_end < deadline) deadline = wire->session_end;
  return wire->read_limit && deadline - clock_milliseconds() >= wire->read_limit;
}

/* Bytes that wait already do not make a session longer: a client that sends without a pause would
   stay for ever. */
static wire_status_t check_session(wire_t const *wire) {
  return clock_milliseconds() < wire->session_end ? WIRE_OK : WIRE_OVERTIME;
}

static wire_status_t read_until(wire_t *wire, int64_t deadline, char *to, size_t room,
                                size_t *got) {
  wire_status_t status = wire_flush(wire);
  if (!status) status = check_session(wire);
  for (bool limited = read_is_limited(wire, deadline); !status; limited = false) {
    if (!limited && (status = wire_wait(wire, wire->in, POLLIN, deadline))) break;
    ssize_t n = read(wire->in, to, room);
    if (n > 0) return *got = (size_t)n, WIRE_OK;
    if (n == 0) return WIRE_GONE;
    if (errno != EINTR && errno != EAGAIN) return WIRE_BROKEN;
  }
  return status;
}

wire_status_t wire_read(wire_t *wire, unsigned int seconds, char *to, size_t room, size_t *got) {
  return read_until(wire, clock_milliseconds() + (int64_t)seconds * 1000, to, room, got);
}

/* Moves what is left to the front, where there is room for more. */
static void make_room(wire_t *wire) {
  if (!wire->start) return;
  memmove(wire->input, wire->input + wire->start, wire->end - wire->start);
  wire->end -= wire->start;
  wire->start = 0;
}

void wire_relax(wire_t *wire) {
  size_t used = (wire->end + WIRE_PAGE - 1) / WIRE_PAGE * WIRE_PAGE;
  if (used < WIRE_INPUT_SIZE) madvise(wire->input + used, WIRE_INPUT_SIZE - used, MADV_DONTNEED);
}

static wire_status_t read_more(wire_t *wire, int64_t deadline) {
  size_t got;
  make_room(wire);
  wire_status_t status =
      read_until(wire, deadline, wire->input + wire->end, WIRE_INPUT_SIZE - wire->end, &got);
  if (!status) wire->end += got;
  if (wire->end > wire->touched) wire->touched = wire->end;
  return status;
}

void wire_wipe(wire_t *wire) {
  explicit_bzero(wire->input, wire->start);
  if (wire->touched > wire->end) explicit_bzero(wire->input + wire->end, wire->touched - wire->end);
  wire->touched = wire->end;
  explicit_bzero(wire->skipped, sizeof wire->skipped);
}

/* Drops bytes up to the line's end. */
static wire_status_t skip_line(wire_t *wire, int64_t deadline) {
  for (size_t skipped = 0; skipped <= WIRE_LINE_ENDLESS;) {
    char *lf = memchr(wire->input + wire->start, '\n', wire->end - wire->start);
    if (lf) {
      wire->start = (size_t)(lf + 1 - wire->input);
      return WIRE_LONG;
    }
    skipped += wire->end - wire->start;
    wire->start = wire->end = 0;
    wire_status_t status = read_more(wire, deadline);
    if (status) return status;
  }
  return WIRE_ENDLESS;
}

wire_status_t wire_line(wire_t *wire, unsigned int seconds, size_t most, char **line, size_t *len) {
  int64_t deadline = 0;
  char *lf;
  while (!(lf = memchr(wire->input + wire->start, '\n', wire->end - wire->start))) {
    if (!deadline) deadline = clock_milliseconds() + (int64_t)seconds * 1000;
    if (wire->end - wire->start > most) {
      *line = memcpy(wire->skipped, wire->input + wire->start, *len = sizeof wire->skipped);
      return skip_line(wire, deadline);
    }
    wire_status_t status = read_more(wire, deadline);
    if (status) return status;
  }
  *line = wire->input + wire->start;
  *len = (size_t)(lf - *line);
  wire->start += *len + 1;
  if (*len > most) return WIRE_LONG;
  if (*len && (*line)[*len - 1] == '\r') --*len;
  return WIRE_OK;
}
