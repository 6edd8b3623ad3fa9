/* dataload PORT SESSIONS COUNT RATE RECIPIENT FILE: sends COUNT messages to 127.0.0.1, RATE of them
 * a second on average, at times that do not depend on the server's: each goes over one of SESSIONS
 * connections that is free. FILE holds DATA's bytes as they go over the wire, the final dot
 * included.
 *
 * Prints "seconds S p50 US p99 US p999 US max US late N": from the final dot to its reply, and how
 * many found no free connection in the first millisecond. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SESSIONS_MAX    1000
#define COUNT_MAX       1000000
#define STALLED_SECONDS 60
#define LATE_SECONDS    0.001

/* What is said after each reply, and how that reply begins. */
enum step { GREETING, HELLO, MAIL, RCPT, DATA, MESSAGE, STEPS };
static char const wanted[STEPS] = {'2', '2', '2', '2', '3', '2'};
static char lines[STEPS][512] = {[HELLO] = "EHLO bench.example\r\n",
                                 [MAIL] = "MAIL FROM:<sender@bench.example>\r\n",
                                 [DATA] = "DATA\r\n"};

/* One connection: waiting for the reply to step, or (idle) for a message. */
typedef struct session {
  enum step step;
  bool idle;
  double sent; /* the final dot */
  size_t len;
  char reply[4096];
} session_t;

static session_t sessions[SESSIONS_MAX];
static struct pollfd fds[SESSIONS_MAX];
static double latencies[COUNT_MAX];
static size_t count, begun, done, late;
static double rate; /* messages a second */
static double due;  /* the time of the next one */
static char const *message;
static size_t message_len;

static _Noreturn void die(char const *what) {
  perror(what);
  exit(111);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void map_message(char const *path) {
  struct stat status;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &status) < 0) die("dataload: open");
  message_len = (size_t)status.st_size;
  message = mmap(NULL, message_len, PROT_READ, MAP_PRIVATE, fd, 0);
  if (message == MAP_FAILED) die("dataload: mmap");
}

static void open_session(size_t i, char const *port) {
  int one = 1;
  struct sockaddr_in server = {.sin_family = AF_INET,
                               .sin_port = htons((unsigned short)atoi(port)),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) < 0)
    die("dataload: connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void say(int fd, char const *s, size_t len) {
  while (len) {
    ssize_t n = write(fd, s, len);
    if (n < 0) die("dataload: write");
    s += n;
    len -= (size_t)n;
  }
}

static void go_on(size_t i, enum step step) {
  session_t *session = &sessions[i];
  session->step = step;
  session->len = 0;
  if (step == MESSAGE) {
    say(fds[i].fd, message, message_len);
    session->sent = now();
  } else {
    say(fds[i].fd, lines[step], strlen(lines[step]));
  }
}

static session_t *find_idle(size_t at_once) {
  for (size_t i = 0; i < at_once; i++)
    if (sessions[i].idle) return &sessions[i];
  return NULL;
}

/* As independent senders do: the time to the next is exponentially distributed. */
static void begin_what_is_due(size_t at_once, double time) {
  session_t *session;
  while (begun < count && due <= time && (session = find_idle(at_once))) {
    if (time - due > LATE_SECONDS) late++;
    due -= log(1 - drand48()) / rate;
    begun++;
    session->idle = false;
    go_on((size_t)(session - sessions), MAIL);
  }
}

static void take_reply(size_t i) {
  session_t *session = &sessions[i];
  if (*session->reply != wanted[session->step]) {
    fprintf(stderr, "dataload: %.*s", (int)session->len, session->reply);
    exit(1);
  }
  if (session->step == MESSAGE) latencies[done++] = now() - session->sent;
  session->idle = session->step == MESSAGE || session->step == HELLO;
  if (!session->idle) go_on(i, session->step + 1);
}

/* True if the bytes end in the last line of a reply: "250 ...\r\n". */
static bool is_whole_reply(char const *s, size_t len) {
  if (len < 5 || s[len - 1] != '\n') return false;
  size_t start = len - 1;
  while (start && s[start - 1] != '\n') start--;
  return len - start >= 5 && s[start + 3] == ' ';
}

static void read_session(size_t i) {
  session_t *session = &sessions[i];
  size_t room = sizeof session->reply - session->len;
  ssize_t n = read(fds[i].fd, session->reply + session->len, room);
  if (n <= 0) die("dataload: the server is gone");
  session->len += (size_t)n;
  if (is_whole_reply(session->reply, session->len)) take_reply(i);
}

/* How long to wait for replies. */
static struct timespec time_left(size_t at_once, double time) {
  double wait = STALLED_SECONDS;
  if (begun < count && find_idle(at_once)) wait = due > time ? due - time : 0;
  return (struct timespec){(time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9)};
}

static void wait_and_read(size_t at_once, struct timespec wait) {
  int ready = ppoll(fds, at_once, &wait, NULL);
  if (ready < 0) die("dataload: poll");
  if (!ready && wait.tv_sec == STALLED_SECONDS) {
    fprintf(stderr, "dataload: nothing came for %d s\n", STALLED_SECONDS);
    exit(111);
  }
  for (size_t i = 0; i < at_once; i++)
    if (fds[i].revents) read_session(i);
}

static bool all_are_idle(size_t at_once) {
  for (size_t i = 0; i < at_once; i++)
    if (!sessions[i].idle) return false;
  return true;
}

static void greet(size_t at_once, char const *port) {
  for (size_t i = 0; i < at_once; i++) open_session(i, port);
  while (!all_are_idle(at_once)) wait_and_read(at_once, (struct timespec){STALLED_SECONDS, 0});
}

static void run(size_t at_once) {
  while (done < count) {
    begin_what_is_due(at_once, now());
    wait_and_read(at_once, time_left(at_once, now()));
  }
}

static int compare(void const *a, void const *b) {
  double x = *(double const *)a, y = *(double const *)b;
  return (x > y) - (x < y);
}

static double percentile(double share) {
  size_t i = (size_t)(share * (double)count);
  return latencies[i < count ? i : count - 1] * 1e6;
}

int main(int argc, char **argv) {
  if (argc != 7) {
    fprintf(stderr, "usage: dataload PORT SESSIONS COUNT RATE RECIPIENT FILE\n");
    return 100;
  }
  size_t at_once = strtoul(argv[2], NULL, 10);
  if (at_once > SESSIONS_MAX) at_once = SESSIONS_MAX;
  count = strtoul(argv[3], NULL, 10);
  if (count > COUNT_MAX) count = COUNT_MAX;
  rate = atof(argv[4]);
  snprintf(lines[RCPT], sizeof lines[RCPT], "RCPT TO:<%s>\r\n", argv[5]);
  map_message(argv[6]);

  greet(at_once, argv[1]);
  double start = due = now();
  run(at_once);
  double seconds = now() - start;
  qsort(latencies, count, sizeof *latencies, compare);
  printf("seconds %.6f p50 %.0f p99 %.0f p999 %.0f max %.0f late %zu\n", seconds, percentile(0.5),
         percentile(0.99), percentile(0.999), percentile(1), late);
  return 0;
}
