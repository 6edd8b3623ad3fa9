#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chain/chain.h"

/* The signals that our programs change, or a shell that started them in the background.
   Handlers are reset before the mask is lifted: until execve the child runs in the parent's memory,
   and a handler of the parent's must not run there. */
static void default_signals(void) {
  static int const signals[] = {SIGPIPE, SIGCHLD, SIGTERM, SIGINT,  SIGQUIT,
                                SIGHUP,  SIGALRM, SIGUSR1, SIGUSR2, SIGXFSZ};
  struct sigaction action = {.sa_handler = SIG_DFL};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    sigaction(signals[i], &action, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

/* dup2 of a descriptor onto itself would leave it close-on-exec. */
static int place(chain_fd_t const *fd) {
  if (fd->from != fd->to) return dup2(fd->from, fd->to);
  return fcntl(fd->to, F_SETFD, 0);
}

static _Noreturn void become(chain_spawn_t const *spawn, int volatile *error) {
  if (spawn->own_group) setpgid(0, 0);
  for (size_t i = 0; i < spawn->nfds; i++)
    if (place(&spawn->fds[i]) < 0) goto fail;
  default_signals();
  execve(spawn->path, (char *const *)spawn->argv, (char *const *)spawn->envp);
fail:
  *error = errno;
  _exit(127);
}

pid_t chain_spawn(chain_spawn_t const *spawn) {
  int volatile error = 0; /* the child writes it: vfork shares our memory */
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  pid_t pid = vfork();
  if (!pid) become(spawn, &error);
  int failed = pid < 0 ? errno : error;
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (pid > 0 && failed) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    pid = -1;
  }
  if (failed) errno = failed;
  return pid;
}
