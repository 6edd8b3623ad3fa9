/* auth-results: see auth-results(8). */
#include <stdlib.h>
#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "authres/authres.h"
#include "chain/chain.h"
#include "conf/conf.h"
#include "log/log.h"
#include "policy/policy.h"
#include "queue/queue.h"

#define USAGE "auth-results [-ANn] [-i id] [-x ids] program..."

char const *PROG = "auth-results";

typedef struct options {
  char const *id;
  char const *others; /* ids whose fields go as well, or NULL */
  bool all;           /* every such field goes */
  bool none;          /* a field is written even if there is nothing to tell */
  bool keep;          /* no field goes */
} options_t;

static _Noreturn void fail(char const *enhanced, char const *text, char const *step) {
  log_failed_step(PROG, step);
  chain_defer(451, enhanced, text);
}

/* ---- fields that others wrote ---------------------------------------------------------------- */

/* A field whose id cannot be read might be read as ours by somebody else. */
static bool is_forged(options_t const *options, char const *id) {
  if (options->all || !*id || !strcasecmp(id, options->id)) return true;
  return options->others && policy_list_has_domain(options->others, id);
}

/* A stranger who sends thousands of them apart wants us to give up. */
static void cut_field(queue_cuts_t *cuts, authres_field_t const *field) {
  if (queue_cuts_add(cuts, field->start, field->end) < 0)
    chain_reject(554, "5.6.0", "too many Authentication-Results fields");
}

static void tell_cuts(queue_cuts_t *cuts, unsigned int fields) {
  log_line_t line;
  if (queue_cuts_append(cuts) < 0) fail("4.3.5", "too many edits", "cut fields");
  log_start(&line, PROG, "forged");
  log_uint(&line, "fields", fields);
  log_send(&line);
}

static void cut_forged(options_t const *options) {
  static queue_cuts_t cuts;
  size_t len, position = 0;
  unsigned int fields = 0;
  authres_field_t field;
  char const *step, *message = queue_message_map(conf_queue(), &len, &step);
  if (!message) fail("4.3.0", "cannot read the message", step);
  while (authres_field_next(message, len, &position, &field)) {
    if (!is_forged(options, field.id)) continue;
    cut_field(&cuts, &field);
    fields++;
  }
  if (fields) tell_cuts(&cuts, fields);
}

/* ---- our own --------------------------------------------------------------------------------- */

static void log_bad_list(void) {
  log_line_t line;
  log_start(&line, PROG, "bad-results");
  log_str(&line, "reason",
          "an item of AUTH_RESULTS is no resinfo: it and those behind it are left out");
  log_send(&line);
}

static void add_field(options_t const *options) {
  static char field[AUTHRES_FIELD_MAX];
  char const *list = getenv("AUTH_RESULTS");
  bool good;
  if (!options->none && !(list && *list)) return;
  if (authres_field_format(field, sizeof field, options->id, list ? list : "", &good) < 0 ||
      chain_add_headers(field) < 0)
    fail("4.3.5", "too many results of checks", "write the field");
  if (!good) log_bad_list();
}

/* ---- options --------------------------------------------------------------------------------- */

static char const *configured_id(void) {
  static conf_t conf;
  char const *culprit;
  if (conf_load(&conf, &culprit) < 0) strerr_diefu2sys(111, "read the setting ", culprit);
  char const *id = conf.text[CONF_AUTHSERV_ID];
  if (!*id) id = conf.text[CONF_ME];
  if (!id || !*id) strerr_dief1x(100, "no authserv-id: set `me', or use -i");
  return id;
}

static void parse_options(options_t *options, int argc, char const *const **argv) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, *argv, "hANni:x:", &state)) != -1;) switch (option) {
    case 'A': options->all = true; break;
    case 'N': options->keep = true; break;
    case 'n': options->none = true; break;
    case 'i': options->id = state.arg; break;
    case 'x':
      if (!(options->others = policy_list(state.arg))) strerr_diefu2sys(111, "read ", state.arg);
      break;
    default: strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
    }
  *argv += state.ind;
  if (!**argv) strerr_dieusage(100, USAGE);
}

int main(int argc, char const *const *argv) {
  options_t options = {.id = NULL};
  parse_options(&options, argc, &argv);
  log_session(getenv("SESSION_ID"));
  if (!options.id) options.id = configured_id();
  if (!*options.id || strlen(options.id) > AUTHRES_ID_MAX)
    strerr_dief1x(100, "an authserv-id has 1 to 255 bytes");
  if (!options.keep) cut_forged(&options);
  add_field(&options);
  chain_next(argv);
}
