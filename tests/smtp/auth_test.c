/* AUTH's argument, lines of its exchange, and AUTH= of MAIL (RFC 4954). */

#include <errno.h>

#include "../unit.h"
#include "smtp/smtp.h"

typedef struct auth_case {
  char const *in;
  char const *mechanism; /* NULL: refused */
  char const *initial;
} auth_case_t;

static auth_case_t const auth_cases[] = {
    {"PLAIN", "PLAIN", 0},
    {"plain AGEAYg==", "plain", "AGEAYg=="},
    {"PLAIN =", "PLAIN", "="},
    {"PLAIN \t =", "PLAIN", "="},
    {"SCRAM-SHA-256-PLUS cD10bHM=", "SCRAM-SHA-256-PLUS", "cD10bHM="},
    {"X_0-1", "X_0-1", 0},
    {"PLAIN *", "PLAIN", "*"},
    {"PLAIN !\"#", "PLAIN", "!\"#"},
    {"", 0, 0},
    {" PLAIN", 0, 0},
    {"PLAIN/x", 0, 0},
    {"PLAIN=", 0, 0},
    {"PLAIN AA AA", 0, 0},
    {"PLAIN AA\tAA", 0, 0},
    {"PLAIN AA\xc3\xa9", 0, 0},
    {"PL\xc3\xa4IN", 0, 0},
    {"PLAIN AA\rAUTH", 0, 0},
};

static void check_auth(auth_case_t const *c) {
  smtp_auth_t auth;
  errno = 0;
  int result = smtp_auth_parse(&auth, c->in, strlen(c->in));
  if (!c->mechanism) {
    CHECK(*c->in ? c->in : "nothing", result == -1 && errno == EINVAL);
    return;
  }
  CHECK(c->in, result == 0);
  CHECK_MEM(c->in, auth.mechanism, auth.mechanism_len, c->mechanism, strlen(c->mechanism));
  CHECK(c->in, !auth.initial == !c->initial);
  if (auth.initial && c->initial)
    CHECK_MEM(c->in, auth.initial, auth.initial_len, c->initial, strlen(c->initial));
}

typedef struct line_case {
  char const *in;
  size_t len;
  int valid;
} line_case_t;

static line_case_t const line_cases[] = {
    {"", 0, 1},         {"AGEAYg==", 8, 1}, {"*", 1, 1},      {"~!", 2, 1},
    {"AA AA", 5, 0},    {" ", 1, 0},        {"AA\0AA", 5, 0}, {"\0", 1, 0},
    {"AA\nAUTH", 7, 0}, {"AA\r", 3, 0},     {"AA\x7f", 3, 0}, {"AA\x80", 3, 0},
};

typedef struct path_case {
  char const *in;
  char const *address; /* NULL: refused */
} path_case_t;

static path_case_t const path_cases[] = {
    {"<>", ""},
    {"a@example.net", "a@example.net"},
    {"e+3Dmc2@example.com", "e=mc2@example.com"},
    {"+41@EXAMPLE.net", "A@EXAMPLE.net"},
    {"+22a+20b+22@example.net", "\"a b\"@example.net"},
    {"j+C3+B6rg@example.net", "j\xc3\xb6rg@example.net"},
    {"+3C+3E", ""},
    {"a@[192.0.2.1]", "a@[192.0.2.1]"},
    {"", 0},
    {"a", 0},
    {"<a@example.net>", 0},
    {"<>x", 0},
    {"<", 0},
    {"<@relay.example:a@example.net>", 0},
    {"a@example.net+20", 0},
    {"a@example.net+20b", 0},
    {"a+0Ab@example.net", 0},
    {"a+00@example.net", 0},
    {"a+3d@example.net", 0},
    {"a+@example.net", 0},
    {"j\xc3\xb6rg@example.net", 0},
    {"j+C3rg@example.net", 0},
};

static void check_path(path_case_t const *c) {
  smtp_path_t path;
  errno = 0;
  int result = smtp_auth_path_parse(&path, c->in, strlen(c->in));
  if (c->address)
    CHECK_STR(*c->in ? c->in : "nothing", result ? "refused" : path.address, c->address);
  else
    CHECK(*c->in ? c->in : "nothing", result == -1 && errno == EINVAL);
}

static void check_long_path(void) {
  static char in[4096];
  smtp_path_t path;
  memset(in, 'a', sizeof in);
  CHECK("4096 letters", smtp_auth_path_parse(&path, in, sizeof in) == -1 && errno == EINVAL);
}

int main(void) {
  for (size_t i = 0; i < sizeof auth_cases / sizeof *auth_cases; i++) check_auth(&auth_cases[i]);
  for (size_t i = 0; i < sizeof line_cases / sizeof *line_cases; i++)
    CHECK("line", smtp_auth_line_valid(line_cases[i].in, line_cases[i].len) == line_cases[i].valid);
  for (size_t i = 0; i < sizeof path_cases / sizeof *path_cases; i++) check_path(&path_cases[i]);
  check_long_path();
  return unit_done();
}
