#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock/clock.h"
#include "sasl/sasl.h"

/* ---- waiting -------------------------------------------------------------------------------- */

static int64_t deadline_of(sasl_service_t const *service) {
  return clock_milliseconds() + service->milliseconds;
}

static int wait_for(int fd, short events, int64_t deadline) {
  for (;;) {
    int64_t const left = deadline - clock_milliseconds();
    if (left <= 0) return errno = ETIMEDOUT, -1;
    struct pollfd ready = {.fd = fd, .events = events};
    int const n = poll(&ready, 1, left > INT32_MAX ? INT32_MAX : (int)left);
    if (n > 0) return 0;
    if (n < 0 && errno != EINTR) return -1;
  }
}

static bool would_block(void) {
  return errno == EAGAIN || errno == EINTR;
}

/* ---- sending -------------------------------------------------------------------------------- */

/* What is sent is put together in the buffer: nothing is to be read when it is our turn. */
static bool append(sasl_service_t *service, char const *s) {
  size_t const len = strlen(s);
  if (len > sizeof service->buffer - service->end) return false;
  memcpy(service->buffer + service->end, s, len);
  service->end += len;
  return true;
}

static bool append_words(sasl_service_t *service, char const *const *words) {
  bool fits = true;
  for (char const *blank = ""; *words && fits; words++, blank = " ")
    fits = append(service, blank) && append(service, *words);
  return fits && append(service, "\n");
}

static void forget(sasl_service_t *service) {
  explicit_bzero(service->buffer, service->end);
  service->start = service->end = 0;
}

static int send_buffer(sasl_service_t *service, int64_t deadline) {
  while (service->start < service->end) {
    ssize_t const n = send(service->fd, service->buffer + service->start,
                           service->end - service->start, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0)
      service->start += (size_t)n;
    else if (!would_block() || wait_for(service->fd, POLLOUT, deadline) < 0)
      return -1;
  }
  forget(service);
  return 0;
}

/* ---- receiving ------------------------------------------------------------------------------ */

static int receive(sasl_service_t *service, int64_t deadline) {
  memmove(service->buffer, service->buffer + service->start, service->end - service->start);
  service->end -= service->start;
  service->start = 0;
  if (service->end == sizeof service->buffer) return errno = EPROTO, -1;
  for (;;) {
    if (wait_for(service->fd, POLLIN, deadline) < 0) return -1;
    ssize_t const n = recv(service->fd, service->buffer + service->end,
                           sizeof service->buffer - service->end, MSG_DONTWAIT);
    if (n == 0) return errno = ECONNRESET, -1;
    if (n < 0 && would_block()) continue;
    if (n < 0) return -1;
    service->end += (size_t)n;
    return 0;
  }
}

/* The next line, in the buffer until the next call; NULL with errno. */
static char *read_line(sasl_service_t *service, int64_t deadline) {
  for (;;) {
    char *line = service->buffer + service->start;
    char *end = memchr(line, '\n', service->end - service->start);
    if (!end) {
      if (receive(service, deadline) < 0) return NULL;
      continue;
    }
    service->start += (size_t)(end - line) + 1;
    *end = 0;
    if (strlen(line) == (size_t)(end - line)) return line;
    return errno = EPROTO, NULL;
  }
}

static int keep_fact(sasl_service_t *service, char const *line) {
  size_t const size = strlen(line) + 1;
  if (strncmp(line, "AUTH_", 5) || !strchr(line, '=')) return errno = EPROTO, -1;
  if (size > sizeof service->facts - service->facts_len) return errno = EPROTO, -1;
  memcpy(service->facts + service->facts_len, line, size);
  service->facts_len += size;
  return 0;
}

/* The success record: facts up to an empty line. */
static int read_facts(sasl_service_t *service, int64_t deadline) {
  for (;;) {
    char const *line = read_line(service, deadline);
    if (!line) return -1;
    if (!*line) break;
    if (keep_fact(service, line) < 0) return -1;
  }
  if (!sasl_service_fact(service, "AUTH_USER")) return errno = EPROTO, -1;
  return 0;
}

static int read_answer(sasl_service_t *service, sasl_result_t *result, int64_t deadline) {
  char const *text, *line = read_line(service, deadline);
  if (!line) return -1;
  if (strlen(line) > SASL_LINE_MAX) return errno = EPROTO, -1;
  *result = sasl_answer_parse(line, &text);
  strcpy(service->text, text);
  return *result == SASL_SUCCESS ? read_facts(service, deadline) : 0;
}

/* ---- exchanges ------------------------------------------------------------------------------ */

/* Ends a connection on which nothing can be believed any more; errno stays. */
static sasl_result_t give_up(sasl_service_t *service) {
  int const error = errno;
  sasl_service_close(service);
  errno = error;
  return SASL_TEMPORARY;
}

/* Says these words and reads the answer. A service that does not answer, or not in time, is not
   asked again on this connection: its late answer would be taken for the next one's. */
static sasl_result_t converse(sasl_service_t *service, char const *const *words) {
  int64_t const deadline = deadline_of(service);
  sasl_result_t result;
  service->facts_len = 0;
  *service->text = 0;
  if (service->fd < 0) return SASL_TEMPORARY;
  if (service->start < service->end) return give_up(service); /* it spoke out of turn */
  forget(service);
  if (!append_words(service, words)) return forget(service), SASL_MALFORMED;
  if (send_buffer(service, deadline) < 0) return give_up(service);
  if (read_answer(service, &result, deadline) < 0) return give_up(service);
  return result;
}

/* True if s can stand in a line of the protocol, or be a word of it. */
static bool is_line(char const *s) {
  size_t const len = strlen(s);
  return len <= SASL_LINE_MAX && strcspn(s, "\r\n") == len;
}

static bool is_word(char const *s) {
  return *s && is_line(s) && !strchr(s, ' ');
}

sasl_result_t sasl_service_start(sasl_service_t *service, char const *mechanism,
                                 char const *initial) {
  char const *const words[] = {"AUTH", mechanism, initial, NULL};
  if (!is_word(mechanism)) return SASL_UNKNOWN;
  if (initial && !is_word(initial)) return SASL_MALFORMED;
  return converse(service, words);
}

sasl_result_t sasl_service_apop(sasl_service_t *service, char const *timestamp, char const *name,
                                char const *digest) {
  char const *const words[] = {"APOP", timestamp, name, digest, NULL};
  if (!is_word(timestamp) || !is_word(name) || !is_word(digest)) return SASL_MALFORMED;
  return converse(service, words);
}

sasl_result_t sasl_service_answer(sasl_service_t *service, char const *line) {
  /* The service waits for a line: were it told nothing, the next command would be its answer. */
  bool const sound = is_line(line);
  char const *const words[] = {sound ? line : "*", NULL};
  sasl_result_t const result = converse(service, words);
  return !sound && result == SASL_CANCELLED ? SASL_MALFORMED : result;
}

/* ---- the connection ------------------------------------------------------------------------- */

static int connect_to(char const *path, int64_t deadline) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return errno = ENAMETOOLONG, -1;
  strcpy(address.sun_path, path);
  int const fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  /* EAGAIN: the backlog is full, and nothing tells when it no longer is. */
  while (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    if (!would_block() || clock_milliseconds() >= deadline) {
      int const error = errno;
      close(fd);
      return errno = error, -1;
    }
    poll(NULL, 0, 10);
  }
  return fd;
}

static int send_facts(sasl_service_t *service, char const *const *facts, int64_t deadline) {
  for (; *facts; facts++) {
    if (!**facts || !is_line(*facts)) return errno = EINVAL, -1;
    if (!append(service, *facts) || !append(service, "\n")) return errno = E2BIG, -1;
  }
  if (!append(service, "\n")) return errno = E2BIG, -1;
  return send_buffer(service, deadline);
}

int sasl_service_open(sasl_service_t *service, char const *path, char const *const *facts,
                      unsigned int milliseconds) {
  service->milliseconds = milliseconds;
  service->start = service->end = service->facts_len = 0;
  *service->text = 0;
  int64_t const deadline = deadline_of(service);
  service->fd = connect_to(path, deadline);
  if (service->fd < 0) return -1;
  if (send_facts(service, facts, deadline) == 0) return 0;
  give_up(service);
  return -1;
}

char const *sasl_service_fact(sasl_service_t const *service, char const *name) {
  size_t const name_len = strlen(name);
  for (size_t at = 0; at < service->facts_len; at += strlen(service->facts + at) + 1)
    if (!strncmp(service->facts + at, name, name_len) && service->facts[at + name_len] == '=')
      return service->facts + at + name_len + 1;
  return NULL;
}

void sasl_service_close(sasl_service_t *service) {
  if (service->fd >= 0) close(service->fd);
  explicit_bzero(service, sizeof *service);
  service->fd = -1;
}
