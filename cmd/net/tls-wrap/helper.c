#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "confine/confine.h"
#include "log/log.h"
#include "relay.h"
#include "wrap.h"

/* Where the helper has its descriptors, besides the connection on 0 and 1 and the log. tls-keyd's
   comes on the first that is free. */
enum { CONTROL = 3, PLAIN, FIRST_FREE };
_Static_assert(FIRST_FREE > CONFINE_ASKING_FD, "it may be connected, and the client's may not");

typedef struct helper {
  settings_t const *settings;
  char wish;
  uint64_t start;
  keyd_t keyd;
  relay_t relay;
} helper_t;

/* ---- the process ----------------------------------------------------------------------------- */

/* What else is open is the program's: an end of it that stayed open here would never end. */
static int settle_descriptors(settings_t const *settings, int control, int plain) {
  int const in = dup(settings->in), out = dup(settings->out);
  if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0) return -1;
  int const above = plain < FIRST_FREE ? dup(plain) : plain;
  if (above < 0 || dup2(control, CONTROL) < 0 || dup2(above, PLAIN) < 0) return -1;
  if (syscall(SYS_close_range, FIRST_FREE, ~0U, 0) < 0) {
    int const most = (int)sysconf(_SC_OPEN_MAX);
    for (int fd = FIRST_FREE; fd < most; fd++) close(fd);
  }
  return 0;
}

_Noreturn static void give_up(helper_t *helper, char const *reason, int code) {
  log_failed(reason, NULL, now() - helper->start);
  keyd_close(&helper->keyd);
  _exit(code);
}

/* ---- before the handshake -------------------------------------------------------------------- */

/* 0 if the program will never have one. */
static char wait_for_wish(void) {
  char wish = 0;
  ssize_t n;
  do n = recv(CONTROL, &wish, 1, 0);
  while (n < 0 && errno == EINTR);
  return wish == 'y' || wish == 'Y' ? wish : 0;
}

static void open_keys(helper_t *helper) {
  settings_t const *const settings = helper->settings;
  char const *reason = NULL;
  if (!settings->keys)
    keyd_open(&helper->keyd, settings->keyd, KEYD_TIMEOUT);
  else if (keyd_open_file(&helper->keyd, settings->keys, &reason) < 0)
    give_up(helper, reason ? reason : strerror(errno), HELPER_TROUBLE);
}

/* Without a tls-keyd there is nobody to ask. */
static int give_up_calls(settings_t const *settings) {
  bool const asks = settings->keyd && !settings->keys;
  return confine_calls(confine_stream, asks ? confine_asking_count : confine_stream_count);
}

/* All that needs files is done before the process is confined, and that before the first byte of
   the client's is read. */
static engine_t *start_engine(helper_t *helper) {
  char const *reason = NULL;
  if (confine_process() < 0) give_up(helper, "cannot give up privileges", HELPER_TROUBLE);
  open_keys(helper);
  engine_t *const engine = engine_start(&helper->settings->engine, &helper->keyd, &reason);
  if (!engine) give_up(helper, reason, HELPER_TROUBLE);
  if (give_up_calls(helper->settings) < 0 && errno != ENOSYS)
    give_up(helper, "cannot give up system calls", HELPER_TROUBLE);
  return engine;
}

/* ---- the handshake --------------------------------------------------------------------------- */

static void tell(helper_t const *helper, char const *bytes, size_t len) {
  if (helper->wish == 'Y') send_all(CONTROL, bytes, len);
  close(CONTROL);
}

static void tell_facts(helper_t const *helper) {
  static char records[TLS_RECORDS_BYTES];
  engine_facts_t facts;
  engine_facts(helper->relay.engine, &facts);
  tell(helper, records, facts_write(&facts, records));
  log_done(&facts, now() - helper->start);
}

/* A list of records that breaks off: a program that has read some of it knows that the handshake
   was begun and came to nothing. */
static void tell_failure(helper_t const *helper) {
  static char const record[] = "SSL_PROTOCOL";
  tell(helper, record, sizeof record);
}

static char const *reason_of(helper_t const *helper, relay_result_t result) {
  switch (result) {
  case RELAY_FAILED: return engine_reason(helper->relay.engine);
  case RELAY_TIMED_OUT: return "timed out";
  case RELAY_PROGRAM_GONE: return "the program has gone";
  default: return role.gone;
  }
}

_Noreturn static void end(helper_t *helper, int code) {
  engine_end(helper->relay.engine);
  keyd_close(&helper->keyd);
  _exit(code);
}

/* tls-keyd is asked while nothing else is looked at: no answer may take longer than the handshake.
 */
static void shake_hands(helper_t *helper) {
  helper->keyd.deadline = (int64_t)(now() + helper->settings->handshake);
  relay_result_t const result = relay_handshake(&helper->relay, helper->settings->handshake);
  if (result == RELAY_DONE) {
    tell_facts(helper);
    keyd_close(&helper->keyd); /* no session may keep tls-keyd, or a key, for hours */
    return;
  }
  log_failed(reason_of(helper, result), helper->relay.engine, now() - helper->start);
  tell_failure(helper);
  if (result == RELAY_FAILED) relay_finish(&helper->relay, helper->settings->handshake);
  end(helper, result == RELAY_TIMED_OUT ? HELPER_TIMED_OUT : HELPER_FAILED);
}

/* ---- the session ----------------------------------------------------------------------------- */

static void stream(helper_t *helper) {
  relay_t *const relay = &helper->relay;
  settings_t const *const settings = helper->settings;
  relay_result_t result = relay_stream(relay, settings->idle, settings->handshake);
  if (result == RELAY_TRUNCATED) {
    log_broken(role.cut, relay->engine, relay->error);
    if (!relay->to_client.ended) result = relay_stream(relay, settings->idle, settings->handshake);
  }
  if (result == RELAY_FAILED) log_broken(engine_reason(relay->engine), relay->engine, 0);
  if (result == RELAY_TIMED_OUT) log_broken("idle for too long", relay->engine, 0);
  if (result == RELAY_PROGRAM_GONE) log_broken(role.slow, relay->engine, 0);
}

_Noreturn void helper_run(settings_t const *settings, int control, int plain) {
  static helper_t helper;
  helper.settings = settings;
  helper.keyd.fd = -1;
  if (settle_descriptors(settings, control, plain) < 0)
    strerr_diefu1sys(HELPER_TROUBLE, "arrange the helper's descriptors");
  if (!(helper.wish = wait_for_wish())) _exit(0);
  helper.start = now();
  log_session(getenv("SESSION_ID"));
  signal(SIGPIPE, SIG_IGN);
  if (!relay_init(&helper.relay, start_engine(&helper), 0, 1, PLAIN))
    give_up(&helper, strerror(errno), HELPER_TROUBLE);
  shake_hands(&helper);
  stream(&helper);
  relay_finish(&helper.relay, settings->handshake);
  end(&helper, 0);
}
