/* FUTURERELEASE, DELIVERBY, MT-PRIORITY: RFC 4865, RFC 2852 4, RFC 6710. */

#include <errno.h>

#include "../unit.h"
#include "smtp/smtp.h"

/* What a parser says of a text: its number, or its errno. */
typedef struct number {
  char const *text;
  int64_t value;
  int error;
} number_t;

static number_t const holdfors[] = {
    {"1", 1, 0},
    {"86400", 86400, 0},
    {"999999999", 999999999, 0},
    {"1000000000", 0, ERANGE},
    {"99999999999999999999999", 0, ERANGE},
    {"0", 0, EINVAL},
    {"007", 0, EINVAL},
    {"", 0, EINVAL},
    {"-1", 0, EINVAL},
    {"+1", 0, EINVAL},
    {"1s", 0, EINVAL},
    {"1000000000s", 0, EINVAL},
};

static number_t const holduntils[] = {
    {"1970-01-01T00:00:00Z", 0, 0},
    {"2026-11-20T21:03:31Z", 1795208611, 0},
    {"2026-11-20t21:03:31z", 1795208611, 0},
    {"2026-11-20T21:03:31.999Z", 1795208611, 0},
    {"2026-11-20T22:03:31+01:00", 1795208611, 0},
    {"2026-11-20T11:33:31-09:30", 1795208611, 0},
    {"2026-11-20T21:03:31-00:00", 1795208611, 0},
    {"2016-12-31T23:59:60Z", 1483228800, 0},
    {"2024-02-29T00:00:00Z", 1709164800, 0},
    {"2000-02-29T00:00:00Z", 951782400, 0},
    {"9999-12-31T23:59:59Z", 253402300799, 0},
    {"1970-01-01T00:00:00+00:01", 0, ERANGE},
    {"0000-01-01T00:00:00Z", 0, ERANGE},
    {"2026-02-29T00:00:00Z", 0, EINVAL},
    {"2100-02-29T00:00:00Z", 0, EINVAL},
    {"2026-04-31T00:00:00Z", 0, EINVAL},
    {"2026-00-01T00:00:00Z", 0, EINVAL},
    {"2026-13-01T00:00:00Z", 0, EINVAL},
    {"2026-01-00T00:00:00Z", 0, EINVAL},
    {"2026-01-01T24:00:00Z", 0, EINVAL},
    {"2026-01-01T00:60:00Z", 0, EINVAL},
    {"2026-01-01T00:00:61Z", 0, EINVAL},
    {"2026-01-01T00:00:00", 0, EINVAL},
    {"2026-01-01T00:00:00.Z", 0, EINVAL},
    {"2026-01-01T00:00:00.5", 0, EINVAL},
    {"2026-01-01 00:00:00Z", 0, EINVAL},
    {"2026-01-01T00:00:00+24:00", 0, EINVAL},
    {"2026-01-01T00:00:00+01:60", 0, EINVAL},
    {"2026-01-01T00:00:00+0100", 0, EINVAL},
    {"2026-01-01T00:00:00Z ", 0, EINVAL},
    {"2026-01-01", 0, EINVAL},
    {"12026-01-01T00:00:00Z", 0, EINVAL},
    {"", 0, EINVAL},
};

static number_t const priorities[] = {
    {"0", 0, 0},
    {"9", 9, 0},
    {"-9", -9, 0},
    {"-1", -1, 0},
    {"10", 0, ERANGE},
    {"-10", 0, ERANGE},
    {"4294967296", 0, ERANGE},
    {"+1", 0, EINVAL},
    {"-0", 0, EINVAL},
    {"01", 0, EINVAL},
    {"--1", 0, EINVAL},
    {"", 0, EINVAL},
    {"-", 0, EINVAL},
    {"3;", 0, EINVAL},
    {"high", 0, EINVAL},
};

static int parse_holdfor(int64_t *value, char const *s, size_t len) {
  return smtp_holdfor_parse((uint64_t *)value, s, len);
}

static int parse_holduntil(int64_t *value, char const *s, size_t len) {
  return smtp_holduntil_parse((uint64_t *)value, s, len);
}

static int parse_priority(int64_t *value, char const *s, size_t len) {
  int priority = 0;
  int result = smtp_priority_parse(&priority, s, len);
  *value = priority;
  return result;
}

static void check_number(char const *keyword, number_t const *c,
                         int (*parse)(int64_t *, char const *, size_t)) {
  char name[64];
  int64_t value = 0;
  int error = parse(&value, c->text, strlen(c->text)) ? errno : 0;
  snprintf(name, sizeof name, "%s=%s", keyword, c->text);
  if (error || c->error)
    CHECK_INT(name, error, c->error);
  else
    CHECK_INT(name, value, c->value);
}

typedef struct by {
  char const *text;
  smtp_by_t by;
  int error;
  char const *again; /* as we write it */
} by_t;

static by_t const bys[] = {
    {"120;R", {120, true, false}, 0, "120;R"},
    {"+120;r", {120, true, false}, 0, "120;R"},
    {"000000001;RT", {1, true, true}, 0, "1;RT"},
    {"0;N", {0, false, false}, 0, "0;N"},
    {"-999999999;nt", {-999999999, false, true}, 0, "-999999999;NT"},
    {"999999999;N", {999999999, false, false}, 0, "999999999;N"},
    {"0;R", {0}, ERANGE, 0},
    {"-1;R", {0}, ERANGE, 0},
    {"1000000000;N", {0}, ERANGE, 0},
    {"0000000001;N", {0}, ERANGE, 0},
    {"120", {0}, EINVAL, 0},
    {"120;", {0}, EINVAL, 0},
    {"120;T", {0}, EINVAL, 0},
    {"120;X", {0}, EINVAL, 0},
    {"120;RN", {0}, EINVAL, 0},
    {"120;RTT", {0}, EINVAL, 0},
    {"120:R", {0}, EINVAL, 0},
    {";R", {0}, EINVAL, 0},
    {"+;R", {0}, EINVAL, 0},
    {"+-1;N", {0}, EINVAL, 0},
    {"", {0}, EINVAL, 0},
};

static void check_by(by_t const *c) {
  char name[64], again[SMTP_BY_SIZE];
  smtp_by_t by = {0};
  int error = smtp_by_parse(&by, c->text, strlen(c->text)) ? errno : 0;
  snprintf(name, sizeof name, "BY=%s", c->text);
  CHECK_INT(name, error, c->error);
  if (error || c->error) return;
  CHECK_INT("its seconds", by.seconds, c->by.seconds);
  CHECK_INT("whether it is returned", by.returns, c->by.returns);
  CHECK_INT("whether it is traced", by.trace, c->by.trace);
  smtp_by_format(again, &by);
  CHECK_STR("as it is passed on", again, c->again);
}

static void check_date_time(uint64_t seconds, char const *text) {
  char out[SMTP_DATE_TIME_SIZE];
  smtp_date_time_format(out, seconds);
  CHECK_STR(text, out, text);
}

int main(void) {
  for (size_t i = 0; i < sizeof holdfors / sizeof *holdfors; i++)
    check_number("HOLDFOR", &holdfors[i], parse_holdfor);
  for (size_t i = 0; i < sizeof holduntils / sizeof *holduntils; i++)
    check_number("HOLDUNTIL", &holduntils[i], parse_holduntil);
  for (size_t i = 0; i < sizeof priorities / sizeof *priorities; i++)
    check_number("MT-PRIORITY", &priorities[i], parse_priority);
  for (size_t i = 0; i < sizeof bys / sizeof *bys; i++) check_by(&bys[i]);
  check_date_time(0, "1970-01-01T00:00:00Z");
  check_date_time(1795208611, "2026-11-20T21:03:31Z");
  check_date_time(UINT64_MAX, "9999-12-31T23:59:59Z");
  return unit_done();
}
