#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "steer/steer.h"

static int connect_to(int fd, char const *queue) {
  static struct timeval const patience = {.tv_sec = STEER_TIMEOUT};
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int const len = snprintf(address.sun_path, sizeof address.sun_path, "%s/control", queue);
  if (len < 0 || (size_t)len >= sizeof address.sun_path) return errno = ENAMETOOLONG, -1;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) return -1;
  if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0) return -1;
  return connect(fd, (struct sockaddr const *)&address, sizeof address);
}

int steer_connect(steer_client_t *client, char const *queue) {
  client->start = client->len = 0;
  client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (client->fd < 0) return -1;
  if (connect_to(client->fd, queue) == 0) return 0;
  int const error = errno;
  steer_close(client);
  return errno = error, -1;
}

void steer_close(steer_client_t *client) {
  close(client->fd);
}

/* The time-out of a socket shows as EAGAIN. */
static int fail(void) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) errno = ETIMEDOUT;
  return -1;
}

int steer_send(steer_client_t *client, steer_request_t const *request) {
  char line[STEER_LINE_MAX];
  size_t const len = steer_request_format(line, request);
  return allwrite(client->fd, line, len) == len ? 0 : fail();
}

static int read_more(steer_client_t *client) {
  memmove(client->bytes, client->bytes + client->start, client->len);
  client->start = 0;
  if (client->len >= STEER_LINE_MAX) return errno = EPROTO, -1;
  ssize_t n;
  do n = read(client->fd, client->bytes + client->len, sizeof client->bytes - client->len);
  while (n < 0 && errno == EINTR);
  if (n < 0) return fail();
  if (!n) return errno = EPIPE, -1;
  client->len += (size_t)n;
  return 0;
}

/* The next line, its newline a NUL. NULL with errno. */
static char *take_line(steer_client_t *client) {
  char *newline;
  while (!(newline = memchr(client->bytes + client->start, '\n', client->len)))
    if (read_more(client) < 0) return NULL;
  char *line = client->bytes + client->start;
  size_t const size = (size_t)(newline + 1 - line);
  *newline = 0;
  client->start += size;
  client->len -= size;
  return line;
}

int steer_receive(steer_client_t *client, char **line, steer_answer_t *answer) {
  *line = take_line(client);
  if (!*line) return -1;
  if (**line == '=') return ++*line, 1;
  *answer = steer_answer_parse(*line);
  return *answer == STEER_ANSWERS ? (errno = EPROTO, -1) : 0;
}
