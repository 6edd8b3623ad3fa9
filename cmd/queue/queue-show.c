/* queue-show: see queue-show(1). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "queue/format.h"
#include "shared/known.h"
#include "text/text.h"

char const *PROG = "queue-show";

#define USAGE "queue-show [-q queue] [-m | -H] [-r] id"

#define COPY_SIZE 65536

typedef enum part { ALL, MESSAGE, HEADER } part_t;

static tool_t tool;
static print_t *const out = &tool.out;

/* ---- lines ---- */

static void begin_line(char const *what) {
  print_safe(out, what, 12);
}

static void put_line(char const *what, char const *s) {
  begin_line(what);
  print_safe(out, s, 0);
  print_str(out, "\n");
}

static void put_when(uint64_t microseconds) {
  uint64_t const seconds = microseconds / TOOL_SECOND;
  print_time(out, seconds);
  print_str(out, seconds > tool.now ? " (in " : " (");
  print_seconds(out, seconds > tool.now ? seconds - tool.now : tool.now - seconds, 0);
  print_str(out, seconds > tool.now ? ")" : " ago)");
}

/* ---- the envelope ---- */

/* Of many thousands, none is looked for by going through all. */
static char const **recipients, **parameters; /* the latter: strings of P records, sorted */
static size_t parameters_count;

static void *make_room(size_t count, size_t size) {
  void *room = calloc(count + 1, size);
  if (!room) strerr_diefu1sys(111, "allocate");
  return room;
}

static void find_recipients(queue_envelope_t const *envelope) {
  size_t position = 0;
  recipients = make_room(envelope->count, sizeof *recipients);
  for (size_t i = 0; i < envelope->count; i++)
    recipients[i] = queue_envelope_next(envelope, &position);
}

/* Records of one recipient in the order in which they lie. */
static int compare_records(void const *a, void const *b) {
  char const *left = *(char const *const *)a, *right = *(char const *const *)b;
  int const order = strcmp(left, right);
  return order ? order : (left > right) - (left < right);
}

static queue_cursor_t parameters_of(queue_envelope_t const *envelope) {
  char const *s = envelope->parameters;
  return (queue_cursor_t){s, s + envelope->parameters_len};
}

static char const *next_record(queue_cursor_t *cursor) {
  char const *recipient = queue_take_record(cursor, 'P');
  while (recipient && *queue_take(cursor)) continue;
  return recipient;
}

static void find_parameters(queue_envelope_t const *envelope) {
  queue_cursor_t cursor = parameters_of(envelope);
  while (next_record(&cursor)) parameters_count++;
  parameters = make_room(parameters_count, sizeof *parameters);
  cursor = parameters_of(envelope);
  for (size_t i = 0; i < parameters_count; i++) parameters[i] = next_record(&cursor);
  qsort(parameters, parameters_count, sizeof *parameters, compare_records);
}

/* The first record that is not before recipient's. */
static size_t first_record(char const *recipient) {
  size_t low = 0, high = parameters_count;
  while (low < high) {
    size_t const middle = low + (high - low) / 2;
    if (strcmp(parameters[middle], recipient) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void show_parameters(char const *recipient) {
  for (size_t i = first_record(recipient);
       i < parameters_count && !strcmp(parameters[i], recipient); i++)
    for (char const *s = parameters[i]; *(s += strlen(s) + 1);) put_line("", s);
}

static void show_envelope(pick_entry_t const *entry) {
  queue_envelope_t const *envelope = &entry->entry.envelope;
  find_recipients(envelope);
  find_parameters(envelope);
  put_line("sender", tool_sender(entry));
  show_parameters("");
  for (size_t i = 0; i < envelope->count; i++) {
    put_line("recipient", recipients[i]);
    show_parameters(recipients[i]);
  }
}

static void show_facts(queue_entry_t const *entry) {
  char const *end = entry->facts + entry->facts_len;
  for (char const *s = entry->facts; s < end; s += strlen(s) + 1) put_line("fact", s + 1);
}

/* ---- the log ---- */

static struct {
  queue_what_t what;
  char const *words;
  bool of_recipient;
} const events[] = {
    {QUEUE_DELIVERED, "delivered", true},
    {QUEUE_DEFERRED, "failed for now", true},
    {QUEUE_FAILED, "failed for good", true},
    {QUEUE_EXPIRED, "expired", true},
    {QUEUE_DELIVERY_TOLD, "delivered, and the sender was told", true},
    {QUEUE_FAILURE_TOLD, "failed, and the sender was told", true},
    {QUEUE_DELAY_TOLD, "the sender was told of the delay", false},
    {QUEUE_ATTEMPTED, "end of an attempt", false},
    {QUEUE_HELD, "held by an administrator", false},
    {QUEUE_RELEASED, "released", false},
    {QUEUE_DROPPED, "to be removed", false},
    {QUEUE_BOUNCED, "to be returned", false},
};

static void show_record(queue_envelope_t const *envelope, queue_record_t const *record) {
  size_t i = 0;
  while (events[i].what != record->what) i++;
  begin_line("log");
  print_time(out, record->time / TOOL_SECOND);
  print_str(out, " ");
  if (events[i].of_recipient) {
    bool const known = record->recipient < envelope->count;
    print_safe(out, known ? recipients[record->recipient] : "?", 0);
    print_str(out, " ");
  }
  print_str(out, events[i].words);
  if (*record->text) {
    print_str(out, ": ");
    print_safe(out, record->text, 0);
  }
  print_str(out, "\n");
}

/* As it was written, not as it was settled. */
static void show_log(queue_envelope_t const *envelope, char const *name) {
  char line[QUEUE_RECORD_MAX + 1];
  int const fd = openat(tool.queue.state_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  FILE *log = fd < 0 ? NULL : fdopen(fd, "r");
  if (!log && errno != ENOENT) strerr_diefu1sys(111, "read the log");
  while (log && fgets(line, sizeof line, log)) {
    queue_record_t record;
    size_t const len = strcspn(line, "\n");
    if (queue_record_parse(&record, line, len) == 0) show_record(envelope, &record);
  }
  if (log) fclose(log);
}

/* ---- what comes next ---- */

static void show_known(steer_known_entry_t const *known) {
  begin_line("queue-send");
  print_safe(out, known->state, 0);
  if (*known->destination) {
    print_str(out, " for ");
    print_safe(out, known->channel, 0);
    print_str(out, " ");
    print_safe(out, known->destination, 0);
    print_str(out, ": ");
    print_safe(out, known->text, 0);
  }
  print_str(out, "\n");
}

static uint64_t next_of(pick_entry_t const *entry, steer_known_entry_t const *known) {
  queue_terms_t terms;
  if (entry->held) return 0;
  if (known && known->due) return known->due;
  queue_terms_read(&terms, &entry->entry);
  return terms.release > entry->state.next ? terms.release : entry->state.next;
}

static void show_next(pick_entry_t const *entry, char const *name) {
  steer_known_t all = {0};
  bool const running = known_read(&all, &tool, name);
  steer_known_entry_t const *known = steer_known_find(&all, name);
  uint64_t const next = next_of(entry, known);
  if (!running) put_line("queue-send", "does not run");
  if (known) show_known(known);
  if (next) {
    begin_line("next try");
    put_when(next);
    print_str(out, "\n");
  }
  steer_known_free(&all);
}

static void show_summary(pick_entry_t const *entry) {
  put_line("id", entry->entry.id);
  begin_line("arrived");
  put_when(chain_id_time(entry->entry.id));
  print_str(out, "\n");
  begin_line("size");
  print_count(out, entry->entry.message_size, "byte", "bytes");
  print_str(out, "\n");
  put_line("state", pick_state_word(entry));
  if (entry->held && *entry->held) put_line("", entry->held);
}

/* ---- the message ---- */

/* Bytes of s, which comes behind before, up to the empty line that ends a header; len if it is not
   there. */
static size_t header_length(char const *s, size_t len, char before) {
  for (size_t i = 0; i < len; before = s[i++])
    if (before == '\n' && s[i] == '\n') return i;
  return len;
}

/* Bytes at the end of s that begin a character, and do not end it. */
static size_t cut_character(char const *s, size_t len) {
  size_t cut = 0;
  while (cut < len && cut < 3 && is_continuation(s[len - 1 - cut])) cut++;
  if (cut == len || is_ascii(s[len - 1 - cut])) return 0;
  cut++;
  return utf8_length(s + len - cut, cut) ? 0 : cut;
}

static void show_message(queue_entry_t const *entry, part_t part) {
  static char buffer[COPY_SIZE];
  queue_stream_t stream = queue_entry_stream(entry);
  char last = '\n';
  bool goes_on = true;
  size_t kept = 0; /* of what was read before */
  ssize_t n;
  while (goes_on && (n = queue_stream_read(&stream, buffer + kept, sizeof buffer - kept)) > 0) {
    size_t const all = kept + (size_t)n, cut = cut_character(buffer, all);
    size_t const len = part == HEADER ? header_length(buffer, all - cut, last) : all - cut;
    print_safe_lines(out, buffer, len);
    goes_on = len == all - cut;
    if (len) last = buffer[len - 1];
    kept = cut;
    memmove(buffer, buffer + all - cut, cut);
  }
  if (goes_on && n < 0) strerr_diefu1sys(111, "read the message");
  if (goes_on) print_safe_lines(out, buffer, kept);
}

/* ---- all of it ---- */

static void show(char const *name, part_t part) {
  pick_entry_t entry;
  if (pick_read(&entry, &tool.queue, name) < 0) strerr_diefu1sys(111, "read the message");
  if (part == ALL) {
    show_summary(&entry);
    show_envelope(&entry);
    show_facts(&entry.entry);
    show_log(&entry.entry.envelope, name);
    show_next(&entry, name);
    print_str(out, "\n");
  }
  show_message(&entry.entry, part == ALL ? HEADER : part);
  pick_free(&entry);
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  part_t part = ALL;
  tool_init(&tool);
  for (int option; (option = subgetopt_r(argc, argv, "q:mHrh", &options)) != -1;) switch (option) {
    case 'q': tool.path = options.arg; break;
    case 'm': part = MESSAGE; break;
    case 'H': part = HEADER; break;
    case 'r': out->raw = true; break;
    case 'h': strerr_dieusage(0, USAGE);
    default: strerr_dieusage(100, USAGE);
    }
  if (argc - options.ind != 1) strerr_dieusage(100, USAGE);
  tool_open(&tool, argv + options.ind);
  if (pick_count(&tool.names)) show(pick_name(&tool.names, 0), part);
  return tool_end(&tool);
}
