/* ESMTP parameters (RFC 5321 4.1.2), SIZE (RFC 1870), BDAT (RFC 3030). */

#include <errno.h>

#include "../unit.h"
#include "smtp/smtp.h"

typedef struct steps {
  char const *in;
  char const *out; /* "KEY=value|KEY|", ended by "!" where the syntax is bad */
} steps_t;

static steps_t const step_cases[] = {
    {"", ""},
    {"   ", ""},
    {" SIZE=1", "SIZE=1|"},
    {" SIZE=1 BODY=8BITMIME SMTPUTF8", "SIZE=1|BODY=8BITMIME|SMTPUTF8|"},
    {"  a-b=c\t d  ", "a-b=c|d|"},
    {" 8x=!~", "8x=!~|"},
    {" AUTH=<>", "AUTH=<>|"},
    {" ORCPT=utf-8;\xc3\xa9", "ORCPT=utf-8;\xc3\xa9|"},
    {"SIZE=1", "!"},
    {"x SIZE=1", "!"},
    {" SIZE=", "!"},
    {" SIZE= 1", "!"},
    {" =1", "!"},
    {" -a=1", "!"},
    {" a_b=1", "!"},
    {" A=1 B=a=b", "A=1|!"},
    {" A=\xc3", "!"},
    {" A\xc3\xa9=1", "!"},
    {" A=\001", "!"},
    {" A=1 ,", "A=1|!"},
};

static void check_steps(steps_t const *c) {
  char out[256];
  size_t len = 0, position = 0;
  smtp_parameter_t p;
  int got;
  while ((got = smtp_parameter_next(&p, c->in, strlen(c->in), &position)) > 0)
    len +=
        (size_t)snprintf(out + len, sizeof out - len, "%.*s%s%.*s|", (int)p.keyword_len, p.keyword,
                         p.value ? "=" : "", (int)p.value_len, p.value ? p.value : "");
  if (got < 0) out[len++] = '!';
  CHECK_MEM(*c->in ? c->in : "none", out, len, c->out, strlen(c->out));
}

typedef struct size {
  char const *in;
  uint64_t value;
  int result;
} size_case_t;

static size_case_t const sizes[] = {
    {"0", 0, 0},
    {"1000", 1000, 0},
    {"00012", 12, 0},
    {"18446744073709551615", UINT64_MAX, 0},
    {"18446744073709551616", UINT64_MAX, 0},
    {"99999999999999999999", UINT64_MAX, 0},
    {"18446744073709551614", UINT64_MAX - 1, 0},
    {"100000000000000000000", 0, -1},
    {"", 0, -1},
    {"-1", 0, -1},
    {"+1", 0, -1},
    {"1k", 0, -1},
    {" 1", 0, -1},
};

typedef struct bdat {
  char const *in;
  uint64_t size;
  int error; /* 0: accepted */
  bool last;
} bdat_t;

static bdat_t const bdats[] = {
    {"0", 0, 0, false},
    {"0 LAST", 0, 0, true},
    {"1000 last", 1000, 0, true},
    {"12 \t LAST", 12, 0, true},
    {"9223372036854775807", INT64_MAX, 0, false},
    {"9223372036854775808", 0, EOVERFLOW, false},
    {"18446744073709551616", 0, EOVERFLOW, false},
    {"99999999999999999999999999999999999 LAST", 0, EOVERFLOW, false},
    {"", 0, EINVAL, false},
    {"LAST", 0, EINVAL, false},
    {"-1", 0, EINVAL, false},
    {"1LAST", 0, EINVAL, false},
    {"1 LASTLY", 0, EINVAL, false},
    {"1 LAST LAST", 0, EINVAL, false},
    {"1 2", 0, EINVAL, false},
    {"0x10", 0, EINVAL, false},
};

static void check_bdat(bdat_t const *c) {
  uint64_t size = 0;
  bool last = false;
  char name[64];
  int got = smtp_bdat_parse(&size, &last, c->in, strlen(c->in)) ? errno : 0;
  snprintf(name, sizeof name, "BDAT %s", c->in);
  CHECK_INT(name, got, c->error);
  if (!c->error) CHECK("its size and mark", size == c->size && last == c->last);
}

int main(void) {
  for (size_t i = 0; i < sizeof step_cases / sizeof *step_cases; i++) check_steps(&step_cases[i]);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    uint64_t value = 0;
    char name[64];
    snprintf(name, sizeof name, "SIZE=%s", sizes[i].in);
    CHECK_INT(name, smtp_size_parse(&value, sizes[i].in, strlen(sizes[i].in)), sizes[i].result);
    if (!sizes[i].result) CHECK("its value", value == sizes[i].value);
  }
  for (size_t i = 0; i < sizeof bdats / sizeof *bdats; i++) check_bdat(&bdats[i]);
  return unit_done();
}
