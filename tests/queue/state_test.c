#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "queue/queue.h"

static void format_case(char const *name, queue_record_t record, char const *want) {
  char out[QUEUE_RECORD_MAX];
  CHECK_MEM(name, out, queue_record_format(out, &record), want, strlen(want));
}

static void test_format(void) {
  format_case("all targets", (queue_record_t){.time = 5, .what = 'd', .recipient = 7, .text = ""},
              "5 d 7 - 0 \n");
  format_case("one target, controls in the text",
              (queue_record_t){6, 't', 0, 0xabc, 9, "no\nroom\t\x7f!"},
              "6 t 0 0000000000000abc 9 no room  !\n");
}

static void test_format_caps(void) {
  char long_text[2 * QUEUE_RECORD_MAX], out[QUEUE_RECORD_MAX];
  memset(long_text, 'x', sizeof long_text);
  long_text[sizeof long_text - 1] = 0;
  queue_record_t record = {UINT64_MAX, 'p', 99999, UINT64_MAX, UINT64_MAX, long_text};
  size_t len = queue_record_format(out, &record);
  CHECK_INT("a long text is cut", len, QUEUE_RECORD_MAX);
  CHECK_INT("and the line still ends", out[len - 1], '\n');
  CHECK_INT("and parses", queue_record_parse(&record, out, len - 1), 0);
}

static struct {
  char const *line;
  int want;
} const parse_cases[] = {
    {"5 d 7 - 0 ", 0},
    {"5 t 7 00000000000000ff 12 4.2.2 full", 0},
    {"", -1},
    {"5", -1},
    {"5 d", -1},
    {"5 d 7", -1},
    {"5 d 7 -", -1},
    {"5 d 7 - 0", -1},
    {"5 q 7 - 0 ", -1},
    {"5 d x - 0 ", -1},
    {"x d 7 - 0 ", -1},
    {"5 d 100000 - 0 ", -1},
    {"5 d 7 0ff 0 ", -1},
    {"5 d 7 000000000000000ff 0 ", -1},
    {"5 dd 7 - 0 ", -1},
    {" 5 d 7 - 0 ", -1},
    {"18446744073709551616 d 7 - 0 ", -1},
};

static void test_parse(void) {
  for (size_t i = 0; i < sizeof parse_cases / sizeof *parse_cases; i++) {
    char line[100];
    queue_record_t record;
    stpcpy(line, parse_cases[i].line);
    CHECK_INT(*line ? parse_cases[i].line : "an empty line",
              queue_record_parse(&record, line, strlen(line)), parse_cases[i].want);
  }
  char with_nul[] = "5 d 7 - 0 a\0b";
  queue_record_t record;
  CHECK_INT("a NUL", queue_record_parse(&record, with_nul, sizeof with_nul - 1), -1);
}

/* What holds of a log: "<what><recipient>/<target> ..." */
static void state_case(char const *name, char const *log, char const *want, unsigned attempts,
                       uint64_t next, bool torn) {
  queue_state_t state;
  char got[500] = "";
  char *text = strdup(log);
  CHECK_INT(name, queue_state_parse(&state, text, strlen(log)), 0);
  for (size_t i = 0; i < state.count; i++)
    sprintf(got + strlen(got), "%c%zu/%d ", state.records[i].what, state.records[i].recipient,
            (int)state.records[i].target);
  CHECK_STR(name, got, want);
  CHECK_INT(name, state.attempts, attempts);
  CHECK_INT(name, state.next, next);
  CHECK_INT(name, state.torn, torn);
  queue_state_free(&state);
}

#define A "000000000000000a "
#define B "000000000000000b "

static void test_state(void) {
  state_case("empty", "", "", 0, 0, false);
  state_case("a retry", "1 d 0 - 0 \n1 t 1 - 0 full\n1 r 0 - 9 \n", "d0/0 t1/0 ", 1, 9, false);
  state_case("the later one holds", "1 t 1 - 0 x\n1 r 0 - 9 \n9 d 1 - 0 \n9 r 0 - 0 \n", "d1/0 ", 2,
             0, false);
  state_case("single targets", "1 d 1 " A "0 \n1 t 1 " B "0 x\n", "d1/10 t1/11 ", 0, 0, false);
  state_case("all after single ones", "1 d 1 " A "0 \n1 t 1 " B "0 x\n2 d 1 - 0 \n", "d1/0 ", 0, 0,
             false);
  state_case("single ones after all", "1 t 1 - 0 x\n2 t 1 " A "0 \n2 d 1 " B "0 \n", "t1/10 d1/11 ",
             0, 0, false);
  state_case("all fail for now after one was reached",
             "1 d 1 " A "0 \n1 t 1 " B "0 x\n2 t 1 - 0 y\n", "d1/10 t1/11 ", 0, 0, false);
  state_case("all fail for good after one was reached",
             "1 d 1 " A "0 \n1 t 1 " B "0 x\n2 p 1 - 0 y\n", "p1/0 ", 0, 0, false);
  state_case("several recipients", "1 t 2 - 0 x\n1 t 0 " A "0 \n1 d 0 " B "0 \n1 p 1 - 0 \n",
             "t0/10 d0/11 p1/0 t2/0 ", 0, 0, false);
  state_case("what the sender was told of",
             "1 p 0 - 0 x\n1 d 1 - 0 \n1 b 0 - 0 x\n1 s 1 - 0 \n1 w 0 - 0 \n", "b0/0 s1/0 ", 0, 0,
             false);
  state_case("rubbish between", "\n1 d 0 - 0 \nrubbish\n\n1 d 1 - 0 \n", "d0/0 d1/0 ", 0, 0, false);
  state_case("torn", "1 d 0 - 0 \n1 d 1 - 0 te", "d0/0 ", 0, 0, true);
}

static void order_case(char const *name, char const *log, queue_what_t order, char const *reason) {
  queue_state_t state;
  size_t len = strlen(log);
  char *text = malloc(len + 1);
  memcpy(text, log, len);
  queue_state_parse(&state, text, len);
  CHECK_INT(name, state.order, order);
  CHECK_STR(name, state.reason ? state.reason : "", reason);
  CHECK_INT("an order is no result", state.count, 0);
  queue_state_free(&state);
}

static void test_orders(void) {
  order_case("none", "", QUEUE_NOTHING, "");
  order_case("held", "1 h 0 - 0 spam?\n", QUEUE_HELD, "spam?");
  order_case("let go", "1 h 0 - 0 spam?\n2 l 0 - 0 \n", QUEUE_RELEASED, "");
  order_case("held again", "1 h 0 - 0 a\n2 l 0 - 0 \n3 h 0 - 0 b\n", QUEUE_HELD, "b");
  order_case("removed", "1 h 0 - 0 a\n2 k 0 - 0 c\n", QUEUE_DROPPED, "c");
  order_case("given up", "1 f 0 - 0 5.7.0 no\n1 r 0 - 7 \n", QUEUE_BOUNCED, "5.7.0 no");
}

static void held_case(char const *name, char const *facts, size_t facts_len, queue_what_t order,
                      char const *want) {
  queue_entry_t const entry = {.facts = facts, .facts_len = facts_len};
  queue_state_t const state = {.order = order, .reason = "ordered"};
  char const *held = queue_held(&entry, &state);
  CHECK_STR(name, held ? held : "no", want);
}

static void test_held(void) {
  static char const fact[] = "VSMTP_HOLD=virus?";
  held_case("neither", "", 0, 0, "no");
  held_case("by a fact", fact, sizeof fact, 0, "virus?");
  held_case("by a fact, let go", fact, sizeof fact, QUEUE_RELEASED, "no");
  held_case("by an order", "", 0, QUEUE_HELD, "ordered");
  held_case("by both", fact, sizeof fact, QUEUE_HELD, "ordered");
  held_case("by a fact, removed", fact, sizeof fact, QUEUE_DROPPED, "no");
}

#define TORN "1 d 0 - 0 \n2 d 1"

/* A folder with a log that is torn. */
static int make_torn(char *folder) {
  int const at = mkdtemp(folder) ? open(folder, O_RDONLY | O_DIRECTORY) : -1;
  int const fd = openat(at, "log", O_WRONLY | O_CREAT, 0600);
  CHECK("a torn log", fd >= 0 && write(fd, TORN, strlen(TORN)) == (ssize_t)strlen(TORN));
  close(fd);
  return at;
}

static void remove_torn(char const *folder, int at) {
  unlinkat(at, "log", 0);
  close(at);
  rmdir(folder);
}

static void test_order_behind_torn(void) {
  char folder[] = "/tmp/state_test.XXXXXX";
  queue_state_t state;
  int const at = make_torn(folder);
  CHECK_INT("takes an order", queue_order(at, "log", QUEUE_HELD, "why"), 0);
  CHECK_INT("is read", queue_state_read(&state, at, "log"), 0);
  CHECK_INT("which is in force", state.order, QUEUE_HELD);
  CHECK_INT("what was torn is not there", state.count, 1);
  queue_state_free(&state);
  remove_torn(folder, at);
}

/* Ten bytes more than it has. */
static int order_without_room(int at) {
  struct rlimit usual, little;
  getrlimit(RLIMIT_FSIZE, &usual);
  little = (struct rlimit){strlen(TORN) + 10, usual.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &little);
  int const result = queue_order(at, "log", QUEUE_HELD, "why"), error = errno;
  setrlimit(RLIMIT_FSIZE, &usual);
  return errno = error, result;
}

static void test_order_without_room(void) {
  char folder[] = "/tmp/state_test.XXXXXX";
  struct stat status = {0};
  int const at = make_torn(folder);
  CHECK("an order that cannot be written", order_without_room(at) < 0 && errno == EFBIG);
  fstatat(at, "log", &status, 0);
  CHECK_INT("is taken out again", status.st_size, strlen(TORN));
  remove_torn(folder, at);
}

static void test_find(void) {
  queue_state_t state;
  char const log[] = "1 d 1 " A "0 \n1 t 1 " B "0 x\n1 p 3 - 0 gone\n";
  char *text = malloc(sizeof log);
  memcpy(text, log, sizeof log - 1);
  queue_state_parse(&state, text, sizeof log - 1);
  CHECK_INT("a target", queue_state_find(&state, 1, 10)->what, 'd');
  CHECK_INT("another", queue_state_find(&state, 1, 11)->what, 't');
  CHECK("one not named", !queue_state_find(&state, 1, 12));
  CHECK("all, where single ones are named", !queue_state_find(&state, 1, QUEUE_TARGET_ALL));
  CHECK_INT("a target, where all are named", queue_state_find(&state, 3, 12)->what, 'p');
  CHECK_STR("its text", queue_state_find(&state, 3, QUEUE_TARGET_ALL)->text, "gone");
  CHECK("a recipient not named", !queue_state_find(&state, 2, 10));
  queue_state_free(&state);
}

static void test_target(void) {
  CHECK("channel, argument and address count",
        queue_target("a", "b", "c") != queue_target("ab", "", "c") &&
            queue_target("a", "b", "c") != queue_target("a", "bc", "") &&
            queue_target("a", "b", "c") != queue_target("a", "b", "d"));
}

int main(void) {
  test_format();
  test_format_caps();
  test_parse();
  test_state();
  test_orders();
  test_held();
  test_order_behind_torn();
  test_order_without_room();
  test_find();
  test_target();
  return unit_done();
}
