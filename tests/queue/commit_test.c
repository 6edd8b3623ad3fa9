/* Spooling and committing: the named file, the copied one, and nothing left after a failure. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "_folder.h"
#include "queue/queue.h"

#define ID "hock9tq2oeauptqs"

static char const envelope[] = "Fme@x\0Tyou@y\0";
static char const *const no_facts[] = {0};

static queue_draft_t make_draft(void) {
  queue_draft_t draft = {.id = ID, .facts = no_facts};
  if (queue_envelope_parse(&draft.envelope, envelope, sizeof envelope) < 0) exit(111);
  return draft;
}

static int spool_message(char const *message) {
  int fd = queue_spool_open(folder);
  size_t len = strlen(message);
  if (fd < 0 || write(fd, message, len) != (ssize_t)len) exit(111);
  return fd;
}

/* Commits fd. 0, or errno. */
static int commit(int fd, char *name) {
  struct stat status;
  queue_draft_t draft = make_draft();
  if (fstat(fd, &status) < 0) exit(111);
  return queue_commit(folder, fd, &status, &draft, name) < 0 ? errno : 0;
}

/* The entry is whole, mode 0640, and its message is this one. */
static void check_entry(char const *name, char const *message) {
  queue_entry_t entry;
  char text[64];
  int dir = open(in_folder("new"), O_RDONLY | O_DIRECTORY);
  CHECK_INT("one name", folder_list("new", 0), 1);
  CHECK_INT("nothing in tmp", folder_list("tmp", 0), 0);
  int result = queue_entry_open(&entry, dir, name, 0);
  CHECK_INT("opens", result, 0);
  close(dir);
  if (result < 0) return;
  CHECK_INT("is whole", queue_entry_verify(&entry), 0);
  CHECK_INT("readable for the group", entry.status.st_mode & 07777, 0640);
  CHECK_STR("sender", entry.envelope.sender, "me@x");
  ssize_t len = pread(entry.fd, text, sizeof text, 0);
  CHECK_MEM("message", text, len < 0 ? 0 : (size_t)entry.message_size, message, strlen(message));
  queue_entry_close(&entry);
}

static void named(void) {
  char name[QUEUE_NAME_SIZE + 1];
  mode_t mask = umask(077);
  int fd = spool_message("hello\n");
  umask(mask);
  CHECK_INT("nothing is to be seen before", folder_list("new", 0), 0);
  CHECK_INT("commits", commit(fd, name), 0);
  CHECK("a name with the id", queue_name_valid(name) && !strncmp(name, ID ".", 17));
  check_entry(name, "hello\n");
  close(fd);
  folder_clear();
}

/* A file that had a name once cannot be named again; one opened for reading cannot be written. */
static void copied(void) {
  char name[QUEUE_NAME_SIZE + 1];
  mode_t mask = umask(077);
  int fd = open(in_folder("tmp/once"), O_RDWR | O_CREAT | O_EXCL, 0600);
  CHECK_INT("file", write(fd, "hello\n", 6), 6);
  unlink(in_folder("tmp/once"));
  CHECK_INT("commits a file that cannot be named", commit(fd, name), 0);
  check_entry(name, "hello\n");
  close(fd);
  folder_clear();

  fd = open(in_folder("state/given"), O_RDWR | O_CREAT | O_EXCL, 0600);
  CHECK_INT("file", write(fd, "hello\n", 6), 6);
  int reader = open(in_folder("state/given"), O_RDONLY);
  CHECK_INT("commits a file that cannot be written", commit(reader, name), 0);
  check_entry(name, "hello\n");
  struct stat status;
  CHECK("which is left alone", fstat(fd, &status) == 0 && status.st_size == 6);
  umask(mask);
  close(fd);
  close(reader);
  folder_clear();
}

static void empty(void) {
  char name[QUEUE_NAME_SIZE + 1];
  int fd = spool_message("");
  CHECK_INT("commits an empty message", commit(fd, name), 0);
  check_entry(name, "");
  close(fd);
  folder_clear();
}

static void large_trailer(void) {
  char name[QUEUE_NAME_SIZE + 1];
  size_t count = 5000, len = 0;
  char *bytes = malloc(count * 16);
  len += (size_t)sprintf(bytes, "Fme@x") + 1;
  for (size_t i = 0; i < count; i++) len += (size_t)sprintf(bytes + len, "Tr%zu@y", i) + 1;
  bytes[len++] = 0;
  queue_draft_t draft = make_draft();
  CHECK_INT("envelope", queue_envelope_parse(&draft.envelope, bytes, len), 0);
  int fd = spool_message("hello\n");
  struct stat status;
  fstat(fd, &status);
  CHECK_INT("commits many recipients", queue_commit(folder, fd, &status, &draft, name), 0);
  check_entry(name, "hello\n");
  free(bytes);
  close(fd);
  folder_clear();
}

static void failures(void) {
  char name[QUEUE_NAME_SIZE + 1];
  int fd = spool_message("hello\n");
  struct rlimit limit, tight;
  getrlimit(RLIMIT_FSIZE, &limit);
  signal(SIGXFSZ, SIG_IGN);
  for (rlim_t size = 6; size < 120; size += 19) {
    tight = (struct rlimit){size, limit.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    CHECK_INT("a file that may not grow", commit(fd, name), EFBIG);
    CHECK_INT("leaves nothing", folder_list("new", 0) + folder_list("tmp", 0), 0);
  }
  setrlimit(RLIMIT_FSIZE, &limit);
  CHECK_INT("commits when it may", commit(fd, name), 0);
  close(fd);
  folder_clear();

  fd = spool_message("hello\n");
  rmdir(in_folder("new"));
  CHECK_INT("no new/", commit(fd, name), ENOENT);
  CHECK_INT("leaves nothing in tmp", folder_list("tmp", 0), 0);
  CHECK("nothing to spool into", queue_spool_open(folder) < 0 && errno == ENOENT);
  mkdir(in_folder("new"), 0700);
  close(fd);
}

static void spooling(void) {
  char fact[QUEUE_SPOOL_FACT_SIZE], want[QUEUE_SPOOL_FACT_SIZE];
  struct stat status;
  int ends[2], fd = spool_message("hel");
  CHECK("close-on-exec", fcntl(fd, F_GETFD) & FD_CLOEXEC);
  CHECK_INT("pipe", pipe(ends), 0);
  CHECK_INT("fed", write(ends[1], "lo\n", 3), 3);
  close(ends[1]);
  CHECK("fills", !queue_spool_fill(fd, ends[0]));
  fstat(fd, &status);
  CHECK_INT("all of it", status.st_size, 6);
  snprintf(want, sizeof want, "%ju:%ju:6", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
  CHECK_INT("length of the fact", queue_spool_fact(fact, &status), strlen(want));
  CHECK_STR("fact", fact, want);
  int dir = open(folder, O_RDONLY | O_DIRECTORY);
  CHECK("a folder cannot be read", queue_spool_fill(fd, dir) == &queue_failures[QUEUE_READ_FAILED]);
  int closed = open(in_folder("new"), O_RDONLY);
  lseek(fd, 0, SEEK_SET);
  CHECK("nor written to", queue_spool_fill(closed, fd) == &queue_failures[QUEUE_WRITE_FAILED]);
  close(closed);
  close(dir);
  close(fd);
  close(ends[0]);
}

static void trigger(void) {
  char line[64];
  char const *name = ID ".cd41161d56c7ee30";
  queue_trigger(folder, name); /* without a FIFO: nothing happens */
  mkfifo(in_folder("trigger"), 0600);
  queue_trigger(folder, name); /* without a reader */
  int fd = open(in_folder("trigger"), O_RDONLY | O_NONBLOCK);
  queue_trigger(folder, name);
  ssize_t len = read(fd, line, sizeof line);
  CHECK_MEM("name and LF", line, len < 0 ? 0 : (size_t)len, ID ".cd41161d56c7ee30\n",
            QUEUE_NAME_SIZE + 1);
  for (int i = 0; i < 4000; i++) queue_trigger(folder, name); /* a full pipe: it does not wait */
  size_t rest = 0;
  while ((len = read(fd, line, QUEUE_NAME_SIZE + 1)) == QUEUE_NAME_SIZE + 1) rest++;
  CHECK("whole names only", len < 0 && errno == EAGAIN && rest > 0 && rest < 4000);
  close(fd);
  queue_trigger(folder, name); /* the reader has gone */
  fd = open(in_folder("trigger"), O_RDONLY | O_NONBLOCK);
  queue_trigger(folder, name);
  CHECK_INT("who reads next is told", read(fd, line, sizeof line), QUEUE_NAME_SIZE + 1);
  close(fd);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  folder_make();
  named();
  copied();
  empty();
  large_trailer();
  failures();
  spooling();
  trigger();
  folder_remove();
  return unit_done();
}
