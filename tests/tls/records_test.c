/* What a provider of TLS tells, as it is made and as it is read. */
#include "../unit.h"
#include "tls/tls.h"

#define BYTES(s) (s), sizeof(s) - 1

/* ---- complete or not ------------------------------------------------------------------------- */

static void test_complete(void) {
  CHECK("nothing has come", !tls_records_complete(BYTES("")));
  CHECK("an empty record alone ends the list", tls_records_complete(BYTES("\0")));
  CHECK("two NULs end it as well", tls_records_complete(BYTES("\0\0")));
  CHECK("a record goes on", !tls_records_complete(BYTES("SSL_A=1")));
  CHECK("a record is not the list's end", !tls_records_complete(BYTES("SSL_A=1\0")));
  CHECK("an empty record is", tls_records_complete(BYTES("SSL_A=1\0\0")));
}

/* ---- stepping -------------------------------------------------------------------------------- */

/* All records that are found, with blanks between. */
static char const *join(char const *bytes, size_t len) {
  static char joined[256];
  char const *record;
  joined[0] = 0;
  for (size_t at = 0; (record = tls_records_next(bytes, len, &at));)
    strcat(strcat(joined, joined[0] ? " " : ""), record);
  return joined;
}

static void test_next(void) {
  CHECK_STR("in order", join(BYTES("SSL_A=1\0SSL_B=2\0\0")), "SSL_A=1 SSL_B=2");
  CHECK_STR("without a value: to be unset", join(BYTES("SSL_A\0SSL_B=\0\0")), "SSL_A SSL_B=");
  CHECK_STR("only TLS's own names", join(BYTES("PATH=/x\0SSL_A=1\0LD_PRELOAD=y\0\0")), "SSL_A=1");
  CHECK_STR("nothing behind the empty one", join(BYTES("SSL_A=1\0\0SSL_B=2\0\0")), "SSL_A=1");
  CHECK_STR("what has no NUL is no record", join(BYTES("SSL_A=1\0SSL_B=2")), "SSL_A=1");
  CHECK_STR("none at all", join(BYTES("\0")), "");
}

static void test_too_many(void) {
  char bytes[TLS_RECORDS_BYTES];
  size_t len = 0, found = 0;
  for (int i = 0; i < 2 * TLS_RECORDS_MAX; i++)
    tls_records_add(bytes, sizeof bytes, &len, i % 2 ? "SSL_A" : "OTHER", "1");
  tls_records_end(bytes, sizeof bytes, &len);
  for (size_t at = 0; tls_records_next(bytes, len, &at);) found++;
  CHECK_INT("no more than the cap are looked at", found, TLS_RECORDS_MAX / 2);
}

/* ---- making ---------------------------------------------------------------------------------- */

static void test_add(void) {
  static char const wanted[] = "SSL_A=1\0SSL_B\0";
  char bytes[sizeof wanted];
  size_t len = 0;
  CHECK("a value", tls_records_add(bytes, sizeof bytes, &len, "SSL_A", "1"));
  CHECK("no value", tls_records_add(bytes, sizeof bytes, &len, "SSL_B", NULL));
  size_t const before = len;
  CHECK("what does not fit", !tls_records_add(bytes, sizeof bytes, &len, "SSL_C", "1"));
  CHECK_INT("leaves nothing behind", len, before);
  CHECK("the end", tls_records_end(bytes, sizeof bytes, &len));
  CHECK_MEM("all of it", bytes, len, wanted, sizeof wanted);
  CHECK("is complete", tls_records_complete(bytes, len));
  CHECK("no room for another end", !tls_records_end(bytes, sizeof bytes, &len));
}

int main(void) {
  test_complete();
  test_next();
  test_too_many();
  test_add();
  return unit_done();
}
