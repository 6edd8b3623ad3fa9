/* deliver-lmtp: see deliver-lmtp(8). */
#include <errno.h>
#include <signal.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "../../shared/option.h"
#include "../shared/descriptors.h"
#include "conf/conf.h"
#include "confine/confine.h"
#include "deliver.h"

#define USAGE                                                                                      \
  "deliver-lmtp [-c connections] [-i seconds] [-n name] [-s connections] [-t seconds] [-w "        \
  "seconds]"
#define FDS_MAX (JOBS_MAX + 2 * WORKER_BATCH_MAX + CONNECTIONS_MAX + 100)

char const *PROG = "deliver-lmtp";

settings_t settings = {.connections = 20, .per_server = 4, .idle = 10000, .opening = 20000};

static conf_t conf;

/* ---- set-up ---- */

/* No step may take longer than most seconds. */
static void set_patience(unsigned int most) {
  for (size_t i = 0; i < RELAY_PATIENCES; i++)
    settings.patience[i] = relay_patience[i] < most ? relay_patience[i] : most;
}

static char const *own_name(void) {
  char const *culprit = "";
  if (conf_load(&conf, &culprit) < 0) strerr_diefu2sys(111, "use the setting ", culprit);
  if (!conf.text[CONF_ME]) strerr_dief1x(111, "the setting me is missing; say -n name");
  return conf.text[CONF_ME];
}

static void parse_options(int argc, char const *const *argv) {
  unsigned int most = 600;
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "c:hi:n:s:t:w:", &options)) != -1;)
    switch (option) {
    case 'c': settings.connections = option_number(option, options.arg, 1, CONNECTIONS_MAX); break;
    case 'i': settings.idle = (uint64_t)option_number(option, options.arg, 1, 86400) * 1000; break;
    case 'n': settings.name = options.arg; break;
    case 's': settings.per_server = option_number(option, options.arg, 1, CONNECTIONS_MAX); break;
    case 't': most = option_number(option, options.arg, 1, 86400); break;
    case 'w':
      settings.opening = (uint64_t)option_number(option, options.arg, 1, 86400) * 1000;
      break;
    case 'h': strerr_dieusage(0, USAGE);
    default: strerr_dieusage(100, USAGE);
    }
  if (options.ind < argc) strerr_dieusage(100, USAGE);
  set_patience(most);
}

/* ---- */

static void wait_for(struct pollfd *fds, size_t count, uint64_t deadline, uint64_t now) {
  uint64_t const rest = deadline > now ? deadline - now : 0;
  int const ms = deadline == UINT64_MAX ? -1 : rest > INT32_MAX ? INT32_MAX : (int)rest;
  if (poll(fds, count, ms) < 0 && errno != EINTR) strerr_diefu1sys(111, "poll");
}

/* After the other side has closed, what is under way is finished: its answers may still be read. */
static void serve(void) {
  static struct pollfd fds[CONNECTIONS_POLL + 1];
  for (bool open = true; open || connections_are_busy();) {
    uint64_t deadline = UINT64_MAX, now = relay_now();
    fds[0] = (struct pollfd){open && jobs_wanted() ? 0 : -1, POLLIN, 0};
    size_t const count = connections_wait(fds + 1, &deadline, now);
    wait_for(fds, count + 1, deadline, now);
    now = relay_now();
    connections_step(fds + 1, now);
    if (open && fds[0].revents) open = jobs_take();
    if (open) connections_dispatch(now);
  }
}

int main(int argc, char const *const *argv) {
  parse_options(argc, argv);
  if (!settings.name) settings.name = own_name();
  signal(SIGPIPE, SIG_IGN);
  if (!fd_sanitize()) strerr_diefu1sys(111, "open /dev/null");
  descriptors_allow(FDS_MAX);
  if (confine_reader() < 0) strerr_diefu1sys(111, "give up privileges");
  serve();
}
