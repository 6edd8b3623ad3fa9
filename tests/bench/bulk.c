/* bulk PORT RECIPIENT FILE COUNT: sends FILE, which holds DATA's bytes as they go over the wire,
 * the final dot included, COUNT times over one connection to 127.0.0.1.
 *
 * Prints "seconds S", the time from the DATA command to its last reply, of all of them together.
 * The bytes go by sendfile: the client costs next to nothing. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void die(char const *what) {
  perror(what);
  exit(111);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int connect_to(char const *port) {
  struct sockaddr_in server = {.sin_family = AF_INET,
                               .sin_port = htons((unsigned short)atoi(port)),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) < 0) die("bulk: connect");
  return fd;
}

/* Reads one reply, which must begin with want. */
static void expect(FILE *from, char want) {
  char line[1024];
  do {
    if (!fgets(line, sizeof line, from)) die("bulk: the server is gone");
  } while (strlen(line) > 3 && line[3] == '-');
  if (line[0] == want) return;
  fprintf(stderr, "bulk: %s", line);
  exit(1);
}

static void say(int fd, char const *format, char const *argument) {
  if (dprintf(fd, format, argument) < 0) die("bulk: write");
}

static void send_file(int to, int file, off_t size) {
  for (off_t at = 0; at < size;)
    if (sendfile(to, file, &at, (size_t)(size - at)) <= 0) die("bulk: sendfile");
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: bulk PORT RECIPIENT FILE COUNT\n");
    return 100;
  }
  int file = open(argv[3], O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status) < 0) die("bulk: open");
  int server = connect_to(argv[1]);
  FILE *from = fdopen(server, "r");
  if (!from) die("bulk: fdopen");
  expect(from, '2');
  say(server, "EHLO %s\r\n", "bench.example");
  expect(from, '2');

  double seconds = 0;
  for (int i = atoi(argv[4]); i > 0; i--) {
    say(server, "MAIL FROM:<%s>\r\n", "sender@bench.example");
    expect(from, '2');
    say(server, "RCPT TO:<%s>\r\n", argv[2]);
    expect(from, '2');
    double start = now();
    say(server, "%s\r\n", "DATA");
    expect(from, '3');
    send_file(server, file, status.st_size);
    expect(from, '2');
    seconds += now() - start;
  }
  say(server, "%s\r\n", "QUIT");
  printf("seconds %.6f\n", seconds);
  return 0;
}
