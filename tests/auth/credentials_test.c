#include <errno.h>
#include <unistd.h>

#include "../unit.h"
#include "credentials/credentials.h"

static int parse(credentials_t *credentials, char const *bytes, size_t len) {
  memcpy(credentials->bytes, bytes, len);
  credentials->len = len;
  return credentials_parse(credentials);
}

#define PARSE(bytes) parse(&credentials, bytes, sizeof(bytes) - 1)

static void test_parse(void) {
  credentials_t credentials;
  CHECK("three strings", PARSE("alice\0secret\0001234\0"));
  CHECK_STR("login", credentials.login, "alice");
  CHECK_STR("secret", credentials.secret, "secret");
  CHECK_STR("extra", credentials.extra, "1234");
  CHECK("the last without its NUL", PARSE("alice\0secret\0001234"));
  CHECK_STR("is the same", credentials.extra, "1234");
  CHECK("no third", PARSE("alice\0secret\0"));
  CHECK_STR("is an empty one", credentials.extra, "");
  CHECK("nothing in any", PARSE("\0\0\0"));
  CHECK_STR("an empty secret", credentials.secret, "");
  CHECK("one string", !PARSE("alice\0"));
  CHECK("no NUL", !PARSE("alice"));
  CHECK("half of the second", !PARSE("alice\0secret"));
  CHECK("nothing", !PARSE(""));
}

static int read_bytes(credentials_t *credentials, size_t len) {
  int fds[2];
  char bytes[CREDENTIALS_MAX + 8] = "a\0b";
  memset(bytes + 4, 'c', sizeof bytes - 4);
  if (pipe(fds) < 0 || write(fds[1], bytes, len) != (ssize_t)len) return -2;
  close(fds[1]);
  int const result = credentials_read(credentials, fds[0]);
  close(fds[0]);
  return result;
}

static void test_read(void) {
  credentials_t credentials = {.extra = ""};
  CHECK_INT("512 bytes", read_bytes(&credentials, 512), 0);
  CHECK_INT("all of them", strlen(credentials.extra), 508);
  CHECK("513 are too many", read_bytes(&credentials, 513) < 0 && errno == EPROTO);
  CHECK("none are too few", read_bytes(&credentials, 0) < 0 && errno == EPROTO);
  CHECK("no descriptor", credentials_read(&credentials, -1) < 0 && errno == EBADF);
}

static void test_same(void) {
  CHECK("the same", credentials_same("secret", "secret"));
  CHECK("nothing is nothing", credentials_same("", ""));
  static char const *const others[] = {"", "s", "secre", "secrets", "secreT", "secretsecret"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    CHECK("another", !credentials_same("secret", others[i]));
    CHECK("the other way", !credentials_same(others[i], "secret"));
  }
}

/* RFC 2195, section 2; RFC 1939, section 7. */
static void test_digests(void) {
  credentials_t credentials;
  PARSE("tim\0"
        "b913a602c7eda7a495b4e6e7334d3890\0"
        "<1896.697170952@postoffice.reston.mci.net>\0");
  CHECK("CRAM-MD5", credentials_cram_md5(&credentials, "tanstaaftanstaaf"));
  CHECK("another password", !credentials_cram_md5(&credentials, "tanstaaf"));
  PARSE("mrose\0"
        "c4c9334bac560ecc979e58001b3e22fb\0"
        "<1896.697170952@dbc.mtview.ca.us>\0");
  CHECK("APOP", credentials_apop(&credentials, "tanstaaf"));
  CHECK("another password", !credentials_apop(&credentials, "tanstaaf "));
  PARSE("mrose\0\0<1896.697170952@dbc.mtview.ca.us>\0");
  CHECK("no digest", !credentials_apop(&credentials, "tanstaaf"));
  CHECK("of neither", !credentials_cram_md5(&credentials, "tanstaaf"));
}

int main(void) {
  test_parse();
  test_read();
  test_same();
  test_digests();
  return unit_done();
}
