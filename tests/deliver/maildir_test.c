#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../unit.h"
#include "maildir/maildir.h"

static struct {
  char const *host;
  char const *want;
} const host_cases[] = {
    {"mx.example.test", "mx.example.test"},
    {"a/b:c", "a\\057b\\072c"},
    {"", ""},
};

static void test_names(void) {
  maildir_writer_t writer;
  char name[MAILDIR_NAME_SIZE], again[MAILDIR_NAME_SIZE], long_host[500];
  for (size_t i = 0; i < sizeof host_cases / sizeof *host_cases; i++) {
    maildir_writer_init(&writer, 1, host_cases[i].host);
    CHECK_STR("the host of a name", writer.host, host_cases[i].want);
  }
  maildir_writer_init(&writer, 77, "h");
  maildir_name_make(name, &writer, 1700000000000042);
  CHECK_STR("a name", name, "1700000000.M42P77Q1.h");
  maildir_name_make(again, &writer, 1700000000000042);
  CHECK_STR("another in the same microsecond", again, "1700000000.M42P77Q2.h");
  memset(long_host, ':', sizeof long_host - 1);
  long_host[sizeof long_host - 1] = 0;
  maildir_writer_init(&writer, UINT64_MAX, long_host);
  writer.count = UINT64_MAX - 1;
  maildir_name_make(name, &writer, UINT64_MAX);
  CHECK("the longest name leaves room for its sizes",
        strlen(name) + strlen(",S=,W=") + 20 + 20 < MAILDIR_NAME_SIZE);
}

static struct {
  char const *path;
  int want;
} const path_cases[] = {
    {"alice", 0},
    {"/var/mail/alice", 0},
    {"alice/.Lists.x", 0},
    {"alice/...", 0},
    {"a..b/c..", 0},
    {".", 0},
    {"", -1},
    {"..", -1},
    {"../x", -1},
    {"a/../b", -1},
    {"a/..", -1},
    {"/..", -1},
    {"a//..//b", -1},
    {"/../", -1},
};

static void test_paths(void) {
  for (size_t i = 0; i < sizeof path_cases / sizeof *path_cases; i++)
    CHECK_INT(*path_cases[i].path ? path_cases[i].path : "no path",
              maildir_path_check(path_cases[i].path), path_cases[i].want);
}

static void make_file(char const *name) {
  int fd = open(name, O_WRONLY | O_CREAT, 0600);
  if (fd < 0) exit(111);
  close(fd);
}

static void test_sweep(void) {
  char directory[] = "/tmp/maildir_test.XXXXXX";
  int64_t now = time(0);
  if (!mkdtemp(directory) || chdir(directory) < 0 || maildir_make("box") < 0) exit(111);
  int folder = maildir_open("box");
  make_file("box/tmp/old");
  make_file("box/new/old");
  maildir_sweep(folder, now + MAILDIR_STALE_SECONDS - 60);
  CHECK("a file of less than 36 hours stays", !access("box/tmp/old", F_OK));
  maildir_sweep(folder, now + MAILDIR_STALE_SECONDS + 60);
  CHECK("an older one goes", access("box/tmp/old", F_OK) < 0);
  CHECK("and what is in new stays", !access("box/new/old", F_OK));
  CHECK_INT("cleaning up", unlink("box/new/old") | rmdir("box/new") | rmdir("box/tmp"), 0);
  CHECK_INT("cleaning up", rmdir("box/cur") | rmdir("box") | rmdir(directory), 0);
  close(folder);
}

int main(void) {
  test_sweep();
  test_names();
  test_paths();
  return unit_done();
}
