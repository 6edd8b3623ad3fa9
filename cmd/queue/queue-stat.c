/* queue-stat: see queue-stat(1). */
#include <unistd.h>

#include <skalibs/types.h>

#include "known.h"

char const *PROG = "queue-stat";

#define USAGE "queue-stat " TOOL_USAGE " [-j] [-n lines] [id ...]"

#define LINES     20 /* domains that people are shown */
#define BAR_WIDTH 20

/* Ages are counted up to these seconds, and beyond. */
static uint64_t const ages[] = {300, 3600, 21600, 86400, 432000};
static char const *const age_words[] = {"5m", "1h", "6h", "1d", "5d", "older"};
#define AGES (sizeof age_words / sizeof *age_words)

/* The domain of recipients who have something left. */
typedef struct domain {
  char const *name;
  uint64_t recipients;
  uint64_t by_age[AGES];
} domain_t;

static tool_t tool;
static print_t *const out = &tool.out;
static bool as_json;
static unsigned lines = LINES;

static uint64_t held_count, new_count, deferred_count, bad_count, recipients;
static uint64_t messages_by_age[AGES];

/* Each recipient at first: its age's number and its domain, ended by NUL. */
static stralloc seen = STRALLOC_ZERO;
static domain_t *domains;
static size_t domain_count;

/* ---- counting ---- */

static size_t age_of(pick_entry_t const *entry) {
  uint64_t const born = chain_id_time(entry->entry.id) / TOOL_SECOND;
  uint64_t const age = tool.now > born ? tool.now - born : 0;
  size_t i = 0;
  while (i < AGES - 1 && age >= ages[i]) i++;
  return i;
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void see(char const *recipient, size_t age) {
  char const *at = strrchr(recipient, '@');
  char const number = (char)age;
  size_t const start = seen.len + 1;
  at = at ? at + 1 : "";
  if (!stralloc_catb(&seen, &number, 1) || !stralloc_catb(&seen, at, strlen(at) + 1))
    strerr_diefu1sys(111, "allocate");
  for (size_t i = start; i < seen.len; i++) seen.s[i] = lower(seen.s[i]);
  recipients++;
}

static void count_recipients(pick_entry_t const *entry, size_t age) {
  size_t position = 0, record = 0, index = 0;
  char const *recipient;
  while ((recipient = queue_envelope_next(&entry->entry.envelope, &position)))
    if (pick_is_left(&entry->state, index++, &record)) see(recipient, age);
}

static void count_entry(char const *name) {
  pick_entry_t entry;
  int const found = tool_read(&tool, &entry, name);
  if (found < 0) tool_complain(&tool, name, strerror(errno));
  if (found <= 0) return;
  size_t const age = age_of(&entry);
  messages_by_age[age]++;
  held_count += entry.held != 0;
  new_count += !entry.held && !entry.state.attempts;
  deferred_count += !entry.held && entry.state.attempts;
  count_recipients(&entry, age);
  pick_free(&entry);
}

static int by_name(void const *a, void const *b) {
  domain_t const *left = a, *right = b;
  return strcmp(left->name, right->name);
}

static int by_recipients(void const *a, void const *b) {
  domain_t const *left = a, *right = b;
  if (left->recipients == right->recipients) return by_name(a, b);
  return left->recipients < right->recipients ? 1 : -1;
}

static void add(domain_t *to, domain_t const *from) {
  to->recipients += from->recipients;
  for (size_t i = 0; i < AGES; i++) to->by_age[i] += from->by_age[i];
}

/* Makes one of all that have the same name, the largest first. */
static void sum_up(void) {
  size_t n = 0;
  domains = calloc(recipients + 1, sizeof *domains);
  if (!domains) strerr_diefu1sys(111, "allocate");
  for (char const *s = seen.s; n < recipients; s += strlen(s) + 1) {
    size_t const age = (size_t)*s++;
    domains[n] = (domain_t){.name = s, .recipients = 1};
    domains[n++].by_age[age] = 1;
  }
  qsort(domains, n, sizeof *domains, by_name);
  for (size_t i = 0; i < n; i++) {
    if (domain_count && !strcmp(domains[domain_count - 1].name, domains[i].name))
      add(&domains[domain_count - 1], &domains[i]);
    else
      domains[domain_count++] = domains[i];
  }
  qsort(domains, domain_count, sizeof *domains, by_recipients);
}

/* ---- what queue-send knows ---- */

typedef struct known {
  bool running;
  stralloc lines; /* ended by NULs */
} known_t;

static void ask(known_t *known) {
  steer_client_t client;
  steer_request_t const request = {STEER_STAT, "", ""};
  steer_answer_t answer;
  char *line;
  if (!known_connect(&client, &tool)) return;
  int more = steer_send(&client, &request);
  while (more >= 0 && (more = steer_receive(&client, &line, &answer)) > 0)
    if (!stralloc_catb(&known->lines, line, strlen(line) + 1)) strerr_diefu1sys(111, "allocate");
  if (more < 0) strerr_warnwu1sys("speak to queue-send");
  known->running = !more && answer == STEER_DONE;
  steer_close(&client);
}

/* Calls f for each line of this kind that has so many fields; they are cut for good. */
typedef void line_f(void *data, char const *const *fields);

static void each_line(known_t const *known, char const *kind, size_t count, line_f *f, void *data) {
  for (char *s = known->lines.s, *next; s && s < known->lines.s + known->lines.len; s = next) {
    char const *fields[STEER_FIELDS_MAX];
    size_t const len = strlen(kind);
    next = s + strlen(s) + 1;
    if (strncmp(s, kind, len) != 0 || s[len] != '\t') continue;
    if (steer_fields_split(fields, s) >= count) f(data, fields);
  }
}

static uint64_t number_of(char const *s) {
  uint64_t number;
  return uint640_scan(s, &number) ? number : 0;
}

/* ---- for people ---- */

static void print_state(void *data, char const *const *fields) {
  bool *begun = data;
  print_str(out, *begun ? ", " : "queue-send: ");
  print_safe(out, fields[2], 0);
  print_str(out, " ");
  print_safe(out, fields[1], 0);
  *begun = true;
}

/* destination channel name failures since next given waiting parked text */
static void print_down(void *data, char const *const *fields) {
  (void)data;
  uint64_t const next = number_of(fields[5]) / TOOL_SECOND;
  if (!number_of(fields[3])) return;
  print_str(out, "down: ");
  print_safe(out, fields[1], 0);
  print_str(out, " ");
  print_safe(out, fields[2], 0);
  print_str(out, " since ");
  print_time(out, number_of(fields[4]) / TOOL_SECOND);
  print_str(out, ", next try in ");
  print_seconds(out, next > tool.now ? next - tool.now : 0, 0);
  print_str(out, ", waited for by ");
  print_count(out, number_of(fields[8]), "message: ", "messages: ");
  print_safe(out, fields[9], 0);
  print_str(out, "\n");
}

static void put_number(uint64_t number, size_t width) {
  char s[UINT64_FMT];
  size_t const len = uint64_fmt(s, number);
  for (size_t i = len; i < width; i++) print_str(out, " ");
  print_bytes(out, s, len);
}

static void print_title(void) {
  print_str(out, "\nrecipients");
  for (size_t i = 0; i < AGES; i++) {
    for (size_t len = strlen(age_words[i]); len < 7; len++) print_str(out, " ");
    print_str(out, age_words[i]);
  }
  print_str(out, "  domain\n");
}

static void print_bar(domain_t const *domain) {
  uint64_t const most = domains[0].recipients;
  if (!isatty(1)) return;
  print_str(out, "  ");
  for (uint64_t i = 0; i < (domain->recipients * BAR_WIDTH + most - 1) / most; i++)
    print_str(out, "#");
}

static void print_domain(domain_t const *domain) {
  put_number(domain->recipients, 10);
  for (size_t i = 0; i < AGES; i++) put_number(domain->by_age[i], 7);
  print_str(out, "  ");
  print_safe(out, *domain->name ? domain->name : "(none)", isatty(1) ? 24 : 0);
  print_bar(domain);
  print_str(out, "\n");
}

static void print_rest(size_t shown) {
  uint64_t rest = 0;
  for (size_t i = shown; i < domain_count; i++) rest += domains[i].recipients;
  put_number(rest, 10);
  print_str(out, " at ");
  print_count(out, domain_count - shown, "other domain\n", "other domains\n");
}

static void print_domains(void) {
  size_t const shown = domain_count < lines ? domain_count : lines;
  if (!domain_count) return;
  print_title();
  for (size_t i = 0; i < shown; i++) print_domain(&domains[i]);
  if (shown < domain_count) print_rest(shown);
}

static void print_text(known_t const *known) {
  bool begun = false;
  print_count(out, new_count + deferred_count + held_count, "message: ", "messages: ");
  print_uint(out, new_count);
  print_str(out, " new, ");
  print_uint(out, deferred_count);
  print_str(out, " deferred, ");
  print_uint(out, held_count);
  print_str(out, " held; ");
  print_uint(out, bad_count);
  print_str(out, " bad\n");
  each_line(known, "entries", 3, print_state, &begun);
  print_str(out, begun ? "\n" : "queue-send: does not run\n");
  each_line(known, "destination", 10, print_down, 0);
  print_domains();
}

/* ---- JSON ---- */

static void json_ages(json_t *json, uint64_t const *counts) {
  json_object(json, "ages");
  for (size_t i = 0; i < AGES; i++) json_uint(json, age_words[i], counts[i]);
  json_close(json);
}

static void json_domains(json_t *json) {
  json_array(json, "domains");
  for (size_t i = 0; i < domain_count; i++) {
    json_object(json, 0);
    json_str(json, "domain", domains[i].name);
    json_uint(json, "recipients", domains[i].recipients);
    json_ages(json, domains[i].by_age);
    json_close(json);
  }
  json_close(json);
}

static void json_state(void *data, char const *const *fields) {
  json_uint(data, fields[1], number_of(fields[2]));
}

static void json_deliverer(void *data, char const *const *fields) {
  static char const *const names[] = {"pid", "given", "waiting", "failures"};
  json_object(data, 0);
  json_str(data, "channel", fields[1]);
  json_str(data, "state", fields[2]);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    json_uint(data, names[i], number_of(fields[3 + i]));
  json_close(data);
}

static void json_destination(void *data, char const *const *fields) {
  static char const *const names[] = {"failures", "since", "next", "given", "waiting", "parked"};
  json_object(data, 0);
  json_str(data, "channel", fields[1]);
  json_str(data, "destination", fields[2]);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    uint64_t const number = number_of(fields[3 + i]);
    json_uint(data, names[i], i == 1 || i == 2 ? number / TOOL_SECOND : number);
  }
  json_str(data, "text", fields[9]);
  json_close(data);
}

static void json_known(json_t *json, known_t const *known) {
  json_bool(json, "running", known->running);
  json_object(json, "entries");
  each_line(known, "entries", 3, json_state, json);
  json_close(json);
  json_array(json, "deliverers");
  each_line(known, "deliverer", 7, json_deliverer, json);
  json_close(json);
  json_array(json, "destinations");
  each_line(known, "destination", 10, json_destination, json);
  json_close(json);
}

static void print_json(known_t const *known) {
  json_t json = {.print = out};
  json_object(&json, 0);
  json_uint(&json, "new", new_count);
  json_uint(&json, "deferred", deferred_count);
  json_uint(&json, "held", held_count);
  json_uint(&json, "bad", bad_count);
  json_uint(&json, "recipients", recipients);
  json_ages(&json, messages_by_age);
  json_domains(&json);
  json_known(&json, known);
  json_close(&json);
}

/* ---- all of it ---- */

static void count_bad(void) {
  stralloc names = STRALLOC_ZERO;
  tool_read_names(&tool, &names, tool.queue.bad_fd);
  bad_count = pick_count(&names);
  stralloc_free(&names);
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  known_t known = {0};
  tool_init(&tool);
  for (int option; (option = subgetopt_r(argc, argv, "jn:" TOOL_OPTIONS, &options)) != -1;)
    switch (option) {
    case 'j': as_json = true; break;
    case 'n':
      if (!uint0_scan(options.arg, &lines)) strerr_dief2x(100, "not a number: ", options.arg);
      break;
    default: tool_option(&tool, option, options.arg, USAGE);
    }
  tool_open(&tool, argv + options.ind);
  for (size_t i = 0; i < pick_count(&tool.names); i++) count_entry(pick_name(&tool.names, i));
  count_bad();
  sum_up();
  ask(&known);
  as_json ? print_json(&known) : print_text(&known);
  return tool_end(&tool);
}
