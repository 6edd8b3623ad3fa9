#include <errno.h>

#include "../unit.h"
#include "pick/pick.h"

static struct glob_case {
  char const *pattern, *s;
  bool want;
} const glob_cases[] = {
    {"a@b", "a@b", true},     {"a@b", "A@B", true},   {"A@b", "a@b", true},
    {"a@b", "a@bc", false},   {"a@b", "xa@b", false}, {"*", "", true},
    {"*", "a@b", true},       {"*@b", "a@b", true},   {"*@b", "a@c@b", true},
    {"*@b", "a@bc", false},   {"a*", "abc", true},    {"a*c*e", "abcde", true},
    {"a*c*e", "abde", false}, {"**", "x", true},      {"", "", true},
    {"", "a", false},         {"a?b", "a?b", true},   {"a?b", "axb", false},
    {"[a]*", "[a]b", true},   {"*ab", "aaab", true},  {"*aab", "aaaab", true},
};

static void test_glob(void) {
  for (size_t i = 0; i < sizeof glob_cases / sizeof *glob_cases; i++) {
    struct glob_case const *c = &glob_cases[i];
    CHECK_INT(*c->pattern ? c->pattern : "nothing", pick_glob(c->pattern, c->s, strlen(c->s)),
              c->want);
  }
  static char const pattern[] = "*a*a*a*a*a*a*a*a*a*a*a*a*b";
  char s[1000];
  memset(s, 'a', sizeof s);
  CHECK_INT("many stars", pick_glob(pattern, s, sizeof s), false);
}

static struct add_case {
  char kind;
  char const *text;
  int want;
} const add_cases[] = {
    {'s', "a@b", 0},  {'s', "", -1},
    {'o', "1", 0},    {'o', "1s", 0},
    {'y', "2w", 0},   {'o', "", -1},
    {'o', "d", -1},   {'o', "1dd", -1},
    {'o', "1x", -1},  {'o', "-1", -1},
    {'S', "held", 0}, {'S', "hel", -1},
    {'x', "a", -1},   {'o', "9999999999999d", -1},
};

static void test_add(void) {
  for (size_t i = 0; i < sizeof add_cases / sizeof *add_cases; i++) {
    pick_t pick = {0};
    CHECK_INT(*add_cases[i].text ? add_cases[i].text : "nothing",
              pick_add(&pick, add_cases[i].kind, add_cases[i].text), add_cases[i].want);
  }
  pick_t full = {.count = PICK_MAX};
  CHECK_INT("too many", pick_add(&full, 's', "a"), -1);
  CHECK_INT("too many, errno", errno, E2BIG);
}

#define ID   "hock9tq2oeauptqs"
#define BORN 1795210400

/* Two recipients, of whom the first was delivered to. */
static pick_entry_t make_entry(void) {
  static char const envelope[] = "Fme@example.org\0Ta@x.example\0Tb@y.example\0\0";
  static char const log[] = "1 d 0 - 0 \n1 t 1 - 0 4.2.2 full\n1 r 0 - 5 \n";
  pick_entry_t entry = {.entry.id = ID};
  char *text = malloc(sizeof log);
  memcpy(text, log, sizeof log);
  queue_state_parse(&entry.state, text, sizeof log - 1);
  queue_envelope_parse(&entry.entry.envelope, envelope, sizeof envelope - 1);
  return entry;
}

static struct match_case {
  char const *name;
  char const *conditions[4]; /* a letter and its text */
  bool want;
} const match_cases[] = {
    {"none", {0}, true},
    {"the sender", {"sme@example.org"}, true},
    {"another sender", {"syou@example.org"}, false},
    {"one of two senders", {"syou@example.org", "sME@*"}, true},
    {"the null sender", {"s<>"}, false},
    {"a recipient", {"rb@y.example"}, true},
    {"a recipient who is done", {"ra@x.example"}, false},
    {"a domain", {"dy.example"}, true},
    {"a part of a domain", {"dexample"}, false},
    {"a domain that is done", {"dx.example"}, false},
    {"older", {"o59s"}, true},
    {"not older", {"o1m"}, false},
    {"younger", {"y61"}, true},
    {"not younger", {"y1m"}, false},
    {"the state", {"Sdeferred"}, true},
    {"another state", {"Sheld"}, false},
    {"one of two states", {"Sheld", "Sdeferred"}, true},
    {"all of several", {"sme@*", "dy.example", "o1s"}, true},
    {"not all of several", {"sme@*", "dy.example", "y1s"}, false},
};

static void test_matches(void) {
  pick_entry_t entry = make_entry();
  for (size_t i = 0; i < sizeof match_cases / sizeof *match_cases; i++) {
    pick_t pick = {0};
    for (char const *const *s = match_cases[i].conditions; *s; s++) pick_add(&pick, **s, *s + 1);
    CHECK_INT(match_cases[i].name, pick_matches(&pick, &entry, BORN + 60), match_cases[i].want);
  }
  queue_state_free(&entry.state);
}

static void test_states(void) {
  pick_entry_t entry = {0};
  CHECK_STR("new", pick_state_word(&entry), "new");
  entry.state.attempts = 1;
  CHECK_STR("deferred", pick_state_word(&entry), "deferred");
  entry.held = "";
  CHECK_STR("held", pick_state_word(&entry), "held");
}

static void test_find(void) {
  static char names[][PICK_NAME_SIZE] = {"hock9tq2oeauptqs.0123456789abcdef",
                                         "hock9tq2oeauptqt.0123456789abcdef",
                                         "hocu9tq2oeauptqs.0123456789abcdef"};
  stralloc const all = {.s = names[0], .len = sizeof names};
  CHECK_INT("whole", pick_find(&all, "hock9tq2oeauptqt"), 1);
  CHECK_INT("a beginning", pick_find(&all, "hocu"), 2);
  CHECK_INT("of two", pick_find(&all, "hock"), -2);
  CHECK_INT("of none", pick_find(&all, "hoca"), -1);
  CHECK_INT("after all", pick_find(&all, "z"), -1);
  CHECK_INT("nothing", pick_find(&all, ""), -1);
  CHECK_INT("a name", pick_find(&all, "hock9tq2oeauptqs.0"), -1);
}

int main(void) {
  test_glob();
  test_add();
  test_matches();
  test_states();
  test_find();
  return unit_done();
}
