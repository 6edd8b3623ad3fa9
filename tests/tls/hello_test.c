/* A ClientHello's server name; host names; what is kept of a session. */
#include <errno.h>

#include "../unit.h"
#include "tls/tls.h"

/* ---- host names ------------------------------------------------------------------------------ */

static void test_names(void) {
  static char const label[] = "a234567890123456789012345678901234567890123456789012345678901234";
  char name[TLS_NAME_MAX + 2];
  for (size_t i = 0; i < sizeof name; i++) name[i] = i % 2 ? '.' : 'a';
  CHECK("an ordinary one", tls_name_valid("mx1.Example-host.test", 21));
  CHECK("of 253 bytes", tls_name_valid(name, TLS_NAME_MAX));
  CHECK("longer ones are none", !tls_name_valid(name, TLS_NAME_MAX + 2));
  CHECK("a label of 63 bytes", tls_name_valid(label, 63));
  CHECK("a longer label is none", !tls_name_valid(label, 64));
  CHECK("no name", !tls_name_valid("", 0));
  CHECK("an empty label", !tls_name_valid("a..b", 4));
  CHECK("a dot first", !tls_name_valid(".a", 2));
  CHECK("a dot last", !tls_name_valid("a.", 2));
  CHECK("a slash", !tls_name_valid("../key", 6));
  CHECK("a blank", !tls_name_valid("a b", 3));
  CHECK("a NUL", !tls_name_valid("a\0b", 3));
  CHECK("a byte that is not ASCII", !tls_name_valid("m\xc3\xa9", 3));
}

/* ---- a ClientHello --------------------------------------------------------------------------- */

typedef struct hello {
  size_t len;
  unsigned char bytes[1024];
} hello_t;

static void put(hello_t *hello, char const *bytes, size_t len) {
  memcpy(hello->bytes + hello->len, bytes, len);
  hello->len += len;
}

/* A number of size bytes at position at. */
static void patch(hello_t *hello, size_t at, size_t size, size_t number) {
  while (size--) {
    hello->bytes[at + size] = (unsigned char)number;
    number >>= 8;
  }
}

/* With these extensions, or none at all if they are NULL. */
static void make_hello(hello_t *hello, char const *extensions, size_t len) {
  hello->len = 0;
  put(hello, "\1\0\0\0\3\3", 6);
  put(hello, "................................", 32);
  put(hello, "\4....", 5);
  put(hello, "\0\4\xc0\x2b\xc0\x2f", 6);
  put(hello, "\1\0", 2);
  if (extensions) {
    put(hello, "..", 2);
    patch(hello, hello->len - 2, 2, len);
    put(hello, extensions, len);
  }
  patch(hello, 1, 3, hello->len - 4);
}

typedef struct hello_case {
  char const *name, *extensions;
  size_t len;
  int result;
  char const *wanted;
  bool valid;
} hello_case_t;

#define EXTENSIONS(s) (s), sizeof(s) - 1

static hello_case_t const cases[] = {
    {"a name", EXTENSIONS("\0\0\0\7\0\5\0\0\2mx"), 0, "mx", true},
    {"behind another extension", EXTENSIONS("\0\x17\0\0\0\0\0\7\0\5\0\0\2mx"), 0, "mx", true},
    {"before another", EXTENSIONS("\0\0\0\7\0\5\0\0\2mx\0\xd\0\4...."), 0, "mx", true},
    {"no extensions", NULL, 0, 0, "", true},
    {"an empty list of them", EXTENSIONS(""), 0, "", true},
    {"others alone", EXTENSIONS("\0\x17\0\0"), 0, "", true},
    {"a name of another type", EXTENSIONS("\0\0\0\7\0\5\1\0\2mx"), 0, "", true},
    {"two: the last, as BearSSL has it", EXTENSIONS("\0\0\0\xb\0\x9\0\0\1a\0\0\2mx"), 0, "mx",
     true},
    {"a name that is none", EXTENSIONS("\0\0\0\7\0\5\0\0\2m/"), 0, "", false},
    {"with a NUL in it", EXTENSIONS("\0\0\0\x8\0\6\0\0\3m\0x"), 0, "", false},
    {"an empty one", EXTENSIONS("\0\0\0\5\0\3\0\0\0"), 0, "", false},
    {"a name that breaks off", EXTENSIONS("\0\0\0\7\0\5\0\0\3mx"), -1, "", true},
    {"a list that breaks off", EXTENSIONS("\0\0\0\7\0\6\0\0\2mx"), -1, "", true},
    {"an extension that breaks off", EXTENSIONS("\0\0\0\x8\0\5\0\0\2mx"), -1, "", true},
};

static void test_hellos(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    hello_case_t const *const c = &cases[i];
    char name[TLS_NAME_MAX + 1];
    bool valid;
    hello_t hello;
    make_hello(&hello, c->extensions, c->len);
    int const result = tls_hello_name(hello.bytes, hello.len, name, &valid);
    bool const well = result == c->result && !strcmp(name, c->wanted);
    CHECK(c->name, well && (result || valid == c->valid));
  }
}

static void test_no_hello(void) {
  char name[TLS_NAME_MAX + 1];
  bool valid;
  hello_t hello;
  int found = 0;
  make_hello(&hello, EXTENSIONS("\0\0\0\7\0\5\0\0\2mx"));
  for (size_t len = 0; len < hello.len; len++)
    found += tls_hello_name(hello.bytes, len, name, &valid) == 0;
  CHECK_INT("one that is cut anywhere is none", found, 0);
  hello.bytes[0] = 2;
  CHECK("a ServerHello is none", tls_hello_name(hello.bytes, hello.len, name, &valid) < 0);
  CHECK_INT("and says so", errno, EINVAL);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void make_kept(tls_kept_t *kept) {
  memset(kept, 0, sizeof *kept);
  kept->version = 0x0303;
  kept->suite = 0xc02b;
  memset(kept->master, 1, sizeof kept->master);
  memset(kept->settings, 2, sizeof kept->settings);
  memset(kept->end_point, 3, kept->end_point_len = 32);
  memset(kept->peer_subject, 'x', sizeof kept->peer_subject - 1);
  strcpy(kept->name, "mx.example.test");
  strcpy(kept->peer_hash, "SHA256:00");
}

static void test_kept(void) {
  unsigned char bytes[TLS_KEPT_BYTES + 1], again[TLS_KEPT_BYTES];
  tls_kept_t kept, read;
  make_kept(&kept);
  size_t const len = tls_kept_write(&kept, bytes);
  int found = 0;
  CHECK("what was written is read", tls_kept_read(&read, bytes, len) == 0);
  CHECK_INT("version", read.version, kept.version);
  CHECK_INT("suite", read.suite, kept.suite);
  CHECK_STR("name", read.name, kept.name);
  CHECK_STR("subject", read.peer_subject, kept.peer_subject);
  CHECK_MEM("and written as it was", (char *)again, tls_kept_write(&read, again), (char *)bytes,
            len);
  for (size_t cut = 0; cut < len; cut++) found += tls_kept_read(&read, bytes, cut) == 0;
  CHECK_INT("one that is cut anywhere is none", found, 0);
  CHECK("nor one with more behind it", tls_kept_read(&read, bytes, len + 1) < 0);
  bytes[0] ^= 1;
  CHECK("nor another version's", tls_kept_read(&read, bytes, len) < 0);
}

static void test_alerts(void) {
  CHECK_STR("an alert's name", tls_alert_text(48), "unknown_ca");
  CHECK_STR("one in a gap", tls_alert_text(111), "unknown");
  CHECK_STR("one beyond", tls_alert_text(255), "unknown");
}

int main(void) {
  test_names();
  test_hellos();
  test_no_hello();
  test_kept();
  test_alerts();
  return unit_done();
}
