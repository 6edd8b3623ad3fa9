/* DSN parameters: RFC 3461 4, RFC 6533 3. */

#include <errno.h>

#include "../unit.h"
#include "smtp/smtp.h"

typedef struct xtext {
  char const *in;
  char const *out; /* NULL: no xtext */
  bool valid;      /* printable ASCII */
} xtext_t;

static xtext_t const xtexts[] = {
    {"", "", true},
    {"QQ314159", "QQ314159", true},
    {"a+2Bb+3Dc+20d", "a+b=c d", true},
    {"!~*", "!~*", true},
    {"+C3+A9", "\xc3\xa9", false},
    {"a b", NULL, false},
    {"a=b", NULL, false},
    {"a+", NULL, false},
    {"a+2", NULL, false},
    {"a+2b", NULL, false}, /* upper case only */
    {"a+G0", NULL, false},
    {"+0A", NULL, false},
    {"+00", NULL, false},
    {"+7F", NULL, false},
    {"\xc3\xa9", NULL, false},
    {"a\tb", NULL, false},
};

static void check_xtext(xtext_t const *c) {
  char out[32], name[64];
  ssize_t len = smtp_xtext_decode(out, sizeof out, c->in, strlen(c->in));
  snprintf(name, sizeof name, "xtext \"%s\"", c->in);
  if (c->out)
    CHECK_STR(name, len >= 0 ? out : "(refused)", c->out);
  else
    CHECK(name, len == -1 && errno == EINVAL);
  CHECK_INT("whether ENVID may have it", smtp_xtext_valid(c->in, strlen(c->in)), c->valid);
}

/* What decodes to printable ASCII is written as it was read. */
static void check_encoding(xtext_t const *c) {
  char out[32], name[64];
  if (!c->out || !c->valid) return;
  snprintf(name, sizeof name, "\"%s\" as xtext", c->out);
  ssize_t len = smtp_xtext_encode(out, sizeof out, c->out, strlen(c->out));
  CHECK_STR(name, len < 0 ? "(refused)" : out, c->in);
}

static void check_encoding_room(void) {
  char out[6];
  CHECK_INT("what is encoded fits with its NUL", smtp_xtext_encode(out, 6, "a+b", 3), 5);
  CHECK("does not fit without", smtp_xtext_encode(out, 5, "a+b", 3) == -1 && errno == EMSGSIZE);
  CHECK("nor in nothing", smtp_xtext_encode(out, 0, "", 0) == -1 && errno == EMSGSIZE);
  CHECK("UTF-8", smtp_xtext_encode(out, 6, "\xc3\xa9", 2) == -1 && errno == EINVAL);
  CHECK("a control byte", smtp_xtext_encode(out, 6, "\n", 1) == -1 && errno == EINVAL);
}

static void check_room(void) {
  char out[4];
  CHECK_INT("fits with its NUL", smtp_xtext_decode(out, 4, "a+20b", 5), 3);
  CHECK_STR("and is whole", out, "a b");
  CHECK("does not fit", smtp_xtext_decode(out, 3, "a+20b", 5) == -1 && errno == EMSGSIZE);
  CHECK_INT("nothing fits in one byte", smtp_xtext_decode(out, 1, "", 0), 0);
  CHECK("nor in none", smtp_xtext_decode(out, 0, "", 0) == -1 && errno == EMSGSIZE);
}

typedef struct valid {
  char const *text;
  bool valid;
} valid_t;

static valid_t const notifies[] = {
    {"NEVER", true},
    {"never", true},
    {"SUCCESS", true},
    {"FAILURE,DELAY", true},
    {"delay,Success,FAILURE", true},
    {"", false},
    {",", false},
    {"SUCCESS,", false},
    {",SUCCESS", false},
    {"SUCCESS,,DELAY", false},
    {"SUCCESS,SUCCESS", false},
    {"NEVER,DELAY", false},
    {"DELAY,NEVER", false},
    {"SUCCESS DELAY", false},
    {"SUCCES", false},
};

#define A50  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A490 A50 A50 A50 A50 A50 A50 A50 A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static valid_t const orcpts[] = {
    {"rfc822;joe@example.org", true},
    {"rfc822;joe+2Btag@example.org", true},
    {"x-my/type;+22a+20b+22@c", true},
    {"utf-8;a@b\\x{E9}", true}, /* utf-8-addr-xtext is xtext as well */
    {"rfc822;" A490 "aaa", true},
    {"rfc822;" A490 "aaaa", false},
    {"", false},
    {";", false},
    {"rfc822", false},
    {"rfc822;", false},
    {";joe@example.org", false},
    {"rfc 822;joe@example.org", false},
    {"rfc822;joe=x@example.org", false},
    {"rfc822;joe+0A@example.org", false},
    {"rfc822;joe@example.org\xc3\xa9", false},
    {"utf-8;\xc3\xa9@b", false},
};

static valid_t const utf8_orcpts[] = {
    {"rfc822;joe@example.org", true}, {"utf-8;\xc3\xa9@b", true}, {"UTF-8;a\\x{2B}b@\\x{E9}", true},
    {"utf-8;\\x{10FFFF}", true},      {"utf-8;\\x{20}", true},    {"rfc822;\xc3\xa9@b", false},
    {"utf-8;a+2Bb@c", false},         {"utf-8;a\\b@c", false},    {"utf-8;\\x{}", false},
    {"utf-8;\\x{E9", false},          {"utf-8;\\x{e9}", false},   {"utf-8;\\x{0A}", false},
    {"utf-8;\\x{85}", false},         {"utf-8;\\x{D800}", false}, {"utf-8;\\x{110000}", false},
    {"utf-8;\\x{1000000}", false},    {"utf-8;\xc3", false},      {"utf-8;", false},
};

int main(void) {
  for (size_t i = 0; i < sizeof xtexts / sizeof *xtexts; i++) {
    check_xtext(&xtexts[i]);
    check_encoding(&xtexts[i]);
  }
  check_encoding_room();
  check_room();
  for (size_t i = 0; i < sizeof notifies / sizeof *notifies; i++) {
    char name[64];
    snprintf(name, sizeof name, "NOTIFY=%s", notifies[i].text);
    CHECK_INT(name, smtp_notify_valid(notifies[i].text, strlen(notifies[i].text)),
              notifies[i].valid);
  }
  for (size_t i = 0; i < sizeof orcpts / sizeof *orcpts; i++) {
    char name[64];
    snprintf(name, sizeof name, "ORCPT=%s", orcpts[i].text);
    CHECK_INT(name, smtp_orcpt_valid(orcpts[i].text, strlen(orcpts[i].text), SMTP_ASCII),
              orcpts[i].valid);
  }
  for (size_t i = 0; i < sizeof utf8_orcpts / sizeof *utf8_orcpts; i++) {
    char name[64];
    snprintf(name, sizeof name, "with SMTPUTF8, ORCPT=%s", utf8_orcpts[i].text);
    CHECK_INT(name, smtp_orcpt_valid(utf8_orcpts[i].text, strlen(utf8_orcpts[i].text), SMTP_UTF8),
              utf8_orcpts[i].valid);
  }
  return unit_done();
}
