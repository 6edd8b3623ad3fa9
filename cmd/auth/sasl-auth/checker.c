#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "chain/chain.h"
#include "clock/clock.h"
#include "sasl-auth.h"

#define FIRST_FREE   10 /* our descriptors lie above those that a checker gets */
#define NAME_MAX_LEN 15 /* bytes of a program's name that the kernel keeps */

/* ---- descriptors ---------------------------------------------------------------------------- */

typedef struct pipe {
  int in, out; /* -1: closed */
} pipe_t;

static void close_end(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void pipe_close(pipe_t *pipe) {
  close_end(&pipe->in);
  close_end(&pipe->out);
}

/* Moves a descriptor out of the way of a child's. */
static int move_up(int *fd) {
  int const moved = fcntl(*fd, F_DUPFD_CLOEXEC, FIRST_FREE);
  if (moved < 0) return -1;
  close(*fd);
  *fd = moved;
  return 0;
}

static int pipe_open(pipe_t *pipe) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  *pipe = (pipe_t){ends[0], ends[1]};
  if (move_up(&pipe->in) == 0 && move_up(&pipe->out) == 0) return 0;
  int const error = errno;
  pipe_close(pipe);
  return errno = error, -1;
}

static int null_fd(void) {
  static int fd = -1;
  if (fd >= 0) return fd;
  fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (fd >= 0 && move_up(&fd) < 0) close_end(&fd);
  return fd;
}

/* ---- one call ------------------------------------------------------------------------------- */

typedef struct run {
  checker_call_t const *call;
  pipe_t credentials; /* our reading end stays open: it tells whether anybody has read */
  pipe_t record;
  pid_t pid;
  int64_t deadline;
  char name[NAME_MAX_LEN + 1]; /* of the program that ended */
  int status;
  size_t len;
  char bytes[SASL_RECORD_MAX + 1];
} run_t;

static run_t run;

/* All of it fits into a pipe; where it does not, the user's pipes are used up. */
static int write_credentials(void) {
  checker_call_t const *call = run.call;
  if (!call->credentials) return 0;
  if (pipe_open(&run.credentials) < 0) return -1;
  if (fcntl(run.credentials.out, F_SETFL, O_NONBLOCK) < 0) return -1;
  ssize_t const n = fd_write(run.credentials.out, call->credentials, call->credentials_len);
  close_end(&run.credentials.out);
  if (n == (ssize_t)call->credentials_len) return 0;
  return n < 0 ? -1 : (errno = EAGAIN, -1);
}

static int spawn(void) {
  char path[PATH_MAX];
  chain_fd_t const fds[] = {
      {0, null_fd()}, {1, null_fd()}, {CHECKER_RECORD_FD, run.record.out}, {3, run.credentials.in}};
  chain_spawn_t const child = {.path = path,
                               .argv = run.call->argv,
                               .envp = run.call->envp,
                               .fds = fds,
                               .nfds = run.call->credentials ? 4 : 3,
                               .own_group = true};
  if (null_fd() < 0 || chain_find(run.call->argv[0], path, sizeof path) < 0) return -1;
  run.pid = chain_spawn(&child);
  close_end(&run.record.out);
  return run.pid < 0 ? -1 : 0;
}

static int start(void) {
  if (pipe_open(&run.record) < 0) return -1;
  if (fcntl(run.record.in, F_SETFL, O_NONBLOCK) < 0) return -1;
  return write_credentials() < 0 ? -1 : spawn();
}

/* ---- waiting -------------------------------------------------------------------------------- */

/* Waits until the pipe has something or a child has ended: SIGCHLD, which chain_call_init has
   blocked, is let in only here. False: it took too long. */
static bool wait_event(void) {
  int64_t const left = run.deadline - clock_milliseconds();
  if (left <= 0) return false;
  struct timespec const limit = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
  struct pollfd ready = {.fd = run.record.in, .events = POLLIN};
  sigset_t none;
  sigemptyset(&none);
  ppoll(&ready, 1, &limit, &none);
  return true;
}

/* Who writes more than a record can have writes none; what it writes then is not looked at. True if
   the record has grown. */
static bool read_record(void) {
  char rest[512];
  bool const full = run.len == sizeof run.bytes;
  ssize_t const n = full ? fd_read(run.record.in, rest, sizeof rest)
                         : fd_read(run.record.in, run.bytes + run.len, sizeof run.bytes - run.len);
  if (n == 0) close_end(&run.record.in);
  if (n <= 0 || full) return false;
  run.len += (size_t)n;
  return true;
}

/* The name in /proc/<pid>/stat, between parentheses, is that of a zombie, too. */
static void read_name(void) {
  char path[32] = "/proc/", stat[64] = "";
  size_t const len = 6 + uint_fmt(path + 6, (unsigned int)run.pid);
  strcpy(path + len, "/stat");
  *run.name = 0;
  int const fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t const n = read(fd, stat, sizeof stat - 1);
  close(fd);
  char *const begin = strchr(stat, '('), *const end = strrchr(stat, ')');
  if (n <= 0 || !begin || !end || end - begin - 1 > NAME_MAX_LEN || end <= begin) return;
  *end = 0;
  strcpy(run.name, begin + 1);
}

static bool has_ended(void) {
  siginfo_t info = {.si_pid = 0};
  return waitid(P_PID, (id_t)run.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid;
}

static void reap(void) {
  while (waitpid(run.pid, &run.status, 0) < 0 && errno == EINTR) continue;
}

/* It goes with all that is in its group. One that has become somebody whom we may not kill is not
   waited for. */
static void kill_checker(void) {
  kill(-run.pid, SIGKILL);
  if (kill(run.pid, SIGKILL) < 0) /* should it not have come to setpgid */
    strerr_diefu1sys(111, "end a checker that took too long");
}

/* True if the checker has ended in time. */
static bool finish(void) {
  bool in_time = true;
  while (!has_ended() && (in_time = wait_event())) read_record();
  if (in_time)
    read_name();
  else
    kill_checker();
  reap();
  while (read_record()) continue; /* its last words, said between the two looks */
  return in_time;
}

/* ---- what it means -------------------------------------------------------------------------- */

static bool is_named(char const *word, char const *name) {
  char const *slash = strrchr(word, '/');
  return !strncmp(slash ? slash + 1 : word, name, NAME_MAX_LEN);
}

/* True if the exit code is a checker's word. Which programs are checkers only -k knows: scripts are
   known by their interpreters' names, and wrappers execute what they like. */
static bool is_judge(void) {
  if (!*run.name) return true;
  return options.judge ? is_named(options.judge, run.name) : !is_named("sasl-ok", run.name);
}

static bool says_wrong(void) {
  if (!WIFEXITED(run.status) || !run.call->credentials) return false;
  for (size_t i = 0; i < options.wrong_codes_count; i++)
    if (options.wrong_codes[i] == (unsigned int)WEXITSTATUS(run.status)) return true;
  return false;
}

/* True if there were credentials and not one byte of them was read: who has not looked at them
   cannot have found them right. */
static bool is_unread(void) {
  int left = 0;
  if (!run.call->credentials || ioctl(run.credentials.in, FIONREAD, &left) < 0) return false;
  return (size_t)left == run.call->credentials_len;
}

static void tell(checker_answer_t *answer, char const *what, unsigned int number) {
  char digits[UINT_FMT];
  digits[uint_fmt(digits, number)] = 0;
  char *end = stpcpy(stpcpy(answer->trouble, what), digits);
  if (*run.name) stpcpy(stpcpy(end, " of "), run.name);
}

static void judge(checker_answer_t *answer) {
  if (sasl_record_parse(run.bytes, run.len, run.call->token, &answer->facts)) {
    if (!is_unread()) answer->answer = ANSWER_YES;
    strcpy(answer->trouble, "nobody has read the credentials");
  } else if (run.len) {
    strcpy(answer->trouble, "what is on the record's pipe is no record");
  } else if (says_wrong()) {
    answer->is_failure = true;
    if (is_judge()) answer->answer = ANSWER_NO;
    tell(answer, "exit ", (unsigned int)WEXITSTATUS(run.status));
  } else if (WIFEXITED(run.status)) {
    tell(answer, "exit ", (unsigned int)WEXITSTATUS(run.status));
  } else {
    tell(answer, "signal ", (unsigned int)WTERMSIG(run.status));
  }
}

static void say_error(checker_answer_t *answer) {
  char const *const text = strerror(errno);
  strcpy(stpcpy(answer->trouble, "cannot start it: "), strlen(text) < 64 ? text : "error");
}

void checker_ask(checker_call_t const *call, checker_answer_t *answer) {
  run.call = call;
  run.credentials = run.record = (pipe_t){-1, -1};
  run.len = 0;
  *run.name = 0;
  run.deadline = clock_milliseconds() + (int64_t)conf.number[CONF_TIMEOUT_AUTH] * 1000;
  *answer = (checker_answer_t){.answer = ANSWER_TROUBLE};
  if (start() < 0)
    say_error(answer);
  else if (!finish())
    strcpy(answer->trouble, "it took too long");
  else
    judge(answer);
  pipe_close(&run.credentials);
  pipe_close(&run.record);
}
