/* dataload PORT SESSIONS COUNT RATE RECIPIENT FILE: sends COUNT messages to 127.0.0.1 over SESSIONS
 * connections, RATE of them a second in all; a message that is late is sent as soon as its session
 * is free. FILE holds DATA's bytes as they go over the wire, the final dot included.
 *
 * Prints "seconds S p50 US p99 US p999 US max US": from the final dot to its reply. */
#include <arpa/inet.h>
#include <fcntl.h>
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

/* What is said after each reply, and how that reply begins. */
enum step { GREETING, HELLO, MAIL, RCPT, DATA, MESSAGE, STEPS };
static char const wanted[STEPS] = {'2', '2', '2', '2', '3', '2'};
static char lines[STEPS][512] = {[HELLO] = "EHLO bench.example\r\n",
                                 [MAIL] = "MAIL FROM:<sender@bench.example>\r\n",
                                 [DATA] = "DATA\r\n"};

/* One connection: waiting for the reply to step, or (idle) for the time of its next message. */
typedef struct session {
  enum step step;
  bool idle;
  double due;  /* of the message at hand */
  double sent; /* its final dot */
  size_t len;
  char reply[4096];
} session_t;

static session_t sessions[SESSIONS_MAX];
static struct pollfd fds[SESSIONS_MAX];
static double latencies[COUNT_MAX];
static size_t count, begun, done;
static double interval; /* between two messages of a session */
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

static void begin_if_due(size_t i, double time) {
  session_t *session = &sessions[i];
  if (!session->idle || begun == count || time < session->due) return;
  session->idle = false;
  session->due += interval;
  begun++;
  go_on(i, MAIL);
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

static struct timespec next_due(size_t at_once, double time) {
  double wait = STALLED_SECONDS;
  for (size_t i = 0; i < at_once && begun < count; i++)
    if (sessions[i].idle && sessions[i].due - time < wait) wait = sessions[i].due - time;
  if (wait < 0) wait = 0;
  return (struct timespec){(time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9)};
}

static void run(size_t at_once) {
  while (done < count) {
    double time = now();
    for (size_t i = 0; i < at_once; i++) begin_if_due(i, time);
    struct timespec wait = next_due(at_once, time);
    if (ppoll(fds, at_once, &wait, NULL) < 0) die("dataload: poll");
    for (size_t i = 0; i < at_once; i++)
      if (fds[i].revents) read_session(i);
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
  interval = (double)at_once / atof(argv[4]);
  snprintf(lines[RCPT], sizeof lines[RCPT], "RCPT TO:<%s>\r\n", argv[5]);
  map_message(argv[6]);

  double start = now();
  for (size_t i = 0; i < at_once; i++) {
    open_session(i, argv[1]);
    sessions[i].due = start + interval * (double)i / (double)at_once;
  }
  run(at_once);
  double seconds = now() - start;
  qsort(latencies, count, sizeof *latencies, compare);
  printf("seconds %.6f p50 %.0f p99 %.0f p999 %.0f max %.0f\n", seconds, percentile(0.5),
         percentile(0.99), percentile(0.999), percentile(1));
  return 0;
}
