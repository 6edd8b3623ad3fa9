/* What a command is told, and what its end and its words mean. */

#include <errno.h>

#include "../unit.h"
#include "delivery/delivery.h"

static char const *variable(delivery_environment_t const *environment, char const *name) {
  size_t len = strlen(name);
  for (char const *const *s = environment->variables; *s; s++)
    if (!strncmp(*s, name, len) && (*s)[len] == '=') return *s + len + 1;
  return NULL;
}

typedef struct variable_case {
  char const *recipient;
  size_t user_len;
  char const *name, *value;
} variable_case_t;

static variable_case_t const variables[] = {
    {"user-a-b-c-d@mx.a.b.test", 4, "RECIPIENT", "user-a-b-c-d@mx.a.b.test"},
    {"user-a-b-c-d@mx.a.b.test", 4, "LOCAL", "user-a-b-c-d"},
    {"user-a-b-c-d@mx.a.b.test", 4, "USER", "user"},
    {"user-a-b-c-d@mx.a.b.test", 4, "LOGNAME", "user"},
    {"user-a-b-c-d@mx.a.b.test", 4, "EXT", "a-b-c-d"},
    {"user-a-b-c-d@mx.a.b.test", 4, "EXT2", "b-c-d"},
    {"user-a-b-c-d@mx.a.b.test", 4, "EXT3", "c-d"},
    {"user-a-b-c-d@mx.a.b.test", 4, "EXT4", "d"},
    {"user-a-b-c-d@mx.a.b.test", 4, "HOST", "mx.a.b.test"},
    {"user-a-b-c-d@mx.a.b.test", 4, "HOST2", "mx.a.b"},
    {"user-a-b-c-d@mx.a.b.test", 4, "HOST3", "mx.a"},
    {"user-a-b-c-d@mx.a.b.test", 4, "HOST4", "mx"},
    {"user+a-b@test", 4, "EXT", "a-b"},
    {"user+a-b@test", 4, "EXT2", ""},
    {"user+a-b@test", 4, "HOST2", "test"},
    {"user-a@x.test", 6, "USER", "user-a"},
    {"user-a@x.test", 6, "EXT", ""},
    {"user-a@x.test", 99, "USER", "user-a"},
    {"user", 4, "HOST", ""},
    {"user", 4, "EXT", ""},
    {"\"a@b\"@x.test", 5, "LOCAL", "\"a@b\""},
    {"u@x.test", 1, "SENDER", "s@y.test"},
    {"u@x.test", 1, "NEWSENDER", "s@y.test"},
    {"u@x.test", 1, "RPLINE", "Return-Path: <s@y.test>\n"},
    {"u@x.test", 1, "DTLINE", "Delivered-To: u@x.test\n"},
    {"u@x.test", 1, "UFLINE", "From s@y.test Thu Jan  1 00:00:00 1970\n"},
    {"u@x.test", 1, "HOME", "/home"},
    {"u@x.test", 1, "PATH", "/bin"},
    {"u@x.test", 1, "SHELL", "/bin/sh"},
    {"u@x.test", 1, "LD_PRELOAD", NULL},
};

static void test_variable(variable_case_t const *example) {
  static delivery_environment_t environment;
  delivery_facts_t facts = {"s@y.test", example->recipient, example->user_len, "/home", "/bin", 0};
  char name[128];
  snprintf(name, sizeof name, "%s of %s", example->name, example->recipient);
  delivery_environment_make(&environment, &facts);
  CHECK_STR(name, variable(&environment, example->name), example->value);
}

static void test_longest(void) {
  static delivery_environment_t environment;
  static char sender[WORKER_FRAME_MAX], recipient[WORKER_FRAME_MAX], path[300000];
  memset(sender, 's', sizeof sender - 1);
  memset(recipient, 'r', sizeof recipient - 1);
  recipient[100] = '+';
  recipient[4000] = '@';
  delivery_facts_t facts = {sender, recipient, 100, "/home", "/bin", 0};
  CHECK_INT("the longest addresses of a job", delivery_environment_make(&environment, &facts), 0);
  CHECK("fit, and more could", environment.len < sizeof environment.bytes);
  memset(path, 'p', sizeof path - 1);
  facts.path = path;
  CHECK_INT("a PATH that does not", delivery_environment_make(&environment, &facts), -1);
  CHECK_INT("says E2BIG", errno, E2BIG);
}

typedef struct verdict_case {
  char const *name;
  int code; /* negative: a signal */
  char const *said;
  char const *verdict;
} verdict_case_t;

static verdict_case_t const verdicts[] = {
    {"success", 0, "", "K  "},
    {"success with words", 0, "5.1.1 all is well\n", "K  "},
    {"qmail's stop", 99, "", "K  "},
    {"qmail's permanent failure", 100, "", "D 5.3.0 the command ended with exit code 100"},
    {"qmail's temporary failure", 111, "", "Z 4.3.0 the command ended with exit code 111"},
    {"wrong usage", 64, "usage: x\n", "D 5.3.0 usage: x"},
    {"bad data", 65, "no", "D 5.3.0 no"},
    {"a bug", 70, "no", "D 5.3.0 no"},
    {"a protocol", 76, "no", "D 5.3.0 no"},
    {"no permission", 77, "no", "D 5.3.0 no"},
    {"bad configuration", 78, "no", "D 5.3.0 no"},
    {"qmail's 112", 112, "no", "D 5.3.0 no"},
    {"no such user, which qmail tries again", 67, "no", "Z 4.3.0 no"},
    {"try again", 75, "", "Z 4.3.0 the command ended with exit code 75"},
    {"not found", 127, "sh: x: not found\n", "Z 4.3.0 sh: x: not found"},
    {"a signal", -9, "", "Z 4.3.0 the command was ended by signal 9"},
    {"a signal after words", -11, "oops", "Z 4.3.0 oops"},
    {"a code of its own", 100, "5.1.1 no such list\n", "D 5.1.1 no such list"},
    {"a code of another class", 100, "4.1.1 later\n", "D 5.3.0 4.1.1 later"},
    {"several lines", 100, "\n\n one\r\n\ttwo  three\n\n", "D 5.3.0 one two three"},
    {"control bytes", 100, "a\033[1mb\007\177c", "D 5.3.0 a [1mb c"},
    {"UTF-8", 100, "caf\xc3\xa9", "D 5.3.0 caf\xc3\xa9"},
};

static void test_verdict(verdict_case_t const *example) {
  char text[CHAIN_TEXT_MAX + 32];
  chain_verdict_t verdict;
  delivery_output_t output = {0};
  for (char const *s = example->said; *s; s++) delivery_output_feed(&output, s, 1);
  int status = example->code < 0 ? -example->code : example->code << 8;
  delivery_command_verdict(&verdict, &output, status);
  snprintf(text, sizeof text, "%c %s %s", (char)verdict.kind, verdict.enhanced, verdict.text);
  CHECK_STR(example->name, text, example->verdict);
}

static void test_much_output(void) {
  static char words[100000];
  chain_verdict_t verdict;
  delivery_output_t output = {0};
  memset(words, 'w', sizeof words);
  delivery_output_feed(&output, words, sizeof words);
  delivery_output_feed(&output, " more", 5);
  delivery_command_verdict(&verdict, &output, 100 << 8);
  CHECK_INT("what is said at length is cut", strlen(verdict.text), CHAIN_TEXT_MAX);
}

int main(void) {
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) test_variable(variables + i);
  test_longest();
  for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) test_verdict(verdicts + i);
  test_much_output();
  return unit_done();
}
