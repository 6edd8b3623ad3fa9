/* sendmail-inject: see sendmail-inject(8). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "../shared/option.h"
#include "chain/chain.h"
#include "log/log.h"
#include "shared/input.h"

#define USAGE          "sendmail-inject [-t seconds] program..."
#define RECIPIENTS_MAX 1000
#define OPTIONS        5 /* words of ours before the recipients, and the NULL */
#define PATIENCE       600

char const *PROG = "sendmail-inject";

static pid_t child;

/* ---- what the exit codes of sysexits.h mean ---- */

typedef struct meaning {
  int exit_code;
  chain_kind_t kind;
  unsigned int code;
  char const *enhanced, *text;
} meaning_t;

/* The last one stands for all others. */
static meaning_t const meanings[] = {
    {EX_OK, CHAIN_ACCEPT, 0, "", "handed on"},
    {EX_USAGE, CHAIN_DEFER, 451, "4.3.5", "the next program was called wrongly"},
    {EX_DATAERR, CHAIN_REJECT, 554, "5.6.0", "the message or an address is malformed"},
    {EX_NOINPUT, CHAIN_DEFER, 451, "4.3.0", "the next program found no message"},
    {EX_NOUSER, CHAIN_REJECT, 550, "5.1.1", "no such user"},
    {EX_NOHOST, CHAIN_REJECT, 550, "5.1.2", "no such host"},
    {EX_UNAVAILABLE, CHAIN_REJECT, 554, "5.3.0", "refused"},
    {EX_NOPERM, CHAIN_REJECT, 550, "5.7.1", "not permitted"},
    {-1, CHAIN_DEFER, 451, "4.3.0", "the next program cannot take it now"},
};

static meaning_t const *meaning_of(int status) {
  meaning_t const *meaning = meanings;
  int const exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -2;
  while (meaning->exit_code >= 0 && meaning->exit_code != exit_code) meaning++;
  return meaning;
}

static _Noreturn void end(int status) {
  meaning_t const *const meaning = meaning_of(status);
  log_line_t line;
  log_start(&line, PROG, "end");
  log_uint(&line, WIFEXITED(status) ? "exit" : "signal",
           (unsigned int)(WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status)));
  log_str(&line, "text", meaning->text);
  log_send(&line);
  chain_end(meaning->kind, meaning->code, meaning->enhanced, meaning->text);
}

/* ---- the program ---- */

static char const **allocate_words(size_t count) {
  char const **const words = calloc(count, sizeof *words);
  if (!words) inject_fail("make the arguments");
  return words;
}

/* The words of the command line, and then: -i -f sender -- recipient... */
static char const **make_arguments(char const *const *words, size_t count,
                                   queue_envelope_t const *envelope) {
  size_t position = 0, n = count;
  char const **const argv = allocate_words(count + OPTIONS + envelope->count);
  memcpy(argv, words, count * sizeof *argv);
  argv[n++] = "-i";
  argv[n++] = "-f";
  argv[n++] = *envelope->sender ? envelope->sender : "<>";
  argv[n++] = "--";
  for (size_t i = 0; i < envelope->count; i++) argv[n++] = queue_envelope_next(envelope, &position);
  return argv;
}

static void end_late(int sig) {
  (void)sig;
  kill(-child, SIGKILL);
}

/* Its words go where ours go: to the log. */
static int run(char const *const *argv, unsigned int seconds) {
  char path[4096];
  int status;
  chain_fd_t const fds[] = {{0, 0}, {1, 2}, {2, 2}};
  if (chain_find(argv[0], path, sizeof path) < 0) inject_fail("find the program");
  chain_spawn_t const spawn = {.path = path,
                               .argv = argv,
                               .envp = (char const *const *)environ,
                               .fds = fds,
                               .nfds = sizeof fds / sizeof *fds,
                               .own_group = true};
  child = chain_spawn(&spawn);
  if (child < 0) inject_fail("start the program");
  signal(SIGALRM, end_late);
  alarm(seconds);
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) inject_fail("wait for the program");
  return status;
}

/* Nothing but 0 to 2 is the program's: the verdict is ours to write. */
static void keep_verdict(void) {
  for (int fd = 3; fd <= 6; fd++) {
    int const flags = fcntl(fd, F_GETFD);
    if (flags >= 0) fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
  }
}

int main(int argc, char const *const *argv) {
  unsigned int seconds = PATIENCE;
  queue_envelope_t envelope;
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "ht:", &options)) != -1;) {
    if (option == 't')
      seconds = option_number(option, options.arg, 1, INJECT_SECONDS_MAX);
    else
      strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
  }
  size_t const count = (size_t)(argc - options.ind);
  if (!count) strerr_dieusage(100, USAGE);
  log_session(getenv("SESSION_ID"));
  inject_envelope(&envelope);
  if (envelope.count > RECIPIENTS_MAX)
    chain_defer(452, "4.5.3", "too many recipients for the next program");
  inject_refuse_hold(&envelope);
  keep_verdict();
  end(run(make_arguments(argv + options.ind, count, &envelope), seconds));
}
