#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "session.h"

char const *PROG = PROGRAM;

#define USAGE                                                                                      \
  "smtp-front [-BLPQS] [-A socket] [-H hooks] [-X networks] [-e extensions] [-f senders] "         \
  "[-m messages] [-o name=value] [-T texts] [chain...]"

static char const *default_chain[] = {"queue-inject", NULL};
static session_t session;
static bool queue_here; /* -Q */

static _Noreturn void die_usage(void) {
  strerr_dieusage(100, USAGE);
}

/* ---- options ---- */

#define SETTINGS_MAX CONF_COUNT /* -o options; they are applied when the settings were loaded */

typedef struct settings {
  size_t count;
  char const *assignments[SETTINGS_MAX];
} settings_t;

static settings_t settings;

static void take_option(int option, char const *argument) {
  options_t *options = &session.options;
  switch (option) {
  case 'B': options->auth_equals = true; break;
  case 'L': options->lmtp = true; break;
  case 'P': options->hide_client = true; break;
  case 'Q': queue_here = true; break;
  case 'S': options->submission = true; break;
  case 'A': options->auth_socket = argument; break;
  case 'H': options->hooks = argument; break;
  case 'X': options->xclient_networks = argument; break;
  case 'T': options->texts = argument; break;
  case 'f': options->senders = argument; break;
  case 'e':
    if (extensions_switch_off(options, argument) < 0)
      strerr_dief2x(100, "no such extension in ", argument);
    break;
  case 'm':
    if (!uint640_scan(argument, &options->messages)) die_usage();
    break;
  case 'o':
    if (settings.count == SETTINGS_MAX) die_usage();
    settings.assignments[settings.count++] = argument;
    break;
  case 'h': strerr_dieusage(0, USAGE);
  default: die_usage();
  }
}

/* The chain of those who name none: QMAILQUEUE, as netqmail's qmail-smtpd takes it. */
static char const *const *find_default_chain(void) {
  char const *program = getenv("QMAILQUEUE");
  if (program && *program) default_chain[0] = program;
  return default_chain;
}

static void take_options(int argc, char const *const *argv) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "BLPQSA:H:X:T:e:f:m:o:h", &state)) != -1;)
    take_option(option, state.arg);
  if (session.options.lmtp && auth_configured(&session))
    strerr_dief1x(100, "there are no logins in LMTP");
  if (queue_here && state.ind < argc) strerr_dief1x(100, "-Q leaves no chain to run");
  if (queue_here) return;
  session.options.chain = state.ind < argc ? argv + state.ind : find_default_chain();
}

/* ---- steps ---- */

/* Without configuration nothing can be promised: the client is told to come back. */
static _Noreturn void die_unconfigured(char const *what) {
  log_line_t line;
  log_start(&line, PROGRAM, "end");
  log_str(&line, "reason", "configuration");
  log_str(&line, "what", what);
  log_errno(&line, errno);
  log_send(&line);
  reply_t const reply = reply_get(REPLY_NO_CONFIGURATION, NULL);
  session_reply(&session, &reply);
  wire_flush(&session.wire);
  _exit(111);
}

static void load_settings(void) {
  char const *culprit;
  if (conf_load(&session.conf, &culprit) < 0) die_unconfigured(culprit);
  for (size_t i = 0; i < settings.count; i++)
    if (conf_assign(&session.conf, settings.assignments[i]) < 0)
      strerr_dief2x(100, "bad setting: ", settings.assignments[i]);
  char const *me = session.conf.text[CONF_ME];
  errno = me && *me ? EINVAL : ENOENT;
  if (!me || !smtp_domain_valid(me, strlen(me), SMTP_ASCII)) die_unconfigured("me");
}

static void load_texts(void) {
  unsigned int line;
  char number[UINT_FMT];
  if (!session.options.texts || reply_load_texts(session.options.texts, &line) == 0) return;
  number[uint_fmt(number, line)] = 0;
  if (errno != EINVAL) strerr_diefu2sys(111, "read ", session.options.texts);
  strerr_dief4x(100, session.options.texts, ": line ", number, ": not a reply's name and its text");
}

static void wire_start(void) {
  session.wire.in = 0;
  session.wire.out = 1;
  session.wire.session_end = clock_milliseconds() + 60000; /* until the settings are known */
  session.wire.write_seconds = 60;
}

static void time_session(void) {
  uint64_t seconds = session.conf.number[CONF_TIMEOUT_SESSION];
  session.wire.session_end = clock_milliseconds() + (int64_t)seconds * 1000;
  session.wire.write_seconds = (unsigned int)session.conf.number[CONF_TIMEOUT_COMMAND];
  session_limit_reads(&session);
}

int main(int argc, char const *const *argv) {
  take_options(argc, argv);
  load_texts();
  signal(SIGPIPE, SIG_IGN);
  wire_start();
  session_init(&session);
  environment_init(&session);
  load_settings();
  time_session();
  if (tls_init(&session) < 0) die_unconfigured("UCSPITLS");
  if (xclient_init(&session) < 0)
    strerr_dief2x(100, "bad networks: ", session.options.xclient_networks);
  if (session.options.hooks && hooks_init(session.options.hooks) < 0)
    die_unconfigured(session.options.hooks);
  session_run(&session);
  _exit(0);
}
