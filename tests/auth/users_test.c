/* lib/users: the text, the table, the file. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <skalibs/cdbmake.h>

#include "../unit.h"
#include "users/users.h"

#define HASH   "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define HEX_A  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define KEY_32 "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
#define KEY_20 "6dlGYMOdZcOPutkcNY8U2g7vK9Y="
#define SHA256 "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY_32 ":" KEY_32
#define SHA1   "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$" KEY_20 ":" KEY_20

/* ---- lines ---- */

/* A line, and how it is written again; NULL: as it is. */
static struct {
  char const *line, *written;
} const good[] = {
    {"alice", NULL},
    {"alice@example.test hash=" HASH, NULL},
    {" \t alice \t hash=" HASH "\t", "alice hash=" HASH},
    {"alice disabled", NULL},
    {"alice home=/ disabled", "alice disabled home=/"},
    {"alice scram-sha-256=" SHA256 " scram-sha-1=" SHA1, NULL},
    {"alice plain=\"a \\\"quoted\\\" \\\\ word\"", NULL},
    {"alice plain=\"plain\"", "alice plain=plain"},
    {"alice plain=p=q#r", NULL},
    {"alice home=\"/home/a b\" uid=1000 gid=4294967294", NULL},
    {"alice senders=\"* @example.test a@b.test\"", NULL},
    {"alice certificates=SHA256:" HEX_A, NULL},
    {"alice certificates=\"SHA256:" HEX_A "  SHA256:" HEX_B "\"", NULL},
    {"\"a b\"", NULL},
    {"\"#a\"", NULL},
    {"\"a=b\"", NULL},
    {"\"alice\"", "alice"},
    {"a#b", NULL},
    {"b\xc3\xbc"
     "cher@example.test",
     NULL},
    {"alice hash=ab0123456789.", NULL},
    {"alice hash=_J9..CCCCXBrJUJV154M", NULL},
};

static struct {
  char const *line, *reason;
} const bad[] = {
    {"hash=" HASH, "the first word is the user's name; one with = needs quotes"},
    {"\"\"", "a name has 1 to 255 bytes"},
    {"alice hash", "a key without a value"},
    {"alice hash=", "a key without a value"},
    {"alice hash=\"\"", "a key without a value"},
    {"alice disabled=yes", "disabled has no value"},
    {"alice disabled disabled", "a key is there twice"},
    {"alice hash=" HASH " hash=" HASH, "a key is there twice"},
    {"alice Hash=" HASH, "a word that is no key"},
    {"alice secret word", "a word that is no key"},
    {"alice =x", "a word that is no key"},
    {"alice hash=*", "hash: not a hash of crypt(5)"},
    {"alice hash=!" HASH, "hash: not a hash of crypt(5)"},
    {"alice hash={CRYPT}" HASH, "hash: not a hash of crypt(5)"},
    {"alice hash=\"a b\"", "hash: not a hash of crypt(5)"},
    {"alice hash=\xc3\xbc", "hash: not a hash of crypt(5)"},
    {"alice hash=$6$a:b", "hash: not a hash of crypt(5)"},
    {"alice plain=\"a", "a quote is not closed"},
    {"alice plain=\"a\\", "in quotes, a backslash comes before a quote or a backslash"},
    {"alice plain=\"a\\n\"", "in quotes, a backslash comes before a quote or a backslash"},
    {"alice plain=\"a\"b", "a quote is closed in the middle of a word"},
    {"alice plain=\"a\tb\"", "a tab in quotes"},
    {"alice plain=a\"b", "a value with a quote or a backslash needs quotes around it"},
    {"alice plain=a\\b", "a value with a quote or a backslash needs quotes around it"},
    {"alice plain=a\x01"
     "b",
     "a control character, or not UTF-8"},
    {"alice plain=a\x7f"
     "b",
     "a control character, or not UTF-8"},
    {"alice plain=\xc3", "a control character, or not UTF-8"},
    {"alice plain=\xc0\x80", "a control character, or not UTF-8"},
    {"alice\r", "a control character, or not UTF-8"},
    {"alice home=there", "home: not an absolute path"},
    {"alice uid=0", "uid, gid: not a number from 1 to 4294967294"},
    {"alice gid=4294967295", "uid, gid: not a number from 1 to 4294967294"},
    {"alice uid=4294967297", "uid, gid: not a number from 1 to 4294967294"},
    {"alice uid=root", "uid, gid: not a number from 1 to 4294967294"},
    {"alice uid=-1", "uid, gid: not a number from 1 to 4294967294"},
    {"alice senders=\" \"", "senders: none"},
    {"alice senders=bob", "senders: not addresses, @domains or *"},
    {"alice senders=\"a@b c@\"", "senders: not addresses, @domains or *"},
    {"alice certificates=SHA256:" HEX_A "a", "certificates: not SHA256: and 64 hexadecimal digits"},
    {"alice certificates=SHA1:" HEX_A, "certificates: not SHA256: and 64 hexadecimal digits"},
};

/* Everything from the scheme on. */
static char const *const bad_scram[] = {
    "",
    "SCRAM-SHA-256$",
    "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$" KEY_32 ":" KEY_32,
    "SCRAM-SHA-256$0:QSXCR+Q6sek8bf92$" KEY_32 ":" KEY_32,
    "SCRAM-SHA-256$04:QSXCR+Q6sek8bf92$" KEY_32 ":" KEY_32,
    "SCRAM-SHA-256$10000001:QSXCR+Q6sek8bf92$" KEY_32 ":" KEY_32,
    "SCRAM-SHA-256$42949672960:QSXCR+Q6sek8bf92$" KEY_32 ":" KEY_32,
    "SCRAM-SHA-256$4096$QSXCR+Q6sek8bf92$" KEY_32 ":" KEY_32,
    "SCRAM-SHA-256$4096:$" KEY_32 ":" KEY_32,
    "SCRAM-SHA-256$4096:QSXCR+Q6sek8bf9$" KEY_32 ":" KEY_32,
    "SCRAM-SHA-256$4096:QSXCR+Q6sek8bf92$" KEY_20 ":" KEY_32,
    "SCRAM-SHA-256$4096:QSXCR+Q6sek8bf92$" KEY_32 ":" KEY_20,
    "SCRAM-SHA-256$4096:QSXCR+Q6sek8bf92$" KEY_32,
    "SCRAM-SHA-256$4096:QSXCR+Q6sek8bf92$" KEY_32 ":" KEY_32 ":",
    "SCRAM-SHA-256$4096:QSXCR+Q6sek8bf92$" KEY_32 ":" KEY_32 "AAAA",
};

static void test_good_lines(void) {
  users_user_t user;
  char written[USERS_RECORD_MAX];
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    char const *reason = "?", *want = good[i].written ? good[i].written : good[i].line;
    CHECK_INT("a user", users_line_parse(&user, good[i].line, strlen(good[i].line), &reason), 1);
    ssize_t const len = users_line_format(written, sizeof written, &user);
    CHECK_MEM(want, written, (size_t)(len - 1), want, strlen(want));
    CHECK("with a newline", written[len - 1] == '\n');
  }
}

static void test_bad_lines(void) {
  users_user_t user;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char const *reason = "";
    CHECK_INT("an error", users_line_parse(&user, bad[i].line, strlen(bad[i].line), &reason), -1);
    CHECK_STR("its reason", reason, bad[i].reason);
    CHECK("nothing is left", !user.name && !user.hash && !user.plain);
  }
}

static void test_no_users(void) {
  static char const *const lines[] = {"", " ", "\t", "# alice", "  # alice", "#"};
  users_user_t user;
  char const *reason;
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    CHECK_INT("no user", users_line_parse(&user, lines[i], strlen(lines[i]), &reason), 0);
  CHECK_INT("a NUL", users_line_parse(&user, "a\0b", 3, &reason), -1);
}

static void test_fields(void) {
  static char const line[] = "alice disabled hash=" HASH " scram-sha-256=" SHA256
                             " scram-sha-1=" SHA1 " plain=\"p w\" home=/h uid=7 gid=8 senders=*"
                             " certificates=SHA256:" HEX_A;
  users_user_t user;
  char const *reason;
  CHECK_INT("parses", users_line_parse(&user, line, sizeof line - 1, &reason), 1);
  CHECK_STR("name", user.name, "alice");
  CHECK_STR("hash", user.hash, HASH);
  CHECK_STR("plain", user.plain, "p w");
  CHECK_STR("home", user.home, "/h");
  CHECK_STR("senders", user.senders, "*");
  CHECK_STR("certificates", user.certificates, "SHA256:" HEX_A);
  CHECK_INT("uid", user.uid, 7);
  CHECK_INT("gid", user.gid, 8);
  CHECK("disabled", user.disabled);
  CHECK_INT("iterations", user.scram_sha256.iterations, 4096);
  CHECK_INT("bytes of salt", user.scram_sha256.salt_len, 16);
  CHECK_INT("bytes of SHA-1's salt", user.scram_sha1.salt_len, 12);
  CHECK("the record is inside", user.name == user.record);
}

static void test_limits(void) {
  static char line[USERS_RECORD_MAX + 1];
  users_user_t user;
  char const *reason;
  memset(line, 'a', sizeof line);
  CHECK_INT("a name of 255 bytes", users_line_parse(&user, line, 255, &reason), 1);
  CHECK_INT("of 256", users_line_parse(&user, line, 256, &reason), -1);
  memcpy(line, "a home=/", 8);
  CHECK_INT("a line of 8191 bytes", users_line_parse(&user, line, 8191, &reason), 1);
  char written[USERS_RECORD_MAX + 1];
  CHECK_INT("is written whole", users_line_format(written, sizeof written, &user), 8192);
  CHECK_INT("or not at all", users_line_format(written, 8191, &user), -1);
  CHECK_INT("a line of 8192 bytes", users_line_parse(&user, line, 8192, &reason), -1);
  memcpy(line, "a plain=", 8);
  CHECK_INT("a password of 254 bytes", users_line_parse(&user, line, 8 + 254, &reason), 1);
  CHECK_INT("of 255", users_line_parse(&user, line, 8 + 255, &reason), -1);
}

static void test_scram(void) {
  users_scram_t scram;
  char text[USERS_SCRAM_FMT];
  for (size_t i = 0; i < sizeof bad_scram / sizeof *bad_scram; i++)
    CHECK("no verifier", !users_scram_parse(&scram, &br_sha256_vtable, bad_scram[i]));
  CHECK("a verifier", users_scram_parse(&scram, &br_sha256_vtable, SHA256));
  users_scram_format(text, &br_sha256_vtable, &scram);
  CHECK_STR("written again", text, SHA256);
  CHECK("RFC 7677's password",
        users_scram_matches(&scram, &br_sha256_vtable, "pencil", strlen("pencil")));
  CHECK("another", !users_scram_matches(&scram, &br_sha256_vtable, "pencils", 7));
  CHECK("of SHA-1", users_scram_parse(&scram, &br_sha1_vtable, SHA1));
  CHECK("RFC 5802's password", users_scram_matches(&scram, &br_sha1_vtable, "pencil", 6));
  scram.salt_len = sizeof scram.salt;
  scram.iterations = USERS_ITERATIONS_MAX;
  users_scram_format(text, &br_sha256_vtable, &scram);
  CHECK("the longest", users_scram_parse(&scram, &br_sha256_vtable, text));
}

/* ---- tables ---- */

static char path[64];

typedef struct told {
  size_t count, line;
  char reason[128];
} told_t;

static void report(void *data, size_t line, char const *reason) {
  told_t *told = data;
  if (told->count++) return;
  told->line = line;
  snprintf(told->reason, sizeof told->reason, "%s", reason);
}

static int compile(char const *text, told_t *told) {
  *told = (told_t){0};
  int const fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int const result = users_compile(text, strlen(text), fd, report, told);
  close(fd);
  return result;
}

static char const people[] = "# people\n"
                             "\n"
                             "alice hash=$6$salt$aaa certificates=SHA256:" HEX_A "\n"
                             "Bob@Example.test hash=$y$j9T$salt$bbb home=/home/bob\n"
                             "carol hash=$y$j9T$other$ccc disabled\n"
                             "dave scram-sha-256=" SHA256 "\n"
                             "eve certificates=\"SHA256:" HEX_B "\"";

static void test_find(void) {
  users_user_t user;
  told_t told;
  CHECK_INT("compiles", compile(people, &told), 0);
  CHECK_INT("found", users_find(path, "alice", &user), 0);
  CHECK_STR("its hash", user.hash, "$6$salt$aaa");
  CHECK_INT("in any case", users_find(path, "bOB@eXAMPLE.TEST", &user), 0);
  CHECK_STR("its name as it is written", user.name, "Bob@Example.test");
  CHECK_INT("disabled", users_find(path, "carol", &user) == 0 && user.disabled, 1);
  CHECK_INT("the last line needs no newline", users_find(path, "eve", &user), 0);
  static char const *const strangers[] = {"", "ali", "alice ", "people", "#", "calice", "m"};
  for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
    errno = 0;
    CHECK_INT("a stranger", users_find(path, strangers[i], &user), -1);
    CHECK_INT("is not there", errno, ENOENT);
  }
  char name[USERS_NAME_MAX + 2];
  memset(name, 'a', sizeof name - 1);
  name[sizeof name - 1] = 0;
  CHECK("a name too long is not there", users_find(path, name, &user) < 0 && errno == ENOENT);
}

static void test_find_certificate(void) {
  users_user_t user;
  told_t told;
  compile(people, &told);
  CHECK_INT("found", users_find_certificate(path, "SHA256:" HEX_B, &user), 0);
  CHECK_STR("whose it is", user.name, "eve");
  CHECK_INT("case is none", users_find_certificate(path, "sha256:" HEX_A, &user), 0);
  CHECK_STR("whose that is", user.name, "alice");
  CHECK("nobody's", users_find_certificate(path, "SHA256:", &user) < 0 && errno == ENOENT);
}

static void test_find_model(void) {
  users_user_t user;
  told_t told;
  compile(people, &told);
  CHECK_INT("a model", users_find_model(path, &user), 0);
  CHECK_STR("is of the method that most have", user.name, "Bob@Example.test");
  compile("a scram-sha-256=" SHA256 "\nb hash=$6$rounds=9$s$x\nc hash=$6$rounds=8$s$x\n"
          "d hash=$6$rounds=8$t$y\n",
          &told);
  CHECK_INT("parameters count", users_find_model(path, &user), 0);
  CHECK_STR("c and d have the same", user.name, "c");
  compile("alice plain=secret\nbob\n", &told);
  CHECK("nobody has a password", users_find_model(path, &user) < 0 && errno == ENOENT);
}

static struct {
  char const *text;
  size_t line;
  char const *reason;
} const faulty[] = {
    {"a\nb\nA\n", 3, "this user is on line 1 already"},
    {"a\n#\n\nb word\n", 4, "a word that is no key"},
    {"a certificates=SHA256:" HEX_A "\nb certificates=SHA256:" HEX_A "\n", 2,
     "one of the certificates is on line 1 already"},
    {"a certificates=\"SHA256:" HEX_A " SHA256:" HEX_A "\"\n", 1,
     "one of the certificates is on line 1 already"},
};

static void test_faulty_texts(void) {
  told_t told;
  for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
    CHECK_INT("has an error", compile(faulty[i].text, &told), 1);
    CHECK_INT("one", told.count, 1);
    CHECK_INT("its line", told.line, faulty[i].line);
    CHECK_STR("its reason", told.reason, faulty[i].reason);
  }
  char text[2 * 150 + 1] = "";
  for (size_t i = 0; i < 150; i++) strcat(text, "=\n");
  CHECK_INT("many errors", compile(text, &told), 1);
  CHECK_INT("a hundred are told", told.count, 100);
}

/* ---- tables that are none ---- */

static int find_in(char const *bytes, size_t len) {
  users_user_t user;
  int const fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (write(fd, bytes, len) != (ssize_t)len) return 0;
  close(fd);
  errno = 0;
  return users_find(path, "alice", &user) < 0 ? errno : 0;
}

static void test_no_tables(void) {
  static char const zeros[4096];
  users_user_t user;
  CHECK_INT("empty", find_in("", 0), EPROTO);
  CHECK_INT("a text", find_in(people, sizeof people - 1), EPROTO);
  CHECK_INT("zeros", find_in(zeros, sizeof zeros), EPROTO);
  unlink(path);
  CHECK("none", users_find(path, "alice", &user) < 0 && errno == ENODEV);
  CHECK("a folder", users_find("/", "alice", &user) < 0 && errno == EPROTO);
  CHECK("a device", users_find("/dev/null", "alice", &user) < 0 && errno == EPROTO);
}

/* A table with one record, as another program might write it. */
static int find_foreign(char const *version, char const *line) {
  cdbmaker maker = CDBMAKER_ZERO;
  users_user_t user;
  int const fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (!cdbmake_start(&maker, fd) ||
      !cdbmake_add(&maker, "", 0, version, (unsigned int)strlen(version)) ||
      !cdbmake_add(&maker, "ualice", 6, line, (unsigned int)strlen(line)) ||
      !cdbmake_finish(&maker))
    return -1;
  close(fd);
  errno = 0;
  return users_find(path, "alice", &user) < 0 ? errno : 0;
}

static void test_foreign_tables(void) {
  CHECK_INT("ours", find_foreign("chainmail users 1", "alice"), 0);
  CHECK_INT("of another version", find_foreign("chainmail users 2", "alice"), EPROTO);
  CHECK_INT("a line that is none", find_foreign("chainmail users 1", "alice ="), EPROTO);
  CHECK_INT("no line", find_foreign("chainmail users 1", ""), EPROTO);
  CHECK_INT("somebody else's", find_foreign("chainmail users 1", "alina"), EPROTO);
}

/* Cut short anywhere, and each byte changed: found or not, and never outside of the file. */
static void test_damaged_tables(void) {
  static char table[8192], damaged[8192];
  told_t told;
  users_user_t user;
  compile(people, &told);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t const len = read(fd, table, sizeof table);
  close(fd);
  size_t found = 0;
  for (size_t cut = 0; cut < (size_t)len; cut++)
    if (!find_in(table, cut)) found++;
  CHECK_INT("nobody is in a table that is cut", found, 0);
  for (size_t i = 0; i < (size_t)len; i++) {
    memcpy(damaged, table, (size_t)len);
    damaged[i] = (char)~damaged[i];
    int const error = find_in(damaged, (size_t)len);
    if (error && error != EPROTO && error != ENOENT) found++;
    if (users_find_model(path, &user) < 0 && errno != EPROTO && errno != ENOENT) found++;
    if (users_find_certificate(path, "SHA256:" HEX_A, &user) < 0 && errno != EPROTO &&
        errno != ENOENT)
      found++;
  }
  CHECK_INT("nothing else happens to one with a wrong byte", found, 0);
}

int main(void) {
  test_good_lines();
  test_bad_lines();
  test_no_users();
  test_fields();
  test_limits();
  test_scram();
  snprintf(path, sizeof path, "/tmp/users_test.%d", getpid());
  test_find();
  test_find_certificate();
  test_find_model();
  test_faulty_texts();
  test_no_tables();
  test_foreign_tables();
  test_damaged_tables();
  unlink(path);
  return unit_done();
}
