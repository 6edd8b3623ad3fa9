#include "../unit.h"
#include "steer/steer.h"

#define NAME "hock9tq2oeauptqs.0123456789abcdef"

static struct request_case {
  char const *line;
  int verb; /* STEER_VERBS: it is no request */
  char const *name, *reason;
} const request_cases[] = {
    {"retry " NAME, STEER_RETRY, NAME, ""},
    {"hold " NAME, STEER_HOLD, NAME, ""},
    {"hold " NAME " looks like spam", STEER_HOLD, NAME, "looks like spam"},
    {"hold " NAME " a\tb\x7f", STEER_HOLD, NAME, "a b "},
    {"release " NAME, STEER_RELEASE, NAME, ""},
    {"drop " NAME " x", STEER_DROP, NAME, "x"},
    {"bounce " NAME " x", STEER_BOUNCE, NAME, "x"},
    {"list", STEER_LIST, "", ""},
    {"list " NAME, STEER_LIST, NAME, ""},
    {"stat", STEER_STAT, "", ""},
    {"", STEER_VERBS, "", ""},
    {"retry", STEER_VERBS, "", ""},
    {"retry ", STEER_VERBS, "", ""},
    {"retry  " NAME, STEER_VERBS, "", ""},
    {"RETRY " NAME, STEER_VERBS, "", ""},
    {"retryx " NAME, STEER_VERBS, "", ""},
    {"retr " NAME, STEER_VERBS, "", ""},
    {"retry hock9tq2oeauptqs", STEER_VERBS, "", ""},
    {"retry ../" NAME, STEER_VERBS, "", ""},
    {"retry " NAME "0", STEER_VERBS, "", ""},
    {"list x", STEER_VERBS, "", ""},
    {"list  x", STEER_VERBS, "", ""},
};

static void test_requests(void) {
  for (size_t i = 0; i < sizeof request_cases / sizeof *request_cases; i++) {
    struct request_case const *c = &request_cases[i];
    char line[STEER_LINE_MAX];
    steer_request_t request;
    stpcpy(line, c->line);
    int const result = steer_request_parse(&request, line, strlen(line));
    CHECK_INT(*c->line ? c->line : "an empty line", result, c->verb == STEER_VERBS ? -1 : 0);
    if (result < 0) continue;
    CHECK_INT("the verb", request.verb, c->verb);
    CHECK_STR("the name", request.name, c->name);
    CHECK_STR("the reason", request.reason, c->reason);
  }
}

static void test_nul(void) {
  char line[] = "stat\0stat";
  steer_request_t request;
  CHECK_INT("a NUL", steer_request_parse(&request, line, sizeof line - 1), -1);
}

static void test_request_format(void) {
  char out[STEER_LINE_MAX], reason[STEER_LINE_MAX];
  steer_request_t request = {STEER_HOLD, NAME, "a\nretry b"};
  size_t len = steer_request_format(out, &request);
  CHECK_MEM("one line", out, len, "hold " NAME " a retry b\n", 49);
  memset(reason, 'x', sizeof reason);
  reason[sizeof reason - 1] = 0;
  request.reason = reason;
  len = steer_request_format(out, &request);
  CHECK_INT("a long reason is cut", len, 5 + QUEUE_NAME_SIZE + 1 + STEER_REASON_MAX + 1);
}

static void test_answers(void) {
  for (int i = 0; i < STEER_ANSWERS; i++)
    CHECK_INT(steer_answers[i], steer_answer_parse(steer_answers[i]), i);
  CHECK_INT("none", steer_answer_parse("done"), STEER_ANSWERS);
  CHECK_INT("more than one", steer_answer_parse("+done "), STEER_ANSWERS);
}

static void test_fields(void) {
  char out[STEER_LINE_MAX], text[2 * STEER_LINE_MAX];
  char const *const hostile[] = {"a", "", "b\tc\nd", "\xc3\xa4"};
  char const *fields[STEER_FIELDS_MAX];
  size_t len = steer_fields_format(out, hostile, 4);
  CHECK_MEM("fields", out, len, "=a\t\tb c d\t\xc3\xa4\n", 13);
  out[len - 1] = 0;
  CHECK_INT("split", steer_fields_split(fields, out + 1), 4);
  CHECK_STR("an empty one", fields[1], "");
  CHECK_STR("the last one", fields[3], "\xc3\xa4");
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = 0;
  char const *const long_ones[] = {"a", text, "b"};
  len = steer_fields_format(out, long_ones, 3);
  CHECK_INT("a long one is cut", len, STEER_LINE_MAX);
  CHECK_INT("and the line ends", out[len - 1], '\n');
  memset(text, '\t', 40);
  text[40] = 0;
  CHECK_INT("too many", steer_fields_split(fields, text), STEER_FIELDS_MAX);
}

static struct check_case {
  char const *name;
  steer_verb_t verb;
  steer_subject_t subject;
  steer_answer_t want;
} const check_cases[] = {
    {"retry", STEER_RETRY, {0, false, false}, STEER_DONE},
    {"retry a held one", STEER_RETRY, {QUEUE_HELD, true, false}, STEER_IS_HELD},
    {"retry one that its injector holds", STEER_RETRY, {0, true, false}, STEER_IS_HELD},
    {"retry one whose time has not come", STEER_RETRY, {0, false, true}, STEER_IS_EARLY},
    {"hold one whose time has not come", STEER_HOLD, {0, false, true}, STEER_DONE},
    {"hold", STEER_HOLD, {0, false, false}, STEER_DONE},
    {"hold again", STEER_HOLD, {QUEUE_HELD, true, false}, STEER_DONE},
    {"release", STEER_RELEASE, {QUEUE_HELD, true, false}, STEER_DONE},
    {"release one that is not held",
     STEER_RELEASE,
     {QUEUE_RELEASED, false, false},
     STEER_IS_NOT_HELD},
    {"drop a held one", STEER_DROP, {QUEUE_HELD, true, false}, STEER_DONE},
    {"drop twice", STEER_DROP, {QUEUE_DROPPED, false, false}, STEER_IS_DROPPED},
    {"drop what is to be told of", STEER_DROP, {QUEUE_BOUNCED, false, false}, STEER_DONE},
    {"bounce what is dropped", STEER_BOUNCE, {QUEUE_DROPPED, false, false}, STEER_IS_DROPPED},
    {"hold what is bounced", STEER_HOLD, {QUEUE_BOUNCED, false, false}, STEER_IS_DROPPED},
};

static void test_check(void) {
  for (size_t i = 0; i < sizeof check_cases / sizeof *check_cases; i++)
    CHECK_INT(check_cases[i].name, steer_check(check_cases[i].verb, &check_cases[i].subject),
              check_cases[i].want);
}

static void test_reason(void) {
  char out[QUEUE_RECORD_MAX];
  steer_request_t request = {STEER_BOUNCE, NAME, "spam"};
  steer_reason(out, &request);
  CHECK_STR("of a bounce", out, "5.7.0 removed from the queue by an administrator: spam");
  request.reason = "";
  steer_reason(out, &request);
  CHECK_STR("without one", out, "5.7.0 removed from the queue by an administrator");
  request = (steer_request_t){STEER_HOLD, NAME, "spam"};
  steer_reason(out, &request);
  CHECK_STR("of a hold", out, "spam");
}

int main(void) {
  test_check();
  test_reason();
  test_requests();
  test_nul();
  test_request_format();
  test_answers();
  test_fields();
  return unit_done();
}
