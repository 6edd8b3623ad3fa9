#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "worker/worker.h"

static int ends[2];
static worker_output_t output;
static worker_input_t input;

static void connect_ends(void) {
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) exit(111);
  worker_output_init(&output);
  worker_input_init(&input);
}

static void close_ends(void) {
  worker_input_free(&input);
  close(ends[0]);
  close(ends[1]);
}

static ino_t inode(int fd) {
  struct stat status;
  return fstat(fd, &status) < 0 ? 0 : status.st_ino;
}

static int open_files(void) {
  int count = 0;
  for (int fd = 0; fd < 1000; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

/* Each job has a pipe of its own, so that a descriptor that came to the wrong job shows. */
static void test_batch(void) {
  int pipes[WORKER_BATCH_MAX][2];
  worker_job_t job = {
      0, "s@example.org", "r@example.test", "box", "0123456789abcdef", "o@example.test", true, -1};
  bool put = true, taken = true, same = true;
  int before = open_files();
  connect_ends();
  for (unsigned i = 0; i < WORKER_BATCH_MAX; i++) {
    if (pipe(pipes[i]) < 0) exit(111);
    job.number = i;
    job.fd = pipes[i][0];
    put &= !worker_job_put(&output, &job);
  }
  CHECK("a whole batch is taken", put);
  CHECK("and no job more", worker_job_put(&output, &job) < 0 && errno == EAGAIN);
  CHECK_INT("it is sent", worker_output_send(&output, ends[0]), 0);
  CHECK("at once", !worker_output_pending(&output));
  CHECK_INT("it is read at once", worker_input_wait(&input, ends[1]), 1);
  for (unsigned i = 0; i < WORKER_BATCH_MAX; i++) {
    taken &= worker_job_next(&input, &job) == 1 && job.number == i;
    same &= inode(job.fd) == inode(pipes[i][0]) && fcntl(job.fd, F_GETFD) == FD_CLOEXEC;
    close(job.fd);
    close(pipes[i][0]);
    close(pipes[i][1]);
  }
  CHECK("jobs come in order", taken);
  CHECK("each with its own descriptor, close-on-exec", same);
  CHECK_STR("sender", job.sender, "s@example.org");
  CHECK_STR("recipient", job.recipient, "r@example.test");
  CHECK_STR("argument", job.argument, "box");
  CHECK_STR("id", job.id, "0123456789abcdef");
  CHECK_STR("original", job.original, "o@example.test");
  CHECK("one of several", job.expanded);
  CHECK_INT("none is left", worker_job_next(&input, &job), 0);
  CHECK("nothing to read", worker_input_read(&input, ends[1]) < 0 && errno == EAGAIN);
  close_ends();
  CHECK_INT("no descriptor is left open", open_files(), before);
}

/* Its strings are those of a frame that the next one is read over. */
static void test_keep(void) {
  char frame[] = "s@example.org\0r@example.test\0box\0id\0o@example.test";
  worker_job_t job = {.sender = frame,
                      .recipient = frame + 14,
                      .argument = frame + 29,
                      .id = frame + 33,
                      .original = frame + 36};
  char memory[64];
  CHECK_INT("a job's strings take so much", worker_job_size(&job), sizeof frame);
  worker_job_keep(&job, memory);
  memset(frame, 'x', sizeof frame);
  CHECK_STR("they outlive the frame: the sender", job.sender, "s@example.org");
  CHECK_STR("the recipient", job.recipient, "r@example.test");
  CHECK_STR("the argument", job.argument, "box");
  CHECK_STR("the id", job.id, "id");
  CHECK_STR("the original recipient", job.original, "o@example.test");
}

static void test_too_long(void) {
  char long_one[WORKER_FRAME_MAX];
  worker_job_t job = {1, "", "r", "a", "i", "o", false, 0};
  connect_ends();
  memset(long_one, 'x', sizeof long_one);
  long_one[sizeof long_one - 1] = 0;
  job.argument = long_one;
  CHECK("a frame that is too long", worker_job_put(&output, &job) < 0 && errno == EMSGSIZE);
  CHECK("leaves nothing", !worker_output_pending(&output));
  long_one[5000] = 0;
  bool put = true;
  for (unsigned i = 0; i < 3; i++) put &= !worker_job_put(&output, &job);
  CHECK("long ones fit", put);
  CHECK("until the buffer is full", worker_job_put(&output, &job) < 0 && errno == EAGAIN);
  close_ends();
}

/* A socket that takes little at a time: all jobs arrive, none twice. */
static void test_short_writes(void) {
  char argument[3001];
  worker_job_t job = {0, "", "r", argument, "i", "o", false, STDIN_FILENO}, got;
  unsigned sent = 0, received = 0;
  bool right = true;
  connect_ends();
  int size = 4096;
  setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  memset(argument, 'x', sizeof argument - 1);
  argument[sizeof argument - 1] = 0;
  for (unsigned turn = 0; received < 500 && turn < 10000; turn++) {
    for (; sent < 500; sent++) {
      job.number = sent;
      if (worker_job_put(&output, &job) < 0) break;
    }
    if (worker_output_pending(&output)) right &= !worker_output_send(&output, ends[0]);
    while (worker_job_next(&input, &got) > 0) {
      right &= got.number == received++ && !strcmp(got.argument, argument);
      close(got.fd);
    }
    worker_input_read(&input, ends[1]);
  }
  CHECK_INT("all jobs arrive through a narrow socket", received, 500);
  CHECK("whole and in order", right);
  close_ends();
}

static void test_no_descriptor(void) {
  worker_job_t job;
  connect_ends();
  if (write(ends[0], "0000000fj\0001\0s\0r\0a\0i\0o\0\0", 23) != 23) exit(111);
  worker_input_wait(&input, ends[1]);
  CHECK("a job without a descriptor", worker_job_next(&input, &job) < 0 && errno == EPROTO);
  close_ends();
}

static struct {
  char const *name;
  char const *bytes;
  size_t len;
  int want;
} const bad_frames[] = {
    {"nothing", "", 0, 0},
    {"half a prefix", "0000", 4, 0},
    {"half a frame", "00000008r\0", 10, 0},
    {"no hex", "0000000xr\0", 10, -1},
    {"too long", "00002000r\0", 10, -1},
    {"another kind", "0000000aq\0001\0Kyes\0", 18, -1},
    {"a string too few", "00000004r\0001\0", 12, -1},
    {"a string too many", "0000000br\0001\0Kyes\0\0", 19, -1},
    {"no end", "00000008r\0001\0Kyes", 16, -1},
    {"no number", "00000009r\0x\0Kyes\0", 17, -1},
    {"no verdict", "00000005r\0001\0\0", 13, -1},
    {"a wrong verdict", "00000009r\0001\0Xyes\0", 17, -1},
    {"a right one", "00000009r\0001\0Kyes\0", 17, 1},
};

static void test_bad_frames(void) {
  worker_result_t result;
  for (size_t i = 0; i < sizeof bad_frames / sizeof *bad_frames; i++) {
    worker_input_init(&input);
    memcpy(input.bytes, bad_frames[i].bytes, bad_frames[i].len);
    input.len = bad_frames[i].len;
    CHECK_INT(bad_frames[i].name, worker_result_next(&input, &result), bad_frames[i].want);
  }
}

static void test_result(void) {
  char frame[WORKER_RESULT_MAX], long_text[2000];
  worker_result_t result;
  connect_ends();
  size_t len = worker_result_format(frame, 77, CHAIN_DEFER, "4.2.2 mailbox full");
  CHECK_INT("a result is sent", worker_results_send(ends[1], frame, len), 0);
  CHECK_INT("a result is read", worker_input_read(&input, ends[0]), 1);
  CHECK_INT("and taken", worker_result_next(&input, &result), 1);
  CHECK_INT("its number", result.number, 77);
  CHECK_INT("its kind", result.verdict.kind, CHAIN_DEFER);
  CHECK_STR("its code", result.verdict.enhanced, "4.2.2");
  CHECK_STR("its text", result.verdict.text, "mailbox full");
  memset(long_text, 'x', sizeof long_text);
  long_text[sizeof long_text - 1] = 0;
  CHECK("a long text is cut",
        worker_result_format(frame, UINT64_MAX, CHAIN_REJECT, long_text) <= WORKER_RESULT_MAX);
  shutdown(ends[1], SHUT_WR);
  CHECK_INT("the peer is gone", worker_input_wait(&input, ends[0]), 0);
  close_ends();
}

static void test_peer_gone(void) {
  worker_job_t job = {1, "", "r", "a", "i", "o", false, STDIN_FILENO};
  connect_ends();
  worker_job_put(&output, &job);
  shutdown(ends[1], SHUT_RD);
  CHECK("sending to no one", worker_output_send(&output, ends[0]) < 0 && errno == EPIPE);
  CHECK("results, too", worker_results_send(ends[0], "r", 1) < 0 && errno == EPIPE);
  close_ends();
}

static struct {
  char const *text;
  char kind;
  bool down;
} const down_cases[] = {
    {"4.4.1 cannot connect to mx.example", 'Z', true},
    {"4.4.5 too busy", 'Z', true},
    {"4.7.5 the server does not offer STARTTLS", 'Z', true},
    {"4.7.8 mx.example said: 535 5.7.8 no", 'Z', true},
    {"454 4.7.8 mx.example said: later", 'Z', false},
    {"4.7.1 not now", 'Z', false},
    {"451 4.4.1 mx.example said: later", 'Z', false},
    {"4.4.0 other", 'Z', false},
    {"4.4.6 a loop", 'Z', false},
    {"4.4.10 unknown", 'Z', false},
    {"4.2.2 full", 'Z', false},
    {"no code", 'Z', false},
    {"5.4.1 no answer", 'D', false},
    {"", 'K', false},
};

static void test_down(void) {
  for (size_t i = 0; i < sizeof down_cases / sizeof *down_cases; i++) {
    chain_verdict_t verdict;
    char const *text = down_cases[i].text;
    chain_verdict_parse(&verdict, (chain_kind_t)down_cases[i].kind, text, strlen(text));
    CHECK_INT(*text ? text : "an empty text", worker_destination_is_down(&verdict),
              down_cases[i].down);
  }
}

/* A user who has as many descriptors on the way as it may open. */
static void test_too_many_on_the_way(void) {
  worker_job_t job = {0, "", "r", "a", "i", "o", false, STDIN_FILENO};
  struct rlimit limit, low;
  int result = 0;
  connect_ends();
  if (getuid() == 0 && setresuid((uid_t)-1, 65534, (uid_t)-1) < 0) exit(111);
  getrlimit(RLIMIT_NOFILE, &limit);
  low = limit;
  low.rlim_cur = 32;
  setrlimit(RLIMIT_NOFILE, &low);
  for (unsigned i = 0; result == 0 && i < 10000 && !worker_job_put(&output, &job); i++)
    if (i % 16 == 15) result = worker_output_send(&output, ends[0]);
  if (result == 1)
    CHECK("it is not waited for by poll", worker_output_pending(&output));
  else
    unit_skip("too many descriptors on the way: this user may have any number");
  setrlimit(RLIMIT_NOFILE, &limit);
  close_ends();
  if (seteuid(getuid()) < 0) exit(111);
  prctl(PR_SET_DUMPABLE, 1); /* LeakSanitizer wants to look at us */
}

int main(void) {
  test_down();
  test_batch();
  test_keep();
  test_too_long();
  test_short_writes();
  test_no_descriptor();
  test_bad_frames();
  test_result();
  test_peer_gone();
  test_too_many_on_the_way();
  return unit_done();
}
