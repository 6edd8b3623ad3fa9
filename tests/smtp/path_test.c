/* Paths: RFC 5321 4.1.2, RFC 6531 3.3. */

#include "../unit.h"
#include "smtp/smtp.h"

#define A10   "aaaaaaaaaa"
#define A60   A10 A10 A10 A10 A10 A10
#define A63   A60 "aaa"
#define A64   A60 "aaaa"
#define A64_1 A64 "a"
#define D255  A63 "." A63 "." A63 "." A63 /* three dots and 252 */

enum {
  NONE = 0,
  NUL = SMTP_PATH_NULL,
  POST = SMTP_PATH_POSTMASTER,
  BARE = SMTP_PATH_BARE,
  UTF8 = SMTP_PATH_UTF8_OK
};

typedef struct accepted {
  char const *in;
  unsigned int allow;
  char const *address;
  size_t local_len;
  size_t rest; /* bytes it leaves */
} accepted_t;

static accepted_t const accepted[] = {
    {"<a@b>", NONE, "a@b", 1, 0},
    {"<joe.doe@Example.ORG>", NONE, "joe.doe@Example.ORG", 7, 0},
    {"<JOE@b>", NONE, "JOE@b", 3, 0},
    {"<!#$%&'*+-/=?^_`{|}~@b>", NONE, "!#$%&'*+-/=?^_`{|}~@b", 19, 0},
    {"<a@b_c.d>", NONE, "a@b_c.d", 1, 0},
    {"<a@1.2>", NONE, "a@1.2", 1, 0},
    {"<a@b> SIZE=1", NONE, "a@b", 1, 7},
    {"<a@b>x", NONE, "a@b", 1, 1},
    /* null path, postmaster */
    {"<>", NUL, "", 0, 0},
    {"<> SIZE=1", NUL, "", 0, 7},
    {"<postmaster>", POST, "postmaster", 10, 0},
    {"<PostMaster>", POST, "postmaster", 10, 0},
    {"<\"postmaster\">", POST, "postmaster", 10, 0},
    {"<PostMaster@b>", POST, "PostMaster@b", 10, 0},
    {"postmaster", POST | BARE, "postmaster", 10, 0},
    /* quoted strings, in the least quoting they need */
    {"<\"a\"@b>", NONE, "a@b", 1, 0},
    {"<\"a.b\"@c>", NONE, "a.b@c", 3, 0},
    {"<\"\\a\\b\"@c>", NONE, "ab@c", 2, 0},
    {"<\"a b\"@c>", NONE, "\"a b\"@c", 5, 0},
    {"<\"a\\ b\"@c>", NONE, "\"a b\"@c", 5, 0},
    {"<\"a@b\"@c>", NONE, "\"a@b\"@c", 5, 0},
    {"<\"a\\\"b\"@c>", NONE, "\"a\\\"b\"@c", 6, 0},
    {"<\"a\\\\b\"@c>", NONE, "\"a\\\\b\"@c", 6, 0},
    {"<\".a\"@c>", NONE, "\".a\"@c", 4, 0},
    {"<\"a..b\"@c>", NONE, "\"a..b\"@c", 6, 0},
    {"<\"\"@c>", NONE, "\"\"@c", 2, 0},
    {"<\"<>\"@c>", NONE, "\"<>\"@c", 4, 0},
    /* literals */
    {"<a@[192.0.2.1]>", NONE, "a@[192.0.2.1]", 1, 0},
    {"<a@[IPv6:2001:db8::1]>", NONE, "a@[IPv6:2001:db8::1]", 1, 0},
    {"<a@[x-tag:!content>]>", NONE, "a@[x-tag:!content>]", 1, 0},
    /* source routes */
    {"<@a:b@c>", NONE, "b@c", 1, 0},
    {"<@a,@b.c:d@e> X", NONE, "d@e", 1, 2},
    {"<@a:\"b c\"@d>", NONE, "\"b c\"@d", 5, 0},
    /* without brackets */
    {"a@b", BARE, "a@b", 1, 0},
    {"a@b SIZE=1", BARE, "a@b", 1, 7},
    {"\"a b\"@c SIZE=1", BARE, "\"a b\"@c", 5, 7},
    {"a@[192.0.2.1]", BARE, "a@[192.0.2.1]", 1, 0},
    {"<a@b>", BARE, "a@b", 1, 0},
    /* UTF-8 */
    {"<\xc3\xa9@b>", UTF8, "\xc3\xa9@b", 2, 0},
    {"<\"\xc3\xa9\"@b>", UTF8, "\xc3\xa9@b", 2, 0},
    {"<\"\xc3\xa9 \"@b>", UTF8, "\"\xc3\xa9 \"@b", 5, 0},
    {"<a@\xe6\xb5\x8b\xe8\xaf\x95.\xe6\xb5\x8b\xe8\xaf\x95>", UTF8,
     "a@\xe6\xb5\x8b\xe8\xaf\x95.\xe6\xb5\x8b\xe8\xaf\x95", 1, 0},
    {"<\xf0\x9f\x98\x80@b>", UTF8, "\xf0\x9f\x98\x80@b", 4, 0},
    /* as long as can be */
    {"<" A64 "@b>", NONE, A64 "@b", 64, 0},
    {"<\"" A60 "\\a\"@b>", NONE, A60 "a@b", 61, 0},
    {"<a@" A63 ".b>", NONE, "a@" A63 ".b", 1, 0},
    {"<" A64 "@" D255 ">", NONE, A64 "@" D255, 64, 0},
};

typedef struct refused {
  char const *in;
  unsigned int allow;
  smtp_path_status_t status;
} refused_t;

static refused_t const refused[] = {
    {"", BARE, SMTP_PATH_SYNTAX},
    {"<", NUL, SMTP_PATH_SYNTAX},
    {">", BARE, SMTP_PATH_SYNTAX},
    {"<>", NONE, SMTP_PATH_SYNTAX},
    {"< >", NUL, SMTP_PATH_SYNTAX},
    {"a@b", NONE, SMTP_PATH_SYNTAX},
    {"a@b>", BARE, SMTP_PATH_SYNTAX},
    {" a@b", BARE, SMTP_PATH_SYNTAX},
    {"@a:b@c", BARE, SMTP_PATH_SYNTAX},
    {"<a@b", NONE, SMTP_PATH_SYNTAX},
    {"<<a@b>>", NONE, SMTP_PATH_SYNTAX},
    {"< a@b>", NONE, SMTP_PATH_SYNTAX},
    {"<a@b >", NONE, SMTP_PATH_SYNTAX},
    {"<a @b>", NONE, SMTP_PATH_NO_DOMAIN},
    {"<a@>", NONE, SMTP_PATH_SYNTAX},
    {"<@b>", NONE, SMTP_PATH_SYNTAX},
    {"<a@b@c>", NONE, SMTP_PATH_SYNTAX},
    {"<a@b.>", NONE, SMTP_PATH_SYNTAX},
    {"<a@.b>", NONE, SMTP_PATH_SYNTAX},
    {"<a@b..c>", NONE, SMTP_PATH_SYNTAX},
    {"<a@-b>", NONE, SMTP_PATH_SYNTAX},
    {"<a@b->", NONE, SMTP_PATH_SYNTAX},
    {"<a@b!c>", NONE, SMTP_PATH_SYNTAX},
    {"<.a@b>", NONE, SMTP_PATH_SYNTAX},
    {"<a.@b>", NONE, SMTP_PATH_SYNTAX},
    {"<a..b@c>", NONE, SMTP_PATH_SYNTAX},
    {"<a(b)@c>", NONE, SMTP_PATH_SYNTAX},
    {"<a,b@c>", NONE, SMTP_PATH_SYNTAX},
    {"<a\\@b@c>", NONE, SMTP_PATH_SYNTAX},
    {"<a\001@b>", NONE, SMTP_PATH_SYNTAX},
    {"<a\177@b>", NONE, SMTP_PATH_SYNTAX},
    {"<joe>", NONE, SMTP_PATH_NO_DOMAIN},
    {"joe", BARE, SMTP_PATH_NO_DOMAIN},
    {"joe SIZE=1", BARE, SMTP_PATH_NO_DOMAIN},
    {"<postmaster>", NONE, SMTP_PATH_NO_DOMAIN},
    {"<postmasterx>", POST, SMTP_PATH_NO_DOMAIN},
    {"<@a:postmaster>", POST, SMTP_PATH_NO_DOMAIN},
    /* quoted strings */
    {"<\"a@b>", NONE, SMTP_PATH_SYNTAX},
    {"<\"a\"b@c>", NONE, SMTP_PATH_SYNTAX},
    {"<a\"b\"@c>", NONE, SMTP_PATH_SYNTAX},
    {"<\"a\".b@c>", NONE, SMTP_PATH_SYNTAX},
    {"<\"a\tb\"@c>", NONE, SMTP_PATH_SYNTAX},
    {"<\"a\\\tb\"@c>", NONE, SMTP_PATH_SYNTAX},
    {"<\"a\\", NONE, SMTP_PATH_SYNTAX},
    {"<\"a\\\xc3\xa9\"@c>", UTF8, SMTP_PATH_SYNTAX},
    /* literals */
    {"<a@[192.0.2.1>", NONE, SMTP_PATH_SYNTAX},
    {"<a@[192.0.2.1].b>", NONE, SMTP_PATH_SYNTAX},
    {"<a@[192.0.2.256]>", NONE, SMTP_PATH_SYNTAX},
    {"<a@[]>", NONE, SMTP_PATH_SYNTAX},
    /* source routes */
    {"<@a>", NONE, SMTP_PATH_SYNTAX},
    {"<@a:>", NUL, SMTP_PATH_SYNTAX},
    {"<@a,b:c@d>", NONE, SMTP_PATH_SYNTAX},
    {"<@a,:c@d>", NONE, SMTP_PATH_SYNTAX},
    {"<@:c@d>", NONE, SMTP_PATH_SYNTAX},
    {"<@a,@b", NONE, SMTP_PATH_SYNTAX},
    {"<@a:@b:c@d>", NONE, SMTP_PATH_SYNTAX},
    {"<@[192.0.2.1]:c@d>", NONE, SMTP_PATH_SYNTAX},
    /* UTF-8 */
    {"<\xc3\xa9@b>", NONE, SMTP_PATH_UTF8},
    {"<a@\xc3\xa9>", NONE, SMTP_PATH_UTF8},
    {"<@\xc3\xa9:a@b>", NONE, SMTP_PATH_UTF8},
    {"\xc3\xa9@b", BARE, SMTP_PATH_UTF8},
    {"<\xc3@b>", UTF8, SMTP_PATH_SYNTAX},
    {"<\xc3\xa9\xa9@b>", UTF8, SMTP_PATH_SYNTAX},
    {"<\xff@b>", NONE, SMTP_PATH_SYNTAX},
    {"<a@\xff>", UTF8, SMTP_PATH_SYNTAX},
    {"<a@b\xc3", UTF8, SMTP_PATH_SYNTAX},
    {"<\xc0\xaf@b>", UTF8, SMTP_PATH_SYNTAX},         /* over-long */
    {"<\xe0\x80\xaf@b>", UTF8, SMTP_PATH_SYNTAX},     /* over-long */
    {"<\xf0\x80\x80\xaf@b>", UTF8, SMTP_PATH_SYNTAX}, /* over-long */
    {"<\xed\xa0\x80@b>", UTF8, SMTP_PATH_SYNTAX},     /* a surrogate */
    {"<\xf4\x90\x80\x80@b>", UTF8, SMTP_PATH_SYNTAX}, /* beyond U+10FFFF */
    {"<\xc2\x85@b>", UTF8, SMTP_PATH_SYNTAX},         /* a control, NEL */
    /* too long */
    {"<" A64_1 "@b>", NONE, SMTP_PATH_TOO_LONG},
    {"<\"" A63 "\"@b>", NONE, SMTP_PATH_TOO_LONG},
    {"<a@" A64 ">", NONE, SMTP_PATH_TOO_LONG},
    {"<a@" D255 ".c>", NONE, SMTP_PATH_TOO_LONG},
    {"<a@[x:" D255 "]>", NONE, SMTP_PATH_TOO_LONG},
};

static void check_accepted(accepted_t const *c) {
  char name[512];
  smtp_path_t path;
  size_t consumed = 0, len = strlen(c->in);
  smtp_path_status_t status = smtp_path_parse(&path, c->in, len, c->allow, &consumed);
  snprintf(name, sizeof name, "accepts %s", c->in);
  if (status) {
    CHECK_INT(name, status, SMTP_PATH_OK);
    return;
  }
  CHECK_STR(name, path.address, c->address);
  CHECK("its lengths", path.len == strlen(c->address) && path.local_len == c->local_len);
  CHECK_INT("what it leaves", len - consumed, c->rest);
  CHECK_INT("whether it has UTF-8", path.utf8, c->allow == UTF8);
}

static void check_refused(refused_t const *c) {
  char name[512];
  smtp_path_t path;
  size_t consumed;
  snprintf(name, sizeof name, "refuses %s", c->in);
  CHECK_INT(name, smtp_path_parse(&path, c->in, strlen(c->in), c->allow, &consumed), c->status);
}

int main(void) {
  smtp_path_t path;
  size_t consumed;
  for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) check_accepted(&accepted[i]);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) check_refused(&refused[i]);
  CHECK_INT("refuses a NUL", smtp_path_parse(&path, "<a\0@b>", 6, UTF8, &consumed),
            SMTP_PATH_SYNTAX);
  CHECK_INT("and in a domain", smtp_path_parse(&path, "<a@b\0>", 6, UTF8, &consumed),
            SMTP_PATH_SYNTAX);
  CHECK("a source route with UTF-8 leaves none",
        !smtp_path_parse(&path, "<@\xc3\xa9:a@b>", 9, UTF8, &consumed) && !path.utf8);
  return unit_done();
}
