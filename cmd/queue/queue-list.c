/* queue-list: see queue-list(1). */
#include <errno.h>
#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "shared/known.h"

char const *PROG = "queue-list";

#define USAGE "queue-list " TOOL_USAGE " [-p | -j] [id ...]"

/* What is known of one recipient, or of a message that cannot be read. */
typedef struct row {
  char const *id;
  uint64_t born; /* seconds, as are all times here */
  uint64_t size;
  char const *sender;
  char const *recipient;
  char const *state;
  unsigned attempts;
  uint64_t next;
  char const *text;
  uint64_t release;                 /* its sender wants nothing to be tried before */
  char const *held;                 /* why, or NULL */
  steer_known_entry_t const *known; /* what queue-send knows of the message, or NULL */
} row_t;

static tool_t tool;
static print_t *const out = &tool.out;
static steer_known_t known;
static bool heading = true; /* a line for each message, and one for their count */
static uint64_t messages, bad_messages;

/* ---- printing ---- */

static void put_field(char const *s) {
  print_safe(out, s, 0);
  print_str(out, "\t");
}

static void put_number_field(uint64_t number) {
  print_uint(out, number);
  print_str(out, "\t");
}

static void print_plain(row_t const *row) {
  put_field(row->id);
  put_number_field(row->born);
  put_number_field(row->size);
  put_field(row->sender);
  put_field(row->recipient);
  put_field(row->state);
  put_number_field(row->attempts);
  put_number_field(row->next);
  print_safe(out, row->text, 0);
  print_str(out, "\n");
}

static void print_json(row_t const *row) {
  json_t json = {.print = out};
  bool const parked = row->known && *row->known->destination;
  json_object(&json, NULL);
  json_str(&json, "id", row->id);
  json_uint(&json, "born", row->born);
  json_uint(&json, "size", row->size);
  json_str(&json, "sender", row->sender);
  json_str(&json, "recipient", row->recipient);
  json_str(&json, "state", row->state);
  json_str(&json, "text", row->text);
  json_uint(&json, "attempts", row->attempts);
  json_uint(&json, "next", row->next);
  json_str(&json, "held", row->held);
  json_str(&json, "known", row->known ? row->known->state : NULL);
  json_str(&json, "destination", parked ? row->known->destination : NULL);
  json_close(&json);
}

static void put_next(uint64_t next) {
  if (next <= tool.now) return;
  print_str(out, ", next in ");
  print_seconds(out, next - tool.now, 0);
}

static void put_text(char const *text) {
  if (!*text) return;
  print_str(out, ": ");
  print_safe(out, text, 0);
}

/* A line of its own for what is no recipient's. */
static void print_remark(row_t const *row) {
  steer_known_entry_t const *at = row->known;
  if (row->held) {
    print_str(out, "    held");
    put_text(row->held);
  } else if (at && !strcmp(at->state, "active")) {
    print_str(out, "    being delivered");
  } else if (at && *at->destination) {
    print_str(out, "    waits for ");
    print_safe(out, at->channel, 0);
    print_str(out, " ");
    print_safe(out, at->destination, 0);
    put_next(at->due / TOOL_SECOND);
    put_text(at->text);
  } else {
    return;
  }
  print_str(out, "\n");
}

static void print_heading(row_t const *row) {
  print_safe(out, row->id, CHAIN_ID_SIZE + 2);
  print_seconds(out, tool.now > row->born ? tool.now - row->born : 0, 6);
  print_size(out, row->size, 7);
  print_safe(out, row->sender, 0);
  print_str(out, "\n");
  print_remark(row);
}

static void print_recipient(row_t const *row) {
  print_str(out, "    ");
  print_safe(out, row->recipient, 32);
  print_str(out, "  ");
  print_str(out, row->state);
  if (row->attempts) {
    print_str(out, " after ");
    print_count(out, row->attempts, "attempt", "attempts");
  }
  put_next(row->next);
  put_text(row->text);
  print_str(out, "\n");
}

static void (*print_row)(row_t const *row) = print_recipient;

static void set_form(void (*form)(row_t const *row)) {
  print_row = form;
  heading = false;
}

/* ---- one message ---- */

static char const *state_word(row_t const *row, queue_what_t what) {
  if (what == QUEUE_FAILED) return "failed";
  if (what == QUEUE_EXPIRED) return "expired";
  return row->held ? "held" : what == QUEUE_DEFERRED ? "deferred" : "new";
}

static void list_record(row_t *row, queue_state_t const *state, queue_record_t const *record) {
  row->state = state_word(row, record->what);
  row->attempts = state->attempts;
  bool const tried_again = record->what == QUEUE_DEFERRED && !row->held;
  row->next = tried_again ? state->next / TOOL_SECOND : 0;
  row->text = record->text;
  print_row(row);
}

static char const *text_untried(row_t const *row) {
  if (row->held) return heading ? "" : row->held;
  return row->release > tool.now ? "its sender wants it to wait" : "";
}

static void list_untried(row_t *row) {
  row->state = state_word(row, QUEUE_NOTHING);
  row->attempts = 0;
  row->next = !row->held && row->release > tool.now ? row->release : 0;
  row->text = text_untried(row);
  print_row(row);
}

/* Prints the records of a recipient that are no deliveries, which begin at position; returns where
   those of the next one do. */
static size_t list_recipient(row_t *row, queue_state_t const *state, size_t index,
                             size_t position) {
  size_t i = position;
  for (; i < state->count && state->records[i].recipient == index; i++)
    if (!queue_is_settled(state->records[i].what)) list_record(row, state, &state->records[i]);
  if (i == position) list_untried(row);
  return i;
}

static uint64_t release_of(queue_entry_t const *entry) {
  queue_terms_t terms;
  queue_terms_read(&terms, entry);
  return terms.release / TOOL_SECOND;
}

static void list_entry(pick_entry_t const *entry, char const *name) {
  queue_envelope_t const *envelope = &entry->entry.envelope;
  size_t position = 0, record = 0, index = 0;
  row_t row = {.id = entry->entry.id,
               .born = chain_id_time(entry->entry.id) / TOOL_SECOND,
               .size = entry->entry.message_size,
               .sender = tool_sender(entry),
               .release = release_of(&entry->entry),
               .held = entry->held,
               .known = steer_known_find(&known, name)};
  if (heading) print_heading(&row);
  while ((row.recipient = queue_envelope_next(envelope, &position)))
    record = list_recipient(&row, &entry->state, index++, record);
}

/* A message of which no more than its name is known. */
static void list_name(char const *name, char const *state, char const *text) {
  char id[CHAIN_ID_SIZE + 1] = "";
  memcpy(id, name, CHAIN_ID_SIZE);
  row_t row = {.id = id, .sender = "", .recipient = "", .state = state, .text = text};
  row.born = chain_id_time(id) / TOOL_SECOND;
  if (heading) print_heading(&row);
  print_row(&row);
}

/* Of one that cannot be read no condition is known to hold. */
static void list_new(char const *name) {
  pick_entry_t entry;
  int const found = tool_read(&tool, &entry, name);
  if (!found || (found < 0 && tool.pick.count)) return;
  messages++;
  if (found < 0) return list_name(name, errno == EBADMSG ? "torn" : "unreadable", strerror(errno));
  list_entry(&entry, name);
  pick_free(&entry);
}

/* ---- all of them ---- */

static void list_bad(void) {
  stralloc names = STRALLOC_ZERO;
  if (tool.by_id || tool.pick.count) return;
  tool_read_names(&tool, &names, tool.queue.bad_fd);
  bad_messages = pick_count(&names);
  for (size_t i = 0; i < bad_messages; i++)
    list_name(pick_name(&names, i), "bad", "torn or strange, see the log of queue-send");
  stralloc_free(&names);
}

static void print_counts(void) {
  print_count(out, messages, "message", "messages");
  if (bad_messages) {
    print_str(out, ", ");
    print_uint(out, bad_messages);
    print_str(out, " bad");
  }
  print_str(out, "\n");
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  tool_init(&tool);
  for (int option; (option = subgetopt_r(argc, argv, "pj" TOOL_OPTIONS, &options)) != -1;)
    switch (option) {
    case 'p': set_form(print_plain); break;
    case 'j': set_form(print_json); break;
    default: tool_option(&tool, option, options.arg, USAGE);
    }
  tool_open(&tool, argv + options.ind);
  if (!known_read(&known, &tool, "") && heading) strerr_warnw1x("queue-send does not run");
  for (size_t i = 0; i < pick_count(&tool.names); i++) list_new(pick_name(&tool.names, i));
  list_bad();
  if (heading) print_counts();
  return tool_end(&tool);
}
