/* Items of AUTH_RESULTS: RFC 8601 2.2, written and read. */
#include <errno.h>

#include "../unit.h"
#include "authres/authres.h"

#define A100                                                                                       \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
  "aaaaaa"

typedef struct written {
  char const *comment, *reason, *value, *want;
} written_t;

static written_t const writings[] = {
    {0, 0, 0, "spf=fail"},
    {0, 0, "a@b.example", "spf=fail smtp.mailfrom=a@b.example"},
    {0, 0, "b.example", "spf=fail smtp.mailfrom=b.example"},
    {0, 0, "a+x=y/z@b", "spf=fail smtp.mailfrom=a+x=y/z@b"},
    {0, 0, "a=b", "spf=fail smtp.mailfrom=\"a=b\""},
    {0, 0, "\"a b\"@c", "spf=fail smtp.mailfrom=\"\\\"a b\\\"@c\""},
    {0, 0, "2001:db8::1", "spf=fail smtp.mailfrom=\"2001:db8::1\""},
    {0, 0, "[192.0.2.1]", "spf=fail smtp.mailfrom=\"[192.0.2.1]\""},
    {0, 0, "a;dkim=pass@b", "spf=fail smtp.mailfrom=\"a;dkim=pass@b\""},
    {0, 0, "a(b@c", "spf=fail smtp.mailfrom=\"a(b@c\""},
    {0, 0, "a\nX: y@b", "spf=fail smtp.mailfrom=\"a?X: y@b\""},
    {0, 0, "", "spf=fail smtp.mailfrom=\"\""},
    {0, 0, "\xc3\xa9@b", "spf=fail smtp.mailfrom=\xc3\xa9@b"},
    {"who knows", 0, 0, "spf=fail (who knows)"},
    {"a) dkim=pass (\\", 0, 0, "spf=fail (a\\) dkim=pass \\(\\\\)"},
    {"\xc3\xa9\r\n.", 0, 0, "spf=fail (\?\?\?\?.)"},
    {0, "because", 0, "spf=fail reason=because"},
    {0, "so \"it\" is", 0, "spf=fail reason=\"so \\\"it\\\" is\""},
    {"c", "r", "v", "spf=fail (c) reason=r smtp.mailfrom=v"},
};

static void check_writing(void) {
  for (size_t i = 0; i < sizeof writings / sizeof *writings; i++) {
    written_t const *w = &writings[i];
    char out[AUTHRES_ITEM_MAX];
    authres_property_t const property = {"smtp", "mailfrom", w->value};
    authres_result_t const result = {.method = "spf",
                                     .result = "fail",
                                     .comment = w->comment,
                                     .reason = w->reason,
                                     .properties = &property,
                                     .nproperties = 1};
    ssize_t len = authres_item_format(out, sizeof out, &result);
    CHECK_MEM(w->want, out, len < 0 ? 0 : (size_t)len, w->want, strlen(w->want));
    size_t position = 0, item_len;
    char const *item;
    CHECK_INT("and it can be read",
              authres_item_next(out, strlen(out), &position, &item, &item_len), 1);
    CHECK_INT("whole", (intmax_t)item_len, (intmax_t)strlen(w->want));
  }
}

static void check_room(void) {
  char out[17];
  authres_result_t const result = {.method = "spf", .result = "pass", .comment = "abcde"};
  CHECK_INT("it just fits", authres_item_format(out, 17, &result), 16);
  CHECK_INT("no room for the NUL", authres_item_format(out, 16, &result), -1);
  CHECK_INT("is told", errno, EMSGSIZE);
}

typedef struct read_case {
  char const *list;
  char const *want; /* items, each followed by '|'; '!' where the rest is refused */
} read_case_t;

static read_case_t const readings[] = {
    {"", ""},
    {"  ", ""},
    {"spf=pass", "spf=pass|"},
    {"spf=pass; dkim=none", "spf=pass|dkim=none|"},
    {"spf=pass ;dkim=none;", "spf=pass|dkim=none|"},
    {"; ; spf=pass", "spf=pass|"},
    {"spf/1=pass", "spf/1=pass|"},
    {"spf / 1 = pass", "spf / 1 = pass|"},
    {"spf=pass smtp.mailfrom=a@b", "spf=pass smtp.mailfrom=a@b|"},
    {"spf=pass smtp . mailfrom = @b", "spf=pass smtp . mailfrom = @b|"},
    {"spf=pass smtp.mailfrom=\"a;b\"@c; x=y", "spf=pass smtp.mailfrom=\"a;b\"@c|x=y|"},
    {"spf=pass (a;b(c;)d;) smtp.mailfrom=a", "spf=pass (a;b(c;)d;) smtp.mailfrom=a|"},
    {"spf=pass (\\)) ; x=y", "spf=pass (\\))|x=y|"},
    {"spf=pass reason=\"a\\\";\" ; x=y", "spf=pass reason=\"a\\\";\"|x=y|"},
    {"spf=pass REASON=x", "spf=pass REASON=x|"},
    {"dkim=pass header.d=a.example header.b=ab/c=", "dkim=pass header.d=a.example header.b=ab/c=|"},
    {"spf", "!"},
    {"spf=", "!"},
    {"=pass", "!"},
    {"spf=pass x", "!"},
    {"spf=pass x=y", "!"},
    {"spf=pass smtp.=y", "!"},
    {"spf=pass smtp.a=", "!"},
    {"spf=pass smtp.a=b c", "!"},
    {"spf=pass smtp.a=2001:db8::1", "!"},
    {"spf=pass (", "!"},
    {"spf=pass reason=\"", "!"},
    {"spf=pass reason=\"a\nb\"", "!"},
    {"spf=pass\n", "!"},
    {"spf=pass (a\001)", "!"},
    {"x=y; spf=pass reason=\"; dkim=pass", "x=y|!"},
    {"x=y; ???; dkim=pass", "x=y|!"},
};

static void check_reading(void) {
  for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
    char got[1024] = "";
    size_t position = 0, len;
    char const *item;
    int found;
    while ((found = authres_item_next(readings[i].list, strlen(readings[i].list), &position, &item,
                                      &len)) > 0) {
      strncat(got, item, len);
      strcat(got, "|");
    }
    if (found < 0) strcat(got, "!");
    char name[64];
    snprintf(name, sizeof name, "reading, list %zu", i);
    CHECK_STR(name, got, readings[i].want);
  }
}

static void check_adding(void) {
  authres_result_t const spf = {.method = "spf", .result = "pass"};
  authres_result_t const long_one = {.method = "spf", .result = "pass", .comment = A100};
  unsetenv("AUTH_RESULTS");
  CHECK_INT("the first", authres_add(&spf), 0);
  CHECK_INT("the second", authres_add(&spf), 0);
  CHECK_STR("a list", getenv("AUTH_RESULTS"), "spf=pass; spf=pass");
  int result, count = 0;
  while ((result = authres_add(&long_one)) == 0 && count < 1000) count++;
  CHECK_INT("a full list", result, -1);
  CHECK_INT("is told", errno, E2BIG);
  char const *list = getenv("AUTH_RESULTS");
  CHECK_INT("and stays as it is", list ? (intmax_t)strlen(list) : 0, 18 + count * 113);
}

int main(void) {
  check_writing();
  check_room();
  check_reading();
  check_adding();
  return unit_done();
}
