/* The fields: Authentication-Results, written and found, and Received-SPF. */
#include <errno.h>

#include "../unit.h"
#include "authres/authres.h"

typedef struct field_case {
  char const *id, *list, *want;
  bool good;
} field_case_t;

static field_case_t const fields[] = {
    {"mx.example", "", "Authentication-Results: mx.example; none\n", true},
    {"mx.example", "spf=pass", "Authentication-Results: mx.example;\n\tspf=pass\n", true},
    {"mx.example", "spf=pass smtp.mailfrom=a@b; dkim=none",
     "Authentication-Results: mx.example;\n\tspf=pass smtp.mailfrom=a@b;\n\tdkim=none\n", true},
    {"mx example", "spf=pass", "Authentication-Results: \"mx example\";\n\tspf=pass\n", true},
    {"mx.example", "spf=pass; X", "Authentication-Results: mx.example;\n\tspf=pass\n", false},
    {"mx.example", "spf=pass reason=\"", "Authentication-Results: mx.example; none\n", false},
    /* folded between words, never within a quoted string */
    {"mx.example",
     "spf=pass (one two three four five six seven eight nine ten eleven twelve) smtp.helo=a",
     "Authentication-Results: mx.example;\n"
     "\tspf=pass (one two three four five six seven eight nine ten eleven\n"
     "\ttwelve) smtp.helo=a\n",
     true},
    {"mx.example",
     "spf=pass reason=\"one two three four five six seven eight nine ten eleven\" smtp.helo=a",
     "Authentication-Results: mx.example;\n"
     "\tspf=pass\n"
     "\treason=\"one two three four five six seven eight nine ten eleven\"\n"
     "\tsmtp.helo=a\n",
     true},
    {"mx.example",
     "spf=pass (a \" b) reason=\"one two three four five six seven eight nine ten\" smtp.helo=a",
     "Authentication-Results: mx.example;\n"
     "\tspf=pass (a \" b)\n"
     "\treason=\"one two three four five six seven eight nine ten\" smtp.helo=a\n",
     true},
};

static void check_format(void) {
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    field_case_t const *c = &fields[i];
    char out[2048] = "";
    bool good;
    ssize_t len = authres_field_format(out, sizeof out, c->id, c->list, &good);
    CHECK_STR(c->list, out, c->want);
    CHECK_INT("its length", len, (intmax_t)strlen(c->want));
    CHECK_INT("whether all items were good", good, c->good);
  }
}

static void check_caps(void) {
  static char list[CHAIN_LIST_MAX + 1], out[AUTHRES_FIELD_MAX];
  memcpy(list, "spf=pass (", 10);
  memset(list + 10, 'a', 898);
  list[908] = ')';
  CHECK("a word of 900 bytes", authres_field_format(out, sizeof out, "mx", list, 0) > 900);
  list[908] = 'a';
  list[909] = ')';
  CHECK_INT("one of 901", authres_field_format(out, sizeof out, "mx", list, 0), -1);
  CHECK_INT("is told", errno, EMSGSIZE);
  CHECK_INT("no room", authres_field_format(out, 20, "mx.example", "", 0), -1);
  for (size_t i = 0; i < CHAIN_LIST_MAX; i++) list[i] = "a=b;"[i % 4];
  ssize_t len = authres_field_format(out, sizeof out, "mx", list, 0);
  CHECK_INT("the longest list of the shortest items", len, -1);
  memset(list, 0, sizeof list);
  memcpy(list, "spf=pass (", 10);
  for (size_t i = 10; i < CHAIN_LIST_MAX - 1; i++) list[i] = "0123456789abcde "[i % 16];
  list[CHAIN_LIST_MAX - 1] = ')';
  len = authres_field_format(out, sizeof out, "mx", list, 0);
  CHECK("the longest list of one item fits", len > CHAIN_LIST_MAX);
}

typedef struct find_case {
  char const *message;
  char const *want; /* start-end:id of each, blanks between */
} find_case_t;

static find_case_t const finds[] = {
    {"", ""},
    {"A: b\n\nAuthentication-Results: x; none\n", ""},
    {"\nAuthentication-Results: x; none\n", ""},
    {"Authentication-Results: x; none\n\n", "0-32:x "},
    {"A: b\nAUTHENTICATION-results:x;none\nB: c\n\n", "5-35:x "},
    {"Authentication-Results : x; none\n\n", "0-33:x "},
    {"Authentication-Results\t:x\n\n", "0-26:x "},
    {"Authentication-Results: x;\n\tnone\n b\nA: b\n\n", "0-36:x "},
    {"Authentication-Results:\n x; none\n\n", "0-33:x "},
    {"Authentication-Results: (c(d\\)e) f) x 1; none\n\n", "0-46:x "},
    {"Authentication-Results: (c\n d) \"m\\x.y\"; none\n\n", "0-45:mx.y "},
    {"Authentication-Results: \"a\n b\";none\n\n", "0-36:a b "},
    {"Authentication-Results: mx.example/2; none\n\n", "0-43:mx.example "},
    {"Authentication-Results: ; none\n\n", "0-31: "},
    {"Authentication-Results: (x\n\n", "0-27: "},
    {"Authentication-Results: \"x\n\n", "0-27: "},
    {"Authentication-Results: x\nAuthentication-Results: y\n\n", "0-26:x 26-52:y "},
    {"Authentication-Results: x", "0-25:x "},
    {"Authentication-Results:", "0-23: "},
    {"Authentication-Results", ""},
    {"Authentication-Results x: y\n\n", ""},
    {"Authentication-Results-Not: y\n\n", ""},
    {"ARC-Authentication-Results: i=1; x\n\n", ""},
    {"X: a\n Authentication-Results: x\n\n", ""},
};

static void check_find(void) {
  for (size_t i = 0; i < sizeof finds / sizeof *finds; i++) {
    char got[1024] = "";
    size_t position = 0;
    authres_field_t field;
    while (authres_field_next(finds[i].message, strlen(finds[i].message), &position, &field))
      snprintf(got + strlen(got), sizeof got - strlen(got), "%zu-%zu:%s ", field.start, field.end,
               field.id);
    char name[64];
    snprintf(name, sizeof name, "finding, message %zu", i);
    CHECK_STR(name, got, finds[i].want);
  }
}

static void check_long_id(void) {
  char message[1024] = "Authentication-Results: ";
  authres_field_t field;
  size_t position = 0;
  memset(message + 24, 'a', 500);
  CHECK("a long id is found", authres_field_next(message, 600, &position, &field));
  CHECK_INT("and longer than ours can be", (intmax_t)strlen(field.id), AUTHRES_ID_MAX + 1);
  position = 0;
  message[24] = '"';
  message[523] = '"';
  CHECK("one in quotes too", authres_field_next(message, 600, &position, &field));
  CHECK_INT("longer as well", (intmax_t)strlen(field.id), AUTHRES_ID_MAX + 1);
}

static void check_received_spf(void) {
  char out[2048];
  authres_received_spf_t const example = {.result = "pass",
                                          .comment =
                                              "mybox.example.org: domain of myname@example.com "
                                              "designates 192.0.2.1 as permitted sender",
                                          .receiver = "mybox.example.org",
                                          .client_ip = "192.0.2.1",
                                          .envelope_from = "myname@example.com",
                                          .helo = "foo.example.com"};
  authres_received_spf_format(out, sizeof out, &example);
  CHECK_STR("the example of RFC 7208 9.2", out,
            "Received-SPF: pass (mybox.example.org: domain of myname@example.com designates\n"
            "\t192.0.2.1 as permitted sender) receiver=mybox.example.org;\n"
            "\tclient-ip=192.0.2.1; envelope-from=\"myname@example.com\";\n"
            "\thelo=foo.example.com;\n");
  authres_received_spf_t const other = {.result = "permerror",
                                        .client_ip = "2001:db8::1",
                                        .helo = "a..b",
                                        .mechanism = "ip4:1",
                                        .problem = "a \"b\" \n c"};
  authres_received_spf_format(out, sizeof out, &other);
  CHECK_STR("what is no dot-atom is quoted", out,
            "Received-SPF: permerror client-ip=\"2001:db8::1\"; helo=\"a..b\";\n"
            "\tmechanism=\"ip4:1\"; problem=\"a \\\"b\\\" ? c\";\n");
  CHECK_INT("no room", authres_received_spf_format(out, 40, &other), -1);
}

int main(void) {
  check_format();
  check_caps();
  check_find();
  check_long_id();
  check_received_spf();
  return unit_done();
}
