#include <errno.h>
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

static void test_quota_without_tmp(void) {
  char directory[] = "/tmp/maildir_test.XXXXXX";
  maildir_usage_t const quota = {1000, 0}, little = {1000, 1}, much = {1001, 1};
  if (!mkdtemp(directory) || chdir(directory) < 0 || maildir_make("box") < 0) exit(111);
  int folder = maildir_open("box");
  CHECK_INT("a Maildir without tmp", rmdir("box/tmp"), 0);
  CHECK_INT("has room", maildir_quota_check(folder, &quota, &little, time(0)), 0);
  CHECK_INT("as much as it has", maildir_quota_check(folder, &quota, &much, time(0)), -1);
  CHECK_INT("for that reason", errno, EDQUOT);
  CHECK_INT("cleaning up", rmdir("box/new") | rmdir("box/cur") | rmdir("box") | rmdir(directory),
            0);
  close(folder);
}

typedef struct sizes_case {
  char const *name;
  char const *text;
  bool valid;
  uint64_t quota_bytes, quota_messages, bytes, messages;
  size_t lines;
} sizes_case_t;

static sizes_case_t const sizes_cases[] = {
    {"a quota", "1000S\n", true, 1000, 0, 0, 0, 0},
    {"of messages", "10C\n", true, 0, 10, 0, 0, 0},
    {"of both", "10C,1000S\n", true, 1000, 10, 0, 0, 0},
    {"and of others", "1000S,5X\n", true, 1000, 0, 0, 0, 0},
    {"none", "\n", true, 0, 0, 0, 0, 0},
    {"lines", "1000S\n500 5\n  -100   -1 \n", true, 1000, 0, 400, 4, 2},
    {"less than nothing", "1000S\n-500 -5\n", true, 1000, 0, 0, 0, 1},
    {"large numbers", "99999999999999999999S\n99999999999999999999 1\n99999999999999999999 1\n",
     true, INT64_MAX, 0, INT64_MAX, 2, 2},
    {"no line end", "1000S", false, 0, 0, 0, 0, 0},
    {"nothing", "", false, 0, 0, 0, 0, 0},
    {"a negative quota", "-1000S\n", false, 0, 0, 0, 0, 0},
    {"a quota without a unit", "1000\n", false, 0, 0, 0, 0, 0},
    {"words", "plenty\n", false, 0, 0, 0, 0, 0},
    {"a half line", "1000S\n500 5\n10", false, 1000, 0, 0, 0, 1},
    {"one number", "1000S\n500\n", false, 1000, 0, 0, 0, 0},
    {"three numbers", "1000S\n1 2 3\n", false, 1000, 0, 0, 0, 0},
    {"an empty line", "1000S\n\n", false, 1000, 0, 0, 0, 0},
};

static void test_sizes(sizes_case_t const *example) {
  maildir_sizes_t sizes;
  int result = maildir_sizes_parse(&sizes, example->text, strlen(example->text));
  CHECK_INT(example->name, result, example->valid ? 0 : -1);
  CHECK_INT("its bytes", sizes.quota.bytes, example->quota_bytes);
  CHECK_INT("its messages", sizes.quota.messages, example->quota_messages);
  CHECK_INT("bytes used", sizes.used.bytes, example->bytes);
  CHECK_INT("messages used", sizes.used.messages, example->messages);
  CHECK_INT("lines", sizes.lines, example->lines);
}

static struct {
  char const *text;
  int want;
  uint64_t bytes, messages;
} const written_cases[] = {
    {"1000", 0, 1000, 0},
    {"1000S", 0, 1000, 0},
    {"1K", 0, 1024, 0},
    {"500M", 0, UINT64_C(500) << 20, 0},
    {"1G,10000C", 0, UINT64_C(1) << 30, 10000},
    {"5C", 0, 0, 5},
    {"5C,2T", 0, UINT64_C(2) << 40, 5},
    {"8388607T", 0, UINT64_C(8388607) << 40, 0},
    {"none", 0, 0, 0},
    {"8388608T", -1, 0, 0},
    {"99999999999999999999G", -1, 0, 0},
    {"", -1, 0, 0},
    {"0", -1, 0, 0},
    {"-1", -1, 0, 0},
    {"G", -1, 0, 0},
    {"1X", -1, 0, 0},
    {"1g", -1, 0, 0},
    {"1GB", -1, 0, 0},
    {"1G,", -1, 0, 0},
    {",1G", -1, 0, 0},
    {"1G 5C", -1, 0, 0},
    {"1G,2G", -1, 0, 0},
    {"1G,none", -1, 0, 0},
};

static void test_written_quotas(void) {
  for (size_t i = 0; i < sizeof written_cases / sizeof *written_cases; i++) {
    maildir_usage_t quota;
    CHECK_INT(written_cases[i].text, maildir_quota_read(&quota, written_cases[i].text),
              written_cases[i].want);
    if (written_cases[i].want) continue;
    CHECK_INT("its bytes", quota.bytes, written_cases[i].bytes);
    CHECK_INT("its messages", quota.messages, written_cases[i].messages);
  }
}

int main(void) {
  for (size_t i = 0; i < sizeof sizes_cases / sizeof *sizes_cases; i++) test_sizes(sizes_cases + i);
  test_sweep();
  test_quota_without_tmp();
  test_names();
  test_paths();
  test_written_quotas();
  return unit_done();
}
