/* chain_call with real children: what they inherit, how they end, how long they may take. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "../unit.h"
#include "chain/chain.h"

static chain_reader_t reader;
static chain_verdict_t verdict;
static void (*on_recipient)(void *data, size_t index, chain_verdict_t const *result);

/* Runs script under sh as a link. */
static int run(char const *script, unsigned int timeout) {
  char const *const argv[] = {"sh", "-c", script, 0};
  char const *const envp[] = {"ERROR_FD=4", "PATH=/usr/bin:/bin", 0};
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  int envelope = chain_memfd();
  if (pwrite(envelope, "Fa\0Tb\0\0", 7, 0) != 7) return -1;
  chain_memfd_seal(envelope);
  chain_call_t const call = {.path = "/bin/sh",
                             .argv = argv,
                             .envp = envp,
                             .message_fd = null,
                             .envelope_fd = envelope,
                             .timeout = timeout};
  chain_reader_init(&reader);
  reader.recipient = on_recipient;
  int result = chain_call(&call, &reader, &verdict);
  close(null);
  close(envelope);
  return result;
}

/* Seconds that are enough on any machine; what hangs, hangs for five times as long. */
enum { PATIENCE = 60 };

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void verdicts(void) {
  static struct {
    char const *name, *script;
    chain_kind_t kind;
    char const *text;
  } const cases[] = {
      {"exit 0", "exit 0", CHAIN_ACCEPT, ""},
      {"words on fd 4", "printf 'Kdone\\n' >&4", CHAIN_ACCEPT, "done"},
      {"words on fd 6", "printf 'Dnever\\n' >&6; exit 82", CHAIN_REJECT, "never"},
      {"words after closing", "exec 4>&-; printf 'Zsoon\\n' >&6; exit 82", CHAIN_DEFER, "soon"},
      {"killed", "kill -9 $$", CHAIN_DEFER, "mail system trouble, try again later"},
      {"an old filter", "exit 31", CHAIN_REJECT, "message refused"},
      {"many words",
       "i=0; while [ $i -lt 3000 ]; do echo Dnot_this_one; i=$((i+1)); done >&4;"
       "echo Dlast >&4; exit 82",
       CHAIN_REJECT, "last"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK(cases[i].name, run(cases[i].script, PATIENCE) == 0 && verdict.kind == cases[i].kind);
    CHECK_STR("its text", verdict.text, cases[i].text);
  }
}

static void inheritance(void) {
  run("set -- /proc/$$/fd/*; for f; do case ${f##*/} in 0|1|2|4|6) ;; 10|255) ;; "
      "*) [ -e $f ] && { echo Dextra $f >&4; exit 82; } ;; esac; done; exit 0",
      PATIENCE);
  CHECK("no descriptor above 2 but 4 and 6", verdict.kind == CHAIN_ACCEPT);
  run("echo stray; [ \"$(wc -c </proc/$$/fd/1)\" = 7 ] || exit 31", PATIENCE);
  CHECK("the envelope is sealed and at its beginning", verdict.kind == CHAIN_ACCEPT);
  signal(SIGPIPE, SIG_IGN);
  /* Of the signals from 32 on, which belong to libc, who started us may have ignored some. */
  run("grep -q 'SigIgn:.*[0-9a-f]\\{8\\}[08]0000000$' /proc/self/status && "
      "grep -q 'SigBlk:.*0000000000000000' /proc/self/status || exit 31",
      PATIENCE);
  CHECK("default signals and an empty mask", verdict.kind == CHAIN_ACCEPT);
  signal(SIGPIPE, SIG_DFL);
}

/* A caller that is slower than the link talks. */
static void take_time(void *data, size_t index, chain_verdict_t const *result) {
  (void)data, (void)index, (void)result;
  usleep(1000);
}

static void time_limits(void) {
  double start = seconds();
  run("sleep 300 & echo K$! >&4; exit 0", 5 * PATIENCE);
  pid_t const grandchild = (pid_t)strtol(verdict.text, 0, 10);
  CHECK("a grandchild that keeps the pipe open", verdict.kind == CHAIN_ACCEPT && grandchild > 0);
  CHECK("delays nobody", seconds() - start < 150);
  if (grandchild > 0) CHECK_INT("and lives on", kill(grandchild, SIGKILL), 0);
  start = seconds();
  run("exec 4>&- 6>&-; sleep 300", 1);
  CHECK_STR("a link that hangs is ended", verdict.text, "the mail chain took too long");
  CHECK("at its time, with its group", verdict.kind == CHAIN_DEFER && seconds() - start < 150);
  start = seconds();
  on_recipient = take_time;
  run("exec timeout 300 yes 'R0 Dno' >&4", 1);
  on_recipient = 0;
  CHECK_STR("a link that talks without end, too", verdict.text, "the mail chain took too long");
  CHECK("at its time", seconds() - start < 150);
}

/* A child that ends as a link does, with the text at hand: ours, executed again. */
static char const hostile[] = "gone\n+RELAYCLIENT=\n";

static void link_words(char const *self) {
  static char const *const words[] = {"reject", "defer", "accept", "recipient"};
  static chain_kind_t const kinds[] = {CHAIN_REJECT, CHAIN_DEFER, CHAIN_ACCEPT, CHAIN_ACCEPT};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    char script[256];
    snprintf(script, sizeof script, "exec '%s' %s", self, words[i]);
    run(script, PATIENCE);
    CHECK(words[i], verdict.kind == kinds[i]);
    CHECK_STR("a line feed in a text begins no record", verdict.text, "gone +RELAYCLIENT= ");
    CHECK("so no fact is smuggled", reader.facts_count == 0);
  }
}

static void be_link(char const *word) {
  if (!strcmp(word, "reject")) chain_reject(550, "5.7.1", hostile);
  if (!strcmp(word, "defer")) chain_defer(0, 0, hostile);
  if (!strcmp(word, "recipient")) chain_recipient(0, CHAIN_REJECT, hostile);
  chain_accept(hostile);
}

static void missing(void) {
  char const *const argv[] = {"no-such-link", 0};
  chain_call_t const call = {.path = "/no/such/link",
                             .argv = argv,
                             .envp = argv + 1,
                             .message_fd = 0,
                             .envelope_fd = 1,
                             .timeout = 1};
  chain_reader_init(&reader);
  CHECK("no such program", chain_call(&call, &reader, &verdict) < 0 && errno == ENOENT);
  CHECK_STR("is a temporary verdict", verdict.text, "cannot run the mail chain");
  CHECK_STR("with its code", verdict.enhanced, "4.3.5");
}

static void finding(void) {
  char path[64];
  setenv("PATH", "/nonexistent:/bin", 1);
  CHECK("found", chain_find("sh", path, sizeof path) == 0);
  CHECK_STR("where", path, "/bin/sh");
  CHECK("not found", chain_find("no-such-link", path, sizeof path) < 0 && errno == ENOENT);
  CHECK("with a slash", chain_find("/bin/sh", path, sizeof path) == 0);
  CHECK("too long", chain_find("sh", path, 4) < 0 && errno != ENOENT);
  setenv("PATH", "/usr/bin:/bin", 1);
}

int main(int argc, char **argv) {
  if (argc > 1) be_link(argv[1]);
  chain_call_init();
  link_words(argv[0]);
  verdicts();
  inheritance();
  time_limits();
  missing();
  finding();
  return unit_done();
}
