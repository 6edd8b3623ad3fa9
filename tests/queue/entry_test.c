/* Entries: the format, byte for byte; what a reader takes; and that no damage escapes it. */
#include <errno.h>
#include <fcntl.h>

#include "_folder.h"
#include "queue/format.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ID           "hock9tq2oeauptqs"
#define NAME         ID ".cd41161d56c7ee30"

/* The checksum was made by other code, tests/queue/_entry.py's. */
static char const golden[] = "Subject: x\n\nhello\n"
                             "I" ID "\0"
                             "Fme@x.example\0"
                             "Tyou@y.example\0"
                             "Tz@y.example\0"
                             "P\0RET=HDRS\0\0"
                             "Pz@y.example\0NOTIFY=NEVER\0\0"
                             "HX-A: b\nX-C: d\n\0"
                             "C0-11,14-15\0"
                             "VSPF_RESULT=pass\0"
                             "VX_EMPTY=\0"
                             "\nchainmail 1 00000000000000000018 0000000154 637b6e0e79da9aab\n";

#define GOLDEN_LEN (sizeof golden - 1)

static queue_range_t const ranges[] = {{0, 11}, {14, 15}};
static char const *const facts[] = {"SPF_RESULT=pass", "X_EMPTY=", 0};
static char const envelope[] = "Fme@x.example\0Tyou@y.example\0Tz@y.example\0\0"
                               "P\0RET=HDRS\0\0Pz@y.example\0NOTIFY=NEVER\0";

static int dir;

static void put_file(char const *name, char const *bytes, size_t len) {
  int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (write(fd, bytes, len) != (ssize_t)len) exit(111);
  close(fd);
}

/* 0, or the errno that opening it or comparing the checksum gives. */
static int try_entry(char const *name, uid_t const *owners) {
  queue_entry_t entry;
  if (queue_entry_open(&entry, dir, name, owners) < 0) return errno;
  int result = queue_entry_verify(&entry) < 0 ? errno : 0;
  queue_entry_close(&entry);
  return result;
}

static void writing(void) {
  queue_draft_t draft = {.id = ID,
                         .headers = "X-A: b\nX-C: d", /* the last LF is added */
                         .ranges = ranges,
                         .nranges = COUNT(ranges),
                         .facts = facts};
  CHECK_INT("envelope", queue_envelope_parse(&draft.envelope, envelope, sizeof envelope), 0);
  char out[GOLDEN_LEN];
  size_t len = queue_trailer_write(out, &draft);
  CHECK_INT("counting says the same", queue_trailer_write(0, &draft), len);
  CHECK_MEM("trailer", out, len, golden + 18, GOLDEN_LEN - 18 - QUEUE_FOOTER_SIZE);
}

static void reading(void) {
  queue_entry_t entry;
  uid_t const owners[] = {getuid(), (uid_t)-1};
  put_file(NAME, golden, GOLDEN_LEN);
  CHECK_INT("opens", queue_entry_open(&entry, dir, NAME, owners), 0);
  CHECK_INT("is whole", queue_entry_verify(&entry), 0);
  CHECK_STR("id", entry.id, ID);
  CHECK_INT("message size", entry.message_size, 18);
  CHECK_STR("sender", entry.envelope.sender, "me@x.example");
  CHECK_INT("recipients", entry.envelope.count, 2);
  size_t position = 0;
  CHECK_STR("first", queue_envelope_next(&entry.envelope, &position), "you@y.example");
  CHECK_STR("second", queue_envelope_next(&entry.envelope, &position), "z@y.example");
  CHECK_STR("no more", queue_envelope_next(&entry.envelope, &position), 0);
  position = 0;
  CHECK_STR("parameter", queue_envelope_parameter(&entry.envelope, "z@y.example", &position),
            "NOTIFY=NEVER");
  CHECK_MEM("headers", entry.headers, entry.headers_len, "X-A: b\nX-C: d\n", 14);
  CHECK_INT("ranges", entry.nranges, 2);
  CHECK_STR("fact", queue_entry_fact(&entry, "SPF_RESULT"), "pass");
  CHECK_STR("empty fact", queue_entry_fact(&entry, "X_EMPTY"), "");
  CHECK_STR("no such fact", queue_entry_fact(&entry, "SPF"), 0);
  queue_stream_t stream = queue_entry_stream(&entry);
  char text[64];
  size_t len = 0;
  for (ssize_t n; (n = queue_stream_read(&stream, text + len, sizeof text - len)) > 0;)
    len += (size_t)n;
  CHECK_MEM("edited", text, len, "X-A: b\nX-C: d\n\nhelo\n", 20);
  queue_entry_close(&entry);
}

static void smallest(void) {
  static char const bytes[] = "I" ID "\0F\0Tx\0"
                              "\nchainmail 1 00000000000000000000 0000000023 b971adac4272f600\n";
  queue_entry_t entry;
  put_file(NAME, bytes, sizeof bytes - 1);
  CHECK_INT("an empty message", queue_entry_open(&entry, dir, NAME, 0), 0);
  CHECK_INT("is whole", queue_entry_verify(&entry), 0);
  CHECK_STR("null sender", entry.envelope.sender, "");
  CHECK_STR("no headers", entry.headers, "");
  CHECK_STR("no facts", queue_entry_fact(&entry, "A"), 0);
  queue_entry_close(&entry);
}

/* Writes an entry of a message and one fact of so many bytes. */
static void put_entry_with(char const *fact, char const *message) {
  char bytes[2 * QUEUE_TAIL_SIZE];
  size_t size = strlen(message);
  char const *const all[] = {fact, 0};
  queue_draft_t draft = {.id = ID, .facts = all};
  queue_envelope_parse(&draft.envelope, envelope, sizeof envelope);
  size_t len = queue_trailer_write(bytes + size, &draft);
  queue_footer_t footer = {.message_size = size, .trailer_len = len};
  size_t total = size + len + QUEUE_FOOTER_SIZE;
  memcpy(bytes, message, size);
  queue_footer_write(bytes + size + len, &footer);
  put_file(NAME, bytes, total - QUEUE_FOOTER_DIGITS);
  int fd = openat(dir, NAME, O_RDONLY);
  if (queue_checksum(&footer.checksum, fd, total - QUEUE_FOOTER_DIGITS, 0, 0) < 0) abort();
  close(fd);
  queue_footer_write(bytes + size + len, &footer);
  put_file(NAME, bytes, total);
}

/* Trailers that just fit into what is read with the footer, and such as do not. */
static void lengths(char const *message) {
  char fact[QUEUE_TAIL_SIZE + 200] = "X_LONG=";
  size_t wrong = 0;
  memset(fact + 7, 'x', sizeof fact - 8);
  for (size_t len = sizeof fact - 1; len > sizeof fact - 600; len--) {
    queue_entry_t entry;
    fact[len] = 0;
    put_entry_with(fact, message);
    if (try_entry(NAME, 0) || queue_entry_open(&entry, dir, NAME, 0) < 0) {
      wrong++;
      continue;
    }
    char const *found = queue_entry_fact(&entry, "X_LONG");
    wrong += !found || strcmp(found, fact + 7) != 0;
    queue_entry_close(&entry);
  }
  CHECK_INT("trailers of many lengths", wrong, 0);
}

static void flip(char *bytes, size_t bit) {
  ((unsigned char *)bytes)[bit / 8] ^= (unsigned char)(1u << bit % 8);
}

/* Cut at every byte, longer by one, every bit flipped: the reader must see it each time. */
static void damage(void) {
  char bytes[GOLDEN_LEN + 1];
  size_t missed = 0;
  memcpy(bytes, golden, GOLDEN_LEN);
  for (size_t len = 0; len < GOLDEN_LEN; len++) {
    put_file(NAME, bytes, len);
    missed += try_entry(NAME, 0) != EBADMSG;
  }
  CHECK_INT("cuts that were not seen", missed, 0);
  bytes[GOLDEN_LEN] = '\n';
  put_file(NAME, bytes, GOLDEN_LEN + 1);
  CHECK_INT("a byte more", try_entry(NAME, 0), EBADMSG);
  missed = 0;
  for (size_t bit = 0; bit < GOLDEN_LEN * 8; bit++) {
    flip(bytes, bit);
    put_file(NAME, bytes, GOLDEN_LEN);
    missed += try_entry(NAME, 0) != EBADMSG;
    flip(bytes, bit);
  }
  CHECK_INT("flips that were not seen", missed, 0);
  /* A hole, as a lost block leaves it. */
  memset(bytes + 4, 0, 10);
  put_file(NAME, bytes, GOLDEN_LEN);
  CHECK_INT("zeros in the message", try_entry(NAME, 0), EBADMSG);
}

/* Trailers that a writer of new/ could make with a right checksum. */
static void strange_trailers(void) {
  static struct {
    char const *name, *bytes;
    size_t len;
  } const cases[] = {
#define BYTES(s) (s), sizeof(s) - 1
      {"empty", BYTES("")},
      {"no id", BYTES("Fa\0Tb\0")},
      {"bad id", BYTES("Ix\0Fa\0Tb\0")},
      {"no sender", BYTES("I" ID "\0Tb\0")},
      {"no recipient", BYTES("I" ID "\0Fa\0")},
      {"not ended", BYTES("I" ID "\0Fa\0Tb")},
      {"parameters not ended", BYTES("I" ID "\0Fa\0Tb\0Pb\0A=b\0")},
      {"headers without LF", BYTES("I" ID "\0Fa\0Tb\0HA: b\0")},
      {"empty headers", BYTES("I" ID "\0Fa\0Tb\0H\0")},
      {"bad headers", BYTES("I" ID "\0Fa\0Tb\0HA: b\n\n\0")},
      {"bad ranges", BYTES("I" ID "\0Fa\0Tb\0C4-3\0")},
      {"bad fact", BYTES("I" ID "\0Fa\0Tb\0VA\0")},
      {"nameless fact", BYTES("I" ID "\0Fa\0Tb\0V=b\0")},
      {"wrong order", BYTES("I" ID "\0Fa\0Tb\0VA=b\0HA: b\n\0")},
      {"unknown record", BYTES("I" ID "\0Fa\0Tb\0Xa\0")},
      {"two lists of headers", BYTES("I" ID "\0Fa\0Tb\0HA: b\n\0HA: b\n\0")},
#undef BYTES
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    queue_entry_t entry = {.message_size = 0};
    errno = 0;
    int result = queue_trailer_parse(&entry, cases[i].bytes, cases[i].len);
    CHECK_INT(cases[i].name, result ? errno : 0, EBADMSG);
  }
}

static void strange_files(void) {
  uid_t const strangers[] = {getuid() + 1, getuid() + 2, (uid_t)-1}, nobody[] = {(uid_t)-1};
  uid_t const several[] = {getuid() + 1, getuid(), (uid_t)-1};
  folder_clear();
  put_file(NAME, golden, GOLDEN_LEN);
  CHECK_INT("one of several owners", try_entry(NAME, several), 0);
  CHECK_INT("a stranger's", try_entry(NAME, strangers), EBADMSG);
  CHECK_INT("nobody is known", try_entry(NAME, nobody), EBADMSG);
  CHECK_INT("no such entry", try_entry(ID ".0000000000000000", 0), ENOENT);
  CHECK_INT("not a name", try_entry("../new/" NAME, 0), EBADMSG);
  CHECK_INT("another's id",
            (renameat(dir, NAME, dir, "hock9tq2oeauptqt.cd41161d56c7ee30"),
             try_entry("hock9tq2oeauptqt.cd41161d56c7ee30", 0)),
            EBADMSG);
  folder_clear();
  put_file("file", golden, GOLDEN_LEN);
  linkat(dir, "file", dir, NAME, 0);
  CHECK_INT("two links", try_entry(NAME, 0), EBADMSG);
  unlinkat(dir, NAME, 0);
  symlinkat("file", dir, NAME);
  CHECK_INT("a symbolic link", try_entry(NAME, 0), EBADMSG);
  folder_clear();
  mkfifoat(dir, NAME, 0600);
  CHECK_INT("a FIFO", try_entry(NAME, 0), EBADMSG);
  folder_clear();
  mkdirat(dir, NAME, 0700);
  CHECK_INT("a folder", try_entry(NAME, 0), EBADMSG);
  folder_clear();
}

static void handed_over(void) {
  queue_entry_t entry;
  put_file(NAME, golden, GOLDEN_LEN);
  int fd = openat(dir, NAME, O_RDONLY);
  unlinkat(dir, NAME, 0);
  CHECK_INT("without a name by now", queue_entry_from_fd(&entry, fd), 0);
  CHECK_INT("its descriptor", entry.fd, fd);
  queue_entry_close(&entry);
  CHECK("is closed with it", fcntl(fd, F_GETFD) < 0);
  int ends[2];
  CHECK_INT("pipe", pipe(ends), 0);
  CHECK("a pipe is no entry", queue_entry_from_fd(&entry, ends[0]) < 0 && errno == EBADMSG);
  CHECK("it stays open", fcntl(ends[0], F_GETFD) >= 0);
}

/* Nothing of the entry's that its reader is not to see is anywhere in a copy. */
static void copies(void) {
  static char const copy[] = "X-A: b\nX-C: d\n\nhelo\n"
                             "I" ID "\0"
                             "Fme@x.example\0"
                             "Tz@y.example\0"
                             "\nchainmail 1 00000000000000000020 0000000045 ";
  char bytes[sizeof copy + 64], longer[QUEUE_ADDRESS_MAX + 2];
  queue_entry_t entry, other;
  put_file(NAME, golden, GOLDEN_LEN);
  CHECK_INT("of an entry", queue_entry_open(&entry, dir, NAME, 0), 0);
  int fd = queue_entry_copy(&entry, "z@y.example");
  ssize_t len = pread(fd, bytes, sizeof bytes, 0);
  CHECK_MEM("has the message as edited, and one recipient", bytes,
            len > QUEUE_FOOTER_DIGITS ? (size_t)len - QUEUE_FOOTER_DIGITS : 0, copy,
            sizeof copy - 1);
  CHECK("cannot be changed", pwrite(fd, "x", 1, 0) < 0 && ftruncate(fd, 0) < 0);
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = 0;
  CHECK("not for longer addresses than there are",
        queue_entry_copy(&entry, longer) < 0 && errno == ENAMETOOLONG);
  queue_entry_close(&entry);
  CHECK_INT("is an entry", queue_entry_from_fd(&other, fd), 0);
  CHECK_INT("and whole", queue_entry_verify(&other), 0);
  queue_entry_close(&other);
}

static void names(void) {
  char one[QUEUE_NAME_SIZE + 1], two[QUEUE_NAME_SIZE + 1];
  CHECK_INT("made", queue_name_make(one, ID), 0);
  CHECK_INT("again", queue_name_make(two, ID), 0);
  CHECK("valid", queue_name_valid(one));
  CHECK("begins with the id", !strncmp(one, ID ".", CHAIN_ID_SIZE + 1));
  CHECK("each is another", strcmp(one, two));
  CHECK("upper case", !queue_name_valid(ID ".CD41161D56C7EE30"));
  CHECK("short", !queue_name_valid(ID ".cd41161d56c7ee3"));
  CHECK("long", !queue_name_valid(NAME "0"));
  CHECK("no dot", !queue_name_valid(ID "0cd41161d56c7ee30"));
  CHECK("empty", !queue_name_valid(""));
}

int main(void) {
  folder_make();
  dir = open(in_folder("new"), O_RDONLY | O_DIRECTORY);
  writing();
  reading();
  smallest();
  lengths("");
  lengths("x\n");
  damage();
  strange_trailers();
  strange_files();
  handed_over();
  copies();
  names();
  folder_remove();
  return unit_done();
}
