/* connload PORT COUNT AT_ONCE: connects to 127.0.0.1 COUNT times, AT_ONCE at a time; each
 * connection waits for the greeting, says EHLO, waits, says QUIT, and waits for the end.
 *
 * Prints "seconds S failed N". One process and one poll loop: it must cost less than the server. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE_MAX 1000
#define STALLED_MS  20000

static char const *const lines[] = {"EHLO bench.example\r\n", "QUIT\r\n"};
#define LINES (sizeof lines / sizeof *lines)

/* One connection: the lines that were said so far, and what came since the last of them. */
typedef struct client {
  size_t said;
  size_t len;
  char reply[4096];
} client_t;

static struct sockaddr_in server;
static client_t clients[AT_ONCE_MAX];
static struct pollfd fds[AT_ONCE_MAX];
static unsigned long left, failed;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void client_open(size_t i) {
  fds[i].fd = -1;
  if (!left) return;
  left--;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) < 0) {
    perror("connload: connect");
    exit(111);
  }
  clients[i] = (client_t){0};
  fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void client_next(size_t i, bool good) {
  if (!good) failed++;
  close(fds[i].fd);
  client_open(i);
}

/* True if the bytes end in the last line of a reply: "250 ...\r\n". */
static bool is_whole_reply(char const *s, size_t len) {
  if (len < 5 || s[len - 1] != '\n') return false;
  size_t start = len - 1;
  while (start && s[start - 1] != '\n') start--;
  return len - start >= 5 && s[start + 3] == ' ';
}

static void client_read(size_t i) {
  client_t *client = &clients[i];
  ssize_t r = read(fds[i].fd, client->reply + client->len, sizeof client->reply - client->len);
  if (r <= 0) {
    client_next(i, !r && client->said == LINES && client->len);
    return;
  }
  client->len += (size_t)r;
  if (!is_whole_reply(client->reply, client->len)) return;
  if (client->reply[0] != '2') {
    client_next(i, false);
    return;
  }
  if (client->said == LINES) return; /* the 221; now the end must come */
  size_t len = strlen(lines[client->said]);
  client->len = 0;
  if (write(fds[i].fd, lines[client->said++], len) != (ssize_t)len) client_next(i, false);
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: connload PORT COUNT AT_ONCE\n");
    return 100;
  }
  server.sin_family = AF_INET;
  server.sin_port = htons((unsigned short)atoi(argv[1]));
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  left = strtoul(argv[2], NULL, 10);
  size_t at_once = strtoul(argv[3], NULL, 10);
  if (at_once > AT_ONCE_MAX) at_once = AT_ONCE_MAX;

  double start = now();
  for (size_t i = 0; i < at_once; i++) client_open(i);
  for (;;) {
    size_t open = 0;
    for (size_t i = 0; i < at_once; i++) open += fds[i].fd >= 0;
    if (!open) break;
    if (poll(fds, at_once, STALLED_MS) <= 0) {
      fprintf(stderr, "connload: nothing came for %d s\n", STALLED_MS / 1000);
      return 111;
    }
    for (size_t i = 0; i < at_once; i++)
      if (fds[i].fd >= 0 && fds[i].revents) client_read(i);
  }
  printf("seconds %.6f failed %lu\n", now() - start, failed);
  return 0;
}
