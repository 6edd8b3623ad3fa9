#include "submission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "chain/chain.h"
#include "conf/conf.h"
#include "log/log.h"
#include "mime/mime.h"

#define USAGE     "submission [-Alrsux] program..."
#define FIELD_MAX (CONF_VALUE_MAX + 64) /* bytes of a field that we add */

char const *PROG = "submission";

typedef struct options {
  rules_t rules;
  bool adds_sender; /* -s */
  bool tells_user;  /* -x */
} options_t;

static struct {
  unsigned int code;
  char const *enhanced;
  char const *reason; /* for the log */
  char const *text;
} const replies[PROBLEMS] = {
    [PROBLEM_BROKEN] = {550, "5.6.0", "broken", "a line of the header is no header field"},
    [PROBLEM_NO_FROM] = {550, "5.6.0", "no-from", "there is no From field"},
    [PROBLEM_MANY_FROM] = {550, "5.6.0", "many-from", "there is more than one From field"},
    [PROBLEM_BAD_FROM] = {550, "5.6.0", "bad-from", "From is no list of addresses"},
    [PROBLEM_MANY_SENDER] = {550, "5.6.0", "many-sender", "there is more than one Sender field"},
    [PROBLEM_BAD_SENDER] = {550, "5.6.0", "bad-sender", "Sender is not one address"},
    [PROBLEM_TOO_OFTEN] = {550, "5.6.0", "repeated", "a header field is repeated that may not be"},
    [PROBLEM_LONG_LINE] = {550, "5.6.0", "long-line", "a line of the header is too long"},
    [PROBLEM_TOO_MANY_CUTS] = {554, "5.6.0", "many-cuts", "too many header fields to leave out"},
    [PROBLEM_FOREIGN_FROM] = {550, "5.7.1", "foreign-from", "From is not an address of yours"},
    [PROBLEM_FOREIGN_SENDER] = {550, "5.7.1", "foreign-sender",
                                "Sender is not an address of yours"},
};

static _Noreturn void fail(char const *enhanced, char const *text, char const *step) {
  log_failed_step(PROG, step);
  chain_defer(451, enhanced, text);
}

/* ---- the log: one line for a message -------------------------------------------------------- */

typedef struct report {
  log_line_t line;
  size_t len;
  char added[128]; /* names of fields, commas between */
} report_t;

static void report_begin(report_t *report, options_t const *options, judgement_t const *judgement) {
  char const *id = getenv("QUEUE_ID");
  report->len = 0;
  log_start(&report->line, PROG, "check");
  if (id) log_str(&report->line, "id", id);
  if (options->rules.user) log_str(&report->line, "user", options->rules.user);
  log_str(&report->line, "from", judgement->address);
}

static _Noreturn void refuse(report_t *report, problem_t problem) {
  log_uint(&report->line, "verdict", replies[problem].code);
  log_str(&report->line, "reason", replies[problem].reason);
  log_send(&report->line);
  chain_reject(replies[problem].code, replies[problem].enhanced, replies[problem].text);
}

/* ---- edits ----------------------------------------------------------------------------------- */

static void add_field(report_t *report, char const *name, char const *value) {
  char field[FIELD_MAX];
  snprintf(field, sizeof field, "%s: %s\n", name, value);
  if (chain_add_headers(field) < 0) fail("4.3.5", "too many edits", "add a field");
  size_t const room = sizeof report->added - report->len;
  int const n = snprintf(report->added + report->len, room, "%s%s", report->len ? "," : "", name);
  report->len += (size_t)n;
}

static void add_date(report_t *report) {
  char date[SMTP_DATE_SIZE];
  smtp_date_format(date, (uint64_t)time(NULL));
  add_field(report, "Date", date);
}

static void add_message_id(report_t *report, char const *me) {
  char made[CHAIN_ID_SIZE + 1], id[CONF_VALUE_MAX + 32];
  char const *queue_id = getenv("QUEUE_ID");
  if (!queue_id || !chain_id_valid(queue_id)) {
    chain_id_make(made);
    queue_id = made;
  }
  if (mime_id_format(id, sizeof id, queue_id, me) < 0)
    strerr_dief2x(100, "not a host's name: ", me);
  add_field(report, "Message-ID", id);
}

/* The first address of the login's list, or what the login is at this host. Its length. */
static size_t login_address(char *out, size_t size, rules_t const *rules) {
  size_t len;
  for (char const *word = rules->senders; word && *word; word += len) {
    word += strspn(word, " \t");
    len = strcspn(word, " \t");
    if (*word != '@' && memchr(word, '@', len))
      return (size_t)snprintf(out, size, "%.*s", (int)len, word);
  }
  char const *host = strchr(rules->user, '@') ? "" : rules->me;
  return (size_t)snprintf(out, size, "%s%s%s", rules->user, *host ? "@" : "", host);
}

/* Has the login's address in place of Sender. False if it makes none. */
static bool replace_sender(report_t *report, head_t *head, options_t const *options) {
  field_t const *sender = &head->fields[FIELD_SENDER];
  char address[SMTP_ADDRESS_MAX + 1];
  smtp_path_t path;
  size_t consumed, len = login_address(address, sizeof address, &options->rules);
  if (len >= sizeof address) return false;
  if (smtp_path_parse(&path, address, len, SMTP_PATH_BARE | SMTP_PATH_UTF8_OK, &consumed))
    return false;
  if (consumed != len) return false;
  if (sender->count && queue_cuts_add(&head->cuts, sender->begin, sender->end) < 0) return false;
  add_field(report, "Sender", path.address);
  return true;
}

static void add_user(report_t *report, char const *user) {
  char value[256];
  size_t const len = strnlen(user, sizeof value - 1);
  for (size_t i = 0; i < len; i++) value[i] = user[i] >= ' ' && user[i] <= '~' ? user[i] : '?';
  value[len] = 0;
  add_field(report, "X-Authenticated-User", value);
}

static void complete(report_t *report, head_t *head, options_t const *options) {
  field_t const *fields = head->fields, *user = &fields[FIELD_AUTHENTICATED];
  bool const user_added = user->count && !user->end;
  if (!fields[FIELD_DATE].count) add_date(report);
  if (!fields[FIELD_MESSAGE_ID].count) add_message_id(report, options->rules.me);
  if (options->tells_user && options->rules.user && !user_added)
    add_user(report, options->rules.user);
  if (queue_cuts_append(&head->cuts) < 0) fail("4.3.5", "too many edits", "cut fields");
}

/* ---------------------------------------------------------------------------------------------- */

/* A user's own Sender says already what a foreign From does not. */
static bool is_mended(report_t *report, head_t *head, options_t const *options,
                      judgement_t const *judgement) {
  if (!judgement->problem) return true;
  bool const foreign =
      judgement->problem == PROBLEM_FOREIGN_FROM || judgement->problem == PROBLEM_FOREIGN_SENDER;
  if (!foreign || !options->adds_sender) return false;
  return judgement->has_own_sender || replace_sender(report, head, options);
}

static void check(options_t const *options) {
  static head_t head;
  size_t len;
  report_t report;
  judgement_t judgement;
  char const *step, *message = queue_message_map(conf_queue(), &len, &step);
  if (!message) fail("4.3.0", "cannot read the message", step);
  if (head_read(&head, message, len, options->tells_user ? FIELD_AUTHENTICATED : FIELDS) < 0)
    fail("4.3.5", "a filter asked for a bad edit", "parse CUT_RANGES");
  head_judge(&judgement, &head, &options->rules);
  report_begin(&report, options, &judgement);
  if (!is_mended(&report, &head, options, &judgement)) refuse(&report, judgement.problem);
  complete(&report, &head, options);
  if (report.len) log_str(&report.line, "added", report.added);
  if (head.cuts.count) log_uint(&report.line, "cuts", head.cuts.count);
  log_str(&report.line, "verdict", "pass");
  log_send(&report.line);
}

static char const *configured_name(void) {
  static conf_t conf;
  char const *culprit;
  if (conf_load(&conf, &culprit) < 0) strerr_diefu2sys(111, "read the setting ", culprit);
  if (!conf.text[CONF_ME]) strerr_dief1x(100, "the setting `me' is not there");
  return conf.text[CONF_ME];
}

static void parse_options(options_t *options, int argc, char const *const **argv) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, *argv, "Ahlrsux", &state)) != -1;) switch (option) {
    case 'A': options->rules.anyone = true; break;
    case 'l': options->rules.lines = true; break;
    case 'r': options->rules.resent = true; break;
    case 's': options->adds_sender = true; break;
    case 'u': options->rules.at_once = true; break;
    case 'x': options->tells_user = true; break;
    default: strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
    }
  *argv += state.ind;
  if (!**argv) strerr_dieusage(100, USAGE);
}

int main(int argc, char const *const *argv) {
  options_t options = {.adds_sender = false};
  parse_options(&options, argc, &argv);
  log_session(getenv("SESSION_ID"));
  char const *user = getenv("SMTP_AUTH_USER");
  options.rules.user = user && *user ? user : NULL;
  options.rules.senders = getenv("SMTP_AUTH_SENDERS");
  options.rules.me = configured_name();
  check(&options);
  chain_next(argv);
}
