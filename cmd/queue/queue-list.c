/* queue-list: see queue-list(1). */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/buffer.h>
#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "conf/conf.h"
#include "queue/queue.h"
#include "text/text.h"

char const *PROG = "queue-list";

#define USAGE     "queue-list [-q queue] [-p | -j]"
#define SECOND    UINT64_C(1000000)
#define NAME_SIZE (QUEUE_NAME_SIZE + 1)

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
} row_t;

static char const *queue;
static bool heading = true; /* a line for each message, and one for their count */
static uint64_t now;
static uint64_t messages, bad_messages;

/* ---- printing ---- */

static void put(char const *s) {
  if (buffer_puts(buffer_1, s) < 0) strerr_diefu1sys(111, "write");
}

/* Puts foreign bytes, and blanks up to width. */
static void put_safe(char const *s, size_t width) {
  size_t len = 0;
  for (; *s; s++, len++) {
    if (buffer_put(buffer_1, is_control(*s) ? "?" : s, 1) < 0) strerr_diefu1sys(111, "write");
  }
  for (; len < width; len++) put(" ");
}

static void put_number(uint64_t number, char const *unit, size_t width) {
  char s[UINT64_FMT + 16];
  stpcpy(s + uint64_fmt(s, number), unit);
  put_safe(s, width);
}

typedef struct unit {
  uint64_t size;
  char const *name;
} unit_t;

static unit_t const time_units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
static unit_t const size_units[] = {{1 << 30, "G"}, {1 << 20, "M"}, {1 << 10, "K"}, {1, ""}};

/* In the largest unit of which there are at least two. */
static void put_units(uint64_t amount, unit_t const *unit, size_t width) {
  while (unit->size > 1 && amount / unit->size < 2) unit++;
  put_number(amount / unit->size, unit->name, width);
}

static void put_field(char const *s) {
  put_safe(s, 0);
  put("\t");
}

static void put_number_field(uint64_t number) {
  put_number(number, "", 0);
  put("\t");
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
  put_safe(row->text, 0);
  put("\n");
}

static void print_heading(row_t const *row) {
  put_safe(row->id, CHAIN_ID_SIZE + 2);
  put_units(now > row->born ? now - row->born : 0, time_units, 6);
  put_units(row->size, size_units, 7);
  put_safe(row->sender, 0);
  put("\n");
}

static void print_recipient(row_t const *row) {
  put("    ");
  put_safe(row->recipient, 32);
  put("  ");
  put(row->state);
  if (row->attempts) {
    put(" after ");
    put_number(row->attempts, row->attempts == 1 ? " attempt" : " attempts", 0);
  }
  if (row->next > now) {
    put(", next in ");
    put_units(row->next - now, time_units, 0);
  }
  if (*row->text) {
    put(": ");
    put_safe(row->text, 0);
  }
  put("\n");
}

/* ---- JSON ---- */

static void put_bytes(char const *s, size_t len) {
  if (buffer_put(buffer_1, s, len) < 0) strerr_diefu1sys(111, "write");
}

/* Puts the character at the start of s, what is not one as U+FFFD. Returns its bytes. */
static size_t put_character(char const *s) {
  size_t len = utf8_length(s, strlen(s));
  if (len) return put_bytes(s, len), len;
  if (!is_ascii(*s) || is_control(*s)) return put("\\ufffd"), 1;
  if (*s == '"' || *s == '\\') put("\\");
  return put_bytes(s, 1), 1;
}

static void put_string(char const *name, char const *s) {
  put("\"");
  put(name);
  put("\":\"");
  while (*s) s += put_character(s);
  put("\",");
}

static void put_value(char const *name, uint64_t number, char const *after) {
  put("\"");
  put(name);
  put("\":");
  put_number(number, "", 0);
  put(after);
}

static void print_json(row_t const *row) {
  put("{");
  put_string("id", row->id);
  put_value("born", row->born, ",");
  put_value("size", row->size, ",");
  put_string("sender", row->sender);
  put_string("recipient", row->recipient);
  put_string("state", row->state);
  put_string("text", row->text);
  put_value("attempts", row->attempts, ",");
  put_value("next", row->next, "}\n");
}

static void (*print_row)(row_t const *row) = print_recipient;

static void set_form(void (*form)(row_t const *row)) {
  print_row = form;
  heading = false;
}

/* ---- one message ---- */

static char const *state_word(char what) {
  switch (what) {
  case 't': return "deferred";
  case 'x': return "expired";
  default: return "failed";
  }
}

/* Prints the records of a recipient that are no deliveries. They begin at position; returns where
   those of the next one do. */
static size_t list_recipient(row_t *row, queue_state_t const *state, size_t index,
                             size_t position) {
  size_t i = position;
  for (; i < state->count && state->records[i].recipient == index; i++) {
    queue_record_t const *record = &state->records[i];
    if (strchr("dsb", record->what)) continue;
    row->state = state_word(record->what);
    row->attempts = state->attempts;
    row->next = record->what == 't' ? state->next / SECOND : 0;
    row->text = record->text;
    print_row(row);
  }
  if (i > position) return i;
  row->state = "new";
  row->attempts = 0;
  row->next = 0;
  row->text = "";
  print_row(row);
  return i;
}

static char const *shown_sender(char const *sender) {
  return *sender ? sender : "<>";
}

static void list_entry(queue_entry_t const *entry, queue_state_t const *state) {
  size_t position = 0, record = 0, index = 0;
  row_t row = {.id = entry->id,
               .born = chain_id_time(entry->id) / SECOND,
               .size = entry->message_size,
               .sender = shown_sender(entry->envelope.sender)};
  if (heading) print_heading(&row);
  while ((row.recipient = queue_envelope_next(&entry->envelope, &position)))
    record = list_recipient(&row, state, index++, record);
  messages++;
}

/* A message of which no more than its name is known. */
static void list_name(char const *name, char const *state, char const *text) {
  char id[CHAIN_ID_SIZE + 1];
  memcpy(id, name, CHAIN_ID_SIZE);
  id[CHAIN_ID_SIZE] = 0;
  row_t row = {.id = id, .sender = "", .recipient = "", .state = state, .text = text};
  row.born = chain_id_time(id) / SECOND;
  if (heading) print_heading(&row);
  print_row(&row);
}

static void list_new(int new_fd, int state_fd, char const *name) {
  queue_entry_t entry;
  queue_state_t state;
  if (queue_entry_open(&entry, new_fd, name, 0) < 0) {
    if (errno == ENOENT) return; /* delivered since the folder was read */
    list_name(name, errno == EBADMSG ? "torn" : "unreadable", strerror(errno));
    messages++;
    return;
  }
  if (queue_state_read(&state, state_fd, name) < 0) {
    list_name(name, "unreadable", strerror(errno));
    messages++;
  } else {
    list_entry(&entry, &state);
    queue_state_free(&state);
  }
  queue_entry_close(&entry);
}

/* ---- all of them ---- */

static int open_folder(char const *name) {
  char path[PATH_MAX];
  if (strlen(queue) + 1 + strlen(name) >= sizeof path) strerr_dief1x(100, "path too long");
  stpcpy(stpcpy(stpcpy(path, queue), "/"), name);
  int fd = open2(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) return fd;
  if (errno == EACCES)
    strerr_dief3x(111, "only root and the queue's owner may read ", path, ": permission denied");
  strerr_diefu2sys(111, "open ", path);
}

static int compare_names(void const *a, void const *b) {
  return strcmp(a, b);
}

/* Reads the names of the entries in a folder, NAME_SIZE bytes each, sorted. Returns their number.
 */
static size_t read_names(stralloc *names, char const *folder) {
  DIR *directory = fdopendir(open_folder(folder));
  if (!directory) strerr_diefu1sys(111, "read the queue");
  for (struct dirent const *file; (file = readdir(directory));)
    if (queue_name_valid(file->d_name) && !stralloc_catb(names, file->d_name, NAME_SIZE))
      strerr_diefu1sys(111, "allocate");
  closedir(directory);
  size_t count = names->len / NAME_SIZE;
  if (count) qsort(names->s, count, NAME_SIZE, compare_names);
  return count;
}

static void list_messages(void) {
  stralloc names = STRALLOC_ZERO;
  int new_fd = open_folder("new"), state_fd = open_folder("state");
  size_t count = read_names(&names, "new");
  for (size_t i = 0; i < count; i++) list_new(new_fd, state_fd, names.s + i * NAME_SIZE);
  stralloc_free(&names);
  close(new_fd);
  close(state_fd);
}

static void list_bad(void) {
  stralloc names = STRALLOC_ZERO;
  bad_messages = read_names(&names, "bad");
  for (size_t i = 0; i < bad_messages; i++)
    list_name(names.s + i * NAME_SIZE, "bad", "torn or strange, see the log of queue-send");
  stralloc_free(&names);
}

static void print_count(void) {
  put_number(messages, messages == 1 ? " message" : " messages", 0);
  if (bad_messages) {
    put(", ");
    put_number(bad_messages, " bad", 0);
  }
  put("\n");
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  queue = conf_queue();
  for (int option; (option = subgetopt_r(argc, argv, "q:pjh", &options)) != -1;) {
    switch (option) {
    case 'q': queue = options.arg; break;
    case 'p': set_form(print_plain); break;
    case 'j': set_form(print_json); break;
    case 'h': strerr_dieusage(0, USAGE);
    default: strerr_dieusage(100, USAGE);
    }
  }
  if (options.ind < argc) strerr_dieusage(100, USAGE);
  now = (uint64_t)time(0);
  list_messages();
  list_bad();
  if (heading) print_count();
  if (!buffer_flush(buffer_1)) strerr_diefu1sys(111, "write");
  return 0;
}
