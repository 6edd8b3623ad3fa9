/* The compiled table: opened, replaced, and made by somebody else. */

#include <errno.h>
#include <fcntl.h>

#include <skalibs/types.h>

#include "../unit.h"
#include "table.h"

/* ---- opening ---- */

static int open_bytes(route_table_t *table, void const *bytes, size_t len) {
  int fd = memory_file();
  if (write(fd, bytes, len) != (ssize_t)len) abort();
  int result = table_open_fd(table, fd);
  close(fd);
  return result;
}

static int open_records(route_table_t *table, record_t const *records, size_t count) {
  int fd = table_write(records, count);
  int result = table_open_fd(table, fd);
  close(fd);
  return result;
}

static void test_open(void) {
  static record_t const foreign[] = {RECORD("a@x.test", "b")};
  static record_t const other[] = {RECORD("#", "chainmail routes 2")};
  static char const zeros[4096];
  char slots[2048] = "";
  route_table_t table;
  CHECK_INT("no file", route_open(&table, "/nonexistent/routes.cdb"), 0);
  CHECK_STR("is an empty table", check(&table, "a@x.test"), "no domain");
  CHECK_INT("no folder where a file is", route_open(&table, "/proc/self/exe/routes.cdb"), -1);
  CHECK_INT("an empty file", open_bytes(&table, "", 0), -1);
  CHECK_INT("says EPROTO", errno, EPROTO);
  CHECK_INT("a short file", open_bytes(&table, zeros, 2047), -1);
  CHECK_INT("a file of zeros", open_bytes(&table, zeros, sizeof zeros), -1);
  CHECK_INT("says EPROTO too", errno, EPROTO);
  CHECK_INT("another program's cdb", open_records(&table, foreign, 1), -1);
  CHECK_INT("a cdb of another version", open_records(&table, other, 1), -1);
  /* A table of 2^29+1 slots, whose size in bytes wraps to 8. */
  uint32_pack(slots, 8);
  uint32_pack(slots + 4, 0x20000001);
  CHECK_INT("a hash table larger than the file", open_bytes(&table, slots, sizeof slots), -1);
  CHECK_STR("is an empty table, if asked", check(&table, "a@x.test"), "no domain");
}

/* ---- replacing ---- */

static void compile_to(char const *path, char const *text) {
  findings_t findings = {0};
  char fresh[256];
  snprintf(fresh, sizeof fresh, "%s.new", path);
  int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (fd < 0 || route_compile(text, strlen(text), fd, some_accounts, note_finding, &findings) ||
      close(fd) || rename(fresh, path))
    abort();
}

static void test_refresh(void) {
  char folder[] = "/tmp/route-test.XXXXXX", path[64];
  route_table_t table;
  if (!mkdtemp(folder)) abort();
  snprintf(path, sizeof path, "%s/routes.cdb", folder);
  route_open(&table, path);
  CHECK_INT("still no file", route_refresh(&table, path), 0);
  compile_to(path, "@x.test maildir /x\n");
  CHECK_INT("a file comes", route_refresh(&table, path), 1);
  CHECK_STR("is in force", check(&table, "a@x.test"), "found");
  CHECK_INT("the same file", route_refresh(&table, path), 0);
  compile_to(path, "@y.test maildir /y\n");
  CHECK_STR("a new file is not in force by itself", check(&table, "a@x.test"), "found");
  CHECK_INT("a new file", route_refresh(&table, path), 1);
  CHECK_STR("is in force, the old one not", check(&table, "a@x.test"), "no domain");
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  close(fd);
  unlink(path);
  fd = open(path, O_WRONLY | O_CREAT, 0600);
  close(fd);
  CHECK_INT("a broken file", route_refresh(&table, path), -1);
  unlink(path);
  CHECK_INT("no file any more", route_refresh(&table, path), 1);
  CHECK_STR("no domain any more", check(&table, "a@y.test"), "no domain");
  route_close(&table);
  rmdir(folder);
}

/* ---- records ---- */

/* What no text can say yet, and what none can say. */
static record_t const records[] = {
    VERSION_RECORD,
    RECORD("@x.test", "0\0+\0"),
    RECORD("=fwd@x.test", "1\0fbob@elsewhere.test\0fbob@elsewhere.test\0"),
    RECORD("=pipe@x.test", "2\0p/bin/cat %l\0"),
    RECORD("=lmtp1@x.test", "3\0lunix:/run/lmtp\0"),
    RECORD("=lmtp2@x.test", "3\0lunix:/run/lmtp\0"),
    RECORD("=lmtps@x.test", "4\0almtp1@x.test\0almtp2@x.test\0almtp1@x.test\0"),
    RECORD("@backup.test", "5\0+\0smx.test:25\0"),
    RECORD("@moved.test", "5\0+\0dbackup.test\0"),
    RECORD("=via@x.test", "5\0aany@backup.test\0"),
    RECORD("*", "6\0srelay.test:587\0"),

    RECORD("=empty@x.test", ""),
    RECORD("=noline@x.test", "\0m/x\0"),
    RECORD("=cut@x.test", "1\0m/x"),
    RECORD("=text@x.test", "text\0"),
    RECORD("=nothing@x.test", "1\0"),
    RECORD("=hole@x.test", "1\0\0m/x\0"),
    RECORD("=unknown@x.test", "1\0?x\0"),
    RECORD("=letter@x.test", "1\0m/%q\0"),
    RECORD("=circle@x.test", "1\0m/x\0acircle@x.test\0"),
    RECORD("=other@x.test", "1\0aOTHER@x.test\0"),
    RECORD("=stray@x.test", "1\0anobody@x.test\0"),
    RECORD("=relayed@x.test", "1\0aa@elsewhere.test\0"),
    RECORD("@hop.test", "1\0+\0dhop.test\0"),
    RECORD("@away.test", "1\0+\0delsewhere.test\0"),
    RECORD("@plain.test", "1\0m/plain/%u\0"),
    RECORD("@broken.test", "x"),
};

typedef struct record_case {
  char const *address;
  char const *result;
  int error; /* of "broken" */
} record_case_t;

static record_case_t const record_cases[] = {
    {"fwd@x.test", "forward bob@elsewhere.test (fwd@x.test)", 0},
    {"pipe@x.test", "pipe /bin/cat %l (pipe@x.test)", 0},
    {"lmtps@x.test", "lmtp unix:/run/lmtp (lmtp1@x.test)\nlmtp unix:/run/lmtp (lmtp2@x.test)", 0},
    {"any@backup.test", "remote mx.test:25 (any@backup.test)", 0},
    {"Any@Elsewhere.test", "remote relay.test:587 (Any@elsewhere.test)", 0},
    {"Any@Moved.test", "remote mx.test:25 (Any@backup.test)", 0},
    {"via@x.test", "remote mx.test:25 (any@backup.test)", 0},
    {"empty@x.test", "broken", EPROTO},
    {"noline@x.test", "broken", EPROTO},
    {"cut@x.test", "broken", EPROTO},
    {"text@x.test", "broken", EPROTO},
    {"nothing@x.test", "broken", EPROTO},
    {"hole@x.test", "broken", EPROTO},
    {"unknown@x.test", "broken", EPROTO},
    {"letter@x.test", "broken", EPROTO},
    {"circle@x.test", "broken", ELOOP},
    {"other@x.test", "broken", ELOOP},
    {"stray@x.test", "broken", ENOENT},
    {"relayed@x.test", "broken", ENOENT},
    {"a@hop.test", "broken", ELOOP},
    {"a@away.test", "broken", ENOENT},
    {"a+b@plain.test", "maildir /plain/a+b (a+b@plain.test)", 0},
    {"a@broken.test", "broken", EPROTO},
};

static void ignore_line(void *data, char const *line) {
  (void)line;
  ++*(int *)data;
}

static void test_records(void) {
  route_table_t table;
  targets_t targets;
  int lines = 0;
  if (open_records(&table, records, sizeof records / sizeof *records) < 0) abort();
  for (size_t i = 0; i < sizeof record_cases / sizeof *record_cases; i++) {
    record_case_t const *example = record_cases + i;
    errno = 0;
    CHECK_STR(example->address, resolve(&table, example->address, &targets), example->result);
    if (example->error) CHECK_INT("says why", errno, example->error);
    if (example->error) CHECK_INT("and calls for no target", targets.count, 0);
    route_explain(&table, example->address, strlen(example->address), ignore_line, &lines);
  }
  CHECK("all are explained", lines > 0);
  CHECK_STR("the default smart host makes no domain ours", check(&table, "any@elsewhere.test"),
            "no domain");
  CHECK_STR("a smart host for a domain does", check(&table, "any@backup.test"), "found");
  CHECK_STR("a name is not for the default smart host", resolve(&table, "any", &targets),
            "no user");
  route_close(&table);
}

/* Each address leads to five of half its number: so many ways that none may be walked twice. */
static void test_width(void) {
  static char text[200000];
  char *end = text + sprintf(text, "0@x.test maildir /m\npostmaster maildir /p\n");
  for (int i = 1; i < 500; i++) {
    end += sprintf(end, "%d@x.test alias 0@x.test", i);
    for (int j = i / 2; j > 0 && j > i / 2 - 5; j--) end += sprintf(end, " %d@x.test", j);
    end += sprintf(end, "\n");
  }
  route_table_t table;
  targets_t targets;
  table_compile(&table, text);
  CHECK_STR("many ways lead to one target once", resolve(&table, "499@x.test", &targets),
            "maildir /m (0@x.test)");
  route_close(&table);
}

int main(void) {
  test_open();
  test_refresh();
  test_records();
  test_width();
  return unit_done();
}
