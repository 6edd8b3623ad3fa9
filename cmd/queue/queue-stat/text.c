/* The counts for people. */
#include <string.h>
#include <unistd.h>

#include <skalibs/types.h>

#include "stat.h"

#define BAR_WIDTH 20

static print_t *out;
static uint64_t now;

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
  uint64_t const next = answer_number(fields[5]) / TOOL_SECOND;
  if (!answer_number(fields[3])) return;
  print_str(out, "down: ");
  print_safe(out, fields[1], 0);
  print_str(out, " ");
  print_safe(out, fields[2], 0);
  print_str(out, " since ");
  print_time(out, answer_number(fields[4]) / TOOL_SECOND);
  print_str(out, ", next try in ");
  print_seconds(out, next > now ? next - now : 0, 0);
  print_str(out, ", waited for by ");
  print_count(out, answer_number(fields[8]), "message: ", "messages: ");
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

/* most: what the longest bar stands for */
static void print_bar(domain_t const *domain, uint64_t most) {
  if (!isatty(1)) return;
  print_str(out, "  ");
  for (uint64_t i = 0; i < (domain->recipients * BAR_WIDTH + most - 1) / most; i++)
    print_str(out, "#");
}

static void print_domain(domain_t const *domain, uint64_t most) {
  put_number(domain->recipients, 10);
  for (size_t i = 0; i < AGES; i++) put_number(domain->by_age[i], 7);
  print_str(out, "  ");
  print_safe(out, *domain->name ? domain->name : "(none)", isatty(1) ? 24 : 0);
  print_bar(domain, most);
  print_str(out, "\n");
}

static void print_rest(counts_t const *counts, size_t shown) {
  uint64_t rest = 0;
  for (size_t i = shown; i < counts->domain_count; i++) rest += counts->domains[i].recipients;
  put_number(rest, 10);
  print_str(out, " at ");
  print_count(out, counts->domain_count - shown, "other domain\n", "other domains\n");
}

static void print_domains(counts_t const *counts, size_t lines) {
  size_t const shown = counts->domain_count < lines ? counts->domain_count : lines;
  if (!counts->domain_count) return;
  print_title();
  for (size_t i = 0; i < shown; i++)
    print_domain(&counts->domains[i], counts->domains[0].recipients);
  if (shown < counts->domain_count) print_rest(counts, shown);
}

static void print_messages(counts_t const *counts) {
  print_count(out, counts->fresh + counts->deferred + counts->held, "message: ", "messages: ");
  print_uint(out, counts->fresh);
  print_str(out, " new, ");
  print_uint(out, counts->deferred);
  print_str(out, " deferred, ");
  print_uint(out, counts->held);
  print_str(out, " held; ");
  print_uint(out, counts->bad);
  print_str(out, " bad\n");
}

void stat_print_text(tool_t *tool, counts_t const *counts, answer_t const *answer, size_t lines) {
  bool begun = false;
  out = &tool->out;
  now = tool->now;
  print_messages(counts);
  answer_each(answer, "entries", 3, print_state, &begun);
  print_str(out, begun ? "\n" : "queue-send: does not run\n");
  answer_each(answer, "destination", 10, print_down, NULL);
  print_domains(counts, lines);
}
