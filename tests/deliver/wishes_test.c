/* What goes on with a message: RFC 3461 5.2.7, RFC 2852 4.1. */

#include "../unit.h"
#include "delivery/delivery.h"

static queue_envelope_t parse(char const *bytes, size_t len) {
  queue_envelope_t envelope;
  if (queue_envelope_parse(&envelope, bytes, len) < 0) exit(111);
  return envelope;
}

/* ---- NOTIFY and ORCPT ---- */

static char const asked[] = "Fs@x.test\0Ta@x.test\0Tb@x.test\0Tc@x.test\0\0"
                            "P\0RET=HDRS\0\0"
                            "Pa@x.test\0NOTIFY=SUCCESS,FAILURE\0ORCPT=rfc822;o@x.test\0\0"
                            "Pb@x.test\0notify=success\0\0";

static struct {
  char const *name, *original, *recipient;
  bool told;
  char const *notify, *orcpt;
} const cases[] = {
    {"as it was asked", "a@x.test", "a@x.test", false, "SUCCESS,FAILURE", "rfc822;o@x.test"},
    {"elsewhere", "a@x.test", "z@y.test", false, "SUCCESS,FAILURE", "rfc822;o@x.test"},
    {"success is told", "a@x.test", "z@y.test", true, "FAILURE", "rfc822;o@x.test"},
    {"nothing else was asked for", "b@x.test", "b@x.test", true, "NEVER", 0},
    {"an original recipient is made", "b@x.test", "z@y.test", false, "success", "rfc822;b@x.test"},
    {"not for the same one", "c@x.test", "C@X.test", true, 0, 0},
    {"for one who asked nothing", "c@x.test", "z@y.test", true, 0, "rfc822;c@x.test"},
    {"of who has no record", "d d@x.test", "z@y.test", false, 0, "rfc822;d+20d@x.test"},
    {"of ASCII only", "\xc3\xa9@x.test", "z@y.test", false, 0, 0},
};

static void test_wishes(void) {
  queue_envelope_t const envelope = parse(asked, sizeof asked - 1);
  size_t count = 0;
  dsn_asked_t *all = dsn_asked_make(&count, &envelope);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char made[DELIVERY_ORCPT_SIZE];
    dsn_asked_t const own = dsn_asked_find(all, count, cases[i].original);
    delivery_wishes_t const wishes = delivery_wishes(&own, cases[i].recipient, cases[i].told, made);
    CHECK_STR(cases[i].name, wishes.notify, cases[i].notify);
    CHECK_STR("its original recipient", wishes.orcpt, cases[i].orcpt);
  }
  dsn_asked_t const nothing = {.recipient = "c@x.test"};
  CHECK_STR("none is made without room", delivery_wishes(&nothing, "z@y.test", false, 0).orcpt, 0);
  free(all);
}

static void test_long_original(void) {
  char original[DELIVERY_ORCPT_SIZE + 8], made[DELIVERY_ORCPT_SIZE];
  dsn_asked_t const nothing = {.recipient = original};
  memset(original, 'o', sizeof original);
  original[SMTP_ORCPT_MAX - strlen("rfc822;")] = 0;
  CHECK("the longest that ORCPT can say", delivery_wishes(&nothing, "z", false, made).orcpt);
  strcat(original, "o");
  CHECK("and no longer", !delivery_wishes(&nothing, "z", false, made).orcpt);
}

/* ---- BY ---- */

#define SECOND UINT64_C(1000000)

static struct {
  char const *name;
  char const *by; /* BY's value */
  uint64_t age;   /* of the entry, in microseconds */
  int64_t left;
} const times[] = {
    {"none has passed", "100;N", 0, 100},
    {"a second that has begun counts", "100;N", 1, 99},
    {"the last one", "100;N", 99 * SECOND + 1, 0},
    {"late", "100;N", 1000 * SECOND, -900},
    {"later", "-999999999;N", SECOND, -999999999},
    {"in mode R", "100;R", 200 * SECOND, -100},
};

static bool by_of(smtp_by_t *by, char const *value, uint64_t age) {
  static char const before[] = "Fs@x.test\0Ta@x.test\0\0P\0BY=";
  char bytes[100] = "", id[CHAIN_ID_SIZE + 1];
  size_t len = sizeof before - 1;
  memcpy(bytes, before, len);
  memcpy(bytes + len, value, strlen(value));
  len += strlen(value) + 2;
  chain_id_make(id);
  queue_entry_t const entry = {.id = id, .envelope = parse(bytes, len)};
  return delivery_by(by, &entry, chain_id_time(id) + age);
}

static void test_by(void) {
  smtp_by_t by;
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    CHECK(times[i].name, by_of(&by, times[i].by, times[i].age));
    CHECK_INT("what is left", by.seconds, times[i].left);
  }
  CHECK("the mode stays", by_of(&by, "5;NT", 0) && !by.returns && by.trace);
  CHECK("what makes no sense is none", !by_of(&by, "soon", 0));
}

static void test_none(void) {
  queue_entry_t const entry = {.id = "0000000000abcdef",
                               .envelope = parse(asked, sizeof asked - 1)};
  smtp_by_t by;
  CHECK("nobody hurries", !delivery_by(&by, &entry, 0) && !delivery_is_late(&entry));
}

int main(void) {
  test_wishes();
  test_long_original();
  test_by();
  test_none();
  return unit_done();
}
