#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/exec.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "conf/conf.h"
#include "inject.h"
#include "smtp/smtp.h"

#define USAGE                                                                                      \
  "mail-inject [-bmsp] [-intv] [-F name] [-f sender] [-N notify] [-R return] "                     \
  "[-V envelope-id] [recipient ...]"

/* Those with a colon want an argument; those of attached take the rest of their word for one. */
#define OPTIONS  "hb:itvB:F:f:r:N:R:V:o:C:L:O:X:p:AGUdemnqs"
#define attached "Adeq"

char const *PROG = "mail-inject";

typedef struct options {
  char mode; /* of -b: m, s, p, i */
  bool whole_input, from_header, verbose;
  char const *name, *sender;
  envelope_t envelope;
} options_t;

/* ---- options --------------------------------------------------------------------------------- */

/* What a name of ours means. */
static struct {
  char const *name;
  char mode;
} const names[] = {{"mailq", 'p'}, {"newaliases", 'i'}};

static char mode_of(char const *path) {
  char const *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!strcmp(names[i].name, name)) return names[i].mode;
  return 'm';
}

static void set_mode(options_t *options, char const *mode) {
  if (strlen(mode) != 1 || !strchr("mspi", *mode)) die(EX_USAGE, "there is no mode -b", mode);
  options->mode = *mode;
}

/* What DSN knows (RFC 3461, 4). */
static bool is_notify(char const *s) {
  return smtp_notify_valid(s, strlen(s));
}

static bool is_ret(char const *s) {
  return smtp_word_is(s, strlen(s), "full") || smtp_word_is(s, strlen(s), "hdrs");
}

static bool is_envelope_id(char const *s) {
  return *s && strlen(s) <= SMTP_ENVID_MAX && smtp_xtext_valid(s, strlen(s));
}

static void set_parameter(char const **parameter, char const *value,
                          bool (*is_valid)(char const *s)) {
  if (!is_valid(value)) die(EX_USAGE, "not what DSN knows: ", value);
  *parameter = value;
}

static void set_option(options_t *options, int option, char const *argument) {
  switch (option) {
  case 'b': set_mode(options, argument); break;
  case 'i': options->whole_input = true; break;
  case 'o': options->whole_input = options->whole_input || !strcmp(argument, "i"); break;
  case 't': options->from_header = true; break;
  case 'v': options->verbose = true; break;
  case 'F': options->name = argument; break;
  case 'f':
  case 'r': options->sender = argument; break;
  case 'N': set_parameter(&options->envelope.notify, argument, is_notify); break;
  case 'R': set_parameter(&options->envelope.ret, argument, is_ret); break;
  case 'V': set_parameter(&options->envelope.id, argument, is_envelope_id); break;
  case 'h': strerr_dieusage(0, USAGE);
  case '?': strerr_dieusage(EX_USAGE, USAGE);
  default: break;
  }
}

static void parse_options(options_t *options, int argc, char const *const **argv) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, *argv, OPTIONS, &state)) != -1;) {
    set_option(options, option, state.arg);
    if (!strchr(attached, option) || !state.pos) continue;
    state.pos = 0;
    state.ind++;
  }
  *argv += state.ind;
}

/* ---- who it is ------------------------------------------------------------------------------- */

static char const *configured_name(void) {
  static conf_t conf;
  char const *culprit;
  if (conf_load(&conf, &culprit) < 0) {
    bool const is_bad = errno == ERANGE || errno == EINVAL || errno == EACCES;
    strerr_diefu2sys(is_bad ? EX_CONFIG : EX_OSERR, "read the setting ", culprit);
  }
  if (!conf.text[CONF_ME]) die(EX_CONFIG, "the setting `me' is not there", "");
  return conf.text[CONF_ME];
}

static char const *first_of(char const *a, char const *b, char const *c) {
  return a && *a ? a : b && *b ? b : c;
}

/* The full name, up to its first comma. */
static char const *full_name(struct passwd const *user) {
  char *name = user && user->pw_gecos ? user->pw_gecos : NULL;
  if (!name || strchr(name, '&')) return "";
  name[strcspn(name, ",")] = 0;
  return name;
}

/* One address, "<>" or nothing, as SMTP takes it. */
static char const *sender_address(char const *sender, char const *me) {
  static addresses_t addresses;
  if (!*sender || !strcmp(sender, "<>")) return "";
  if (!addresses_add(&addresses, sender, strlen(sender), me) || addresses.count != 1)
    die(EX_USAGE, "not an address: ", sender);
  return addresses.list.s;
}

static author_t author_find(options_t const *options) {
  struct passwd const *user = getpwuid(getuid());
  char const *login = user ? user->pw_name : first_of(getenv("LOGNAME"), getenv("USER"), "nobody");
  author_t author = {.me = configured_name(), .name = options->name};
  author.sender = sender_address(options->sender ? options->sender : login, author.me);
  if (!author.name) author.name = full_name(user);
  return author;
}

/* ---- modes ----------------------------------------------------------------------------------- */

/* The recipients of the message: those of the header behind those of the command line. */
static void find_recipients(addresses_t *recipients, options_t const *options, draft_t const *draft,
                            char const *const *arguments, char const *me) {
  for (; *arguments; arguments++)
    if (!addresses_add(recipients, *arguments, strlen(*arguments), me))
      die(EX_USAGE, "not an address: ", *arguments);
  if (options->from_header) {
    addresses_t const *found = draft->resent.count ? &draft->resent : &draft->all;
    if (draft->bad_list) die(EX_DATAERR, "not a list of addresses: ", draft->bad_list);
    if (!stralloc_catb(&recipients->list, found->list.s, found->list.len))
      die_system(EX_OSERR, "gather the recipients");
    recipients->count += found->count;
  }
  if (!recipients->count) die(EX_USAGE, "there are no recipients", "");
}

static void submit(options_t *options, char const *const *arguments) {
  static draft_t draft;
  static addresses_t recipients;
  author_t const author = author_find(options);
  message_t message = message_read();
  if (!options->whole_input) message_end_at_dot(&message);
  compose(&draft, &message, &author);
  find_recipients(&recipients, options, &draft, arguments, author.me);
  options->envelope.sender = author.sender;
  options->envelope.recipients = &recipients;
  service_submit(&options->envelope, &message, &draft, options->verbose);
}

static _Noreturn void list_queue(void) {
  char const *const argv[] = {"queue-list", NULL};
  xexec(argv);
}

static _Noreturn void compile_routes(void) {
  char path[4096];
  char const *const argv[] = {"route-compile", path, NULL};
  if (conf_path(path, sizeof path, "routes") < 0) die_system(EX_CONFIG, "find the routes");
  xexec(argv);
}

int main(int argc, char const *const *argv) {
  options_t options = {.mode = mode_of(argv[0])};
  parse_options(&options, argc, &argv);
  signal(SIGPIPE, SIG_IGN);
  switch (options.mode) {
  case 's': service_relay(); break;
  case 'p': list_queue();
  case 'i': compile_routes(); break;
  default: submit(&options, argv);
  }
  return 0;
}
