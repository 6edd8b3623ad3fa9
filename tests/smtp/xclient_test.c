/* XCLIENT, as Postfix documents it. */

#include <errno.h>

#include "../unit.h"
#include "smtp/smtp.h"

typedef struct accepted {
  char const *in;
  char const *values[SMTP_XCLIENT_COUNT]; /* NULL: not given */
} accepted_t;

static accepted_t const accepted[] = {
    {"NAME=spike.porcupine.org ADDR=168.100.189.2",
     {[SMTP_XCLIENT_NAME] = "spike.porcupine.org", [SMTP_XCLIENT_ADDR] = "168.100.189.2"}},
    {"name=a Addr=192.0.2.1", {[SMTP_XCLIENT_NAME] = "a", [SMTP_XCLIENT_ADDR] = "192.0.2.1"}},
    {"ADDR=IPV6:2001:db8::1 PORT=25 DESTADDR=ipv6:::1 DESTPORT=587",
     {[SMTP_XCLIENT_ADDR] = "2001:db8::1",
      [SMTP_XCLIENT_PORT] = "25",
      [SMTP_XCLIENT_DESTADDR] = "::1",
      [SMTP_XCLIENT_DESTPORT] = "587"}},
    {"ADDR=1:2:3::5:6:7:8", {[SMTP_XCLIENT_ADDR] = "1:2:3::5:6:7:8"}},
    {"ADDR=2001:db8::1", {[SMTP_XCLIENT_ADDR] = "2001:db8::1"}},
    {"NAME=[UNAVAILABLE] REVERSE_NAME=[TEMPUNAVAIL] ADDR=[unavailable] LOGIN=[UNAVAILABLE]",
     {[SMTP_XCLIENT_NAME] = "",
      [SMTP_XCLIENT_REVERSE_NAME] = "",
      [SMTP_XCLIENT_ADDR] = "",
      [SMTP_XCLIENT_LOGIN] = ""}},
    {"HELO=a+20b LOGIN=joe+2Btag@example.org PROTO=ESMTP",
     {[SMTP_XCLIENT_HELO] = "a b",
      [SMTP_XCLIENT_LOGIN] = "joe+tag@example.org",
      [SMTP_XCLIENT_PROTO] = "ESMTP"}},
    {"HELO=[192.0.2.1]  PROTO=smtp",
     {[SMTP_XCLIENT_HELO] = "[192.0.2.1]", [SMTP_XCLIENT_PROTO] = "smtp"}},
    {"PORT=1 PORT=2", {[SMTP_XCLIENT_PORT] = "2"}},
    {"PORT=65535 ", {[SMTP_XCLIENT_PORT] = "65535"}},
};

static char const *const refused[] = {
    "",
    " ",
    "NAME",
    "NAME=",
    "=a",
    "FOO=a",
    "NAME=a FOO=b",
    "NAME=a b",
    "NAME=a+20b",
    "NAME=a+0Ab",
    "NAME=a=b",
    "NAME=-a",
    "HELO=a\xc3\xa9",
    "HELO=a+0",
    "HELO=+0A",
    "LOGIN=",
    "ADDR=a",
    "ADDR=192.0.2.256",
    "ADDR=IPV6:",
    "ADDR=[192.0.2.1]",
    "ADDR=2001:db8::g",
    "PORT=",
    "PORT=65536",
    "PORT=0x19",
    "PORT=-1",
    "PORT=000025",
    "PROTO=LMTP",
    "PROTO=",
    " NAME=a",
};

static void check_accepted(accepted_t const *c) {
  smtp_xclient_t xclient;
  bool same = !smtp_xclient_parse(&xclient, c->in, strlen(c->in));
  for (size_t i = 0; same && i < SMTP_XCLIENT_COUNT; i++)
    same = xclient.given[i] == (c->values[i] != NULL) &&
           (!c->values[i] || !strcmp(xclient.value[i], c->values[i]));
  CHECK(c->in, same);
}

static void check_refused(char const *in) {
  smtp_xclient_t xclient;
  char name[64];
  snprintf(name, sizeof name, "refuses \"%s\"", in);
  CHECK(name, smtp_xclient_parse(&xclient, in, strlen(in)) == -1 && errno == EINVAL);
}

/* A HELO of this many bytes. */
static int parse_long(size_t len) {
  smtp_xclient_t xclient;
  char in[SMTP_XCLIENT_VALUE_MAX + 16] = "HELO=";
  memset(in + 5, 'a', len);
  return smtp_xclient_parse(&xclient, in, 5 + len);
}

int main(void) {
  for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) check_accepted(&accepted[i]);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) check_refused(refused[i]);
  CHECK("a value as long as can be", !parse_long(SMTP_XCLIENT_VALUE_MAX - 1));
  CHECK("a longer one", parse_long(SMTP_XCLIENT_VALUE_MAX) == -1 && errno == EINVAL);
  CHECK_STR("the names for EHLO", smtp_xclient_names,
            "NAME REVERSE_NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT");
  return unit_done();
}
