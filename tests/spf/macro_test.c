/* Names out of macros: how they are cut, and what is no name. The suites have the rest. */
#include "../unit.h"
#include "spf/record.h"

static bool give_value(void *data, char letter, spf_string_t *value) {
  (void)letter;
  *value = *(spf_string_t const *)data;
  return true;
}

/* Expands "%{l}.example" with a value of count characters, a dot at every period-th. */
static char const *expand(size_t count, size_t period, char const *spec) {
  static char name[DNS_NAME_MAX + 1];
  static char value[4096];
  for (size_t i = 0; i < count; i++) value[i] = i % period == period - 1 ? '.' : 'a';
  spf_string_t string = {.s = value, .len = count};
  spf_string_t text = {.s = spec, .len = strlen(spec)};
  if (!spf_domain_spec_valid(text)) return "malformed";
  return spf_domain_expand(name, text, give_value, &string) ? name : NULL;
}

typedef struct length_case {
  char const *what;
  size_t count, period;
  char const *spec;
  size_t len; /* of the name; 0: there is none */
} length_case_t;

static length_case_t const lengths[] = {
    {"as it is", 10, 5, "%{l}.example", 18},
    {"253 characters", 245, 50, "%{l}.example", 253},
    {"254: a label goes", 246, 50, "%{l}.example", 204},
    {"a final dot does not count", 245, 50, "%{l}.example.", 253},
    {"many labels go", 4000, 10, "%{l}.example", 248},
    {"more than the buffer, in several pieces", 700, 10, "%{l}%{l}%{l}%{l}%{l}.example", 248},
    {"one label of 253, for the DNS to refuse", 253, 1000, "%{l}", 253},
    {"one label of 254", 254, 1000, "%{l}", 0},
    {"one label of 4000", 4000, 1000, "%{l}", 0},
    {"one of 4000 before others", 4000, 10000, "%{l}.a.example", 9},
    {"nothing", 0, 10, "%{l}", 0},
    {"a dot alone", 1, 1, "%{l}", 0},
    {"what a reversal makes of many parts", 2000, 2, "%{lr}.example", 253},
};

typedef struct name_case {
  char const *spec, *name;
} name_case_t;

static name_case_t const names[] = {
    {"%{l}.example", "aaa.aaa.a.example"},
    {"%{l1}.example", "a.example"},
    {"%{l2}.example", "aaa.a.example"},
    {"%{lr}.example", "a.aaa.aaa.example"},
    {"%{l1r}.example", "aaa.example"},
    {"%{L}.example", "aaa.aaa.a.example"},
    {"%%.%_.%-.example", "%. .%20.example"},
    {"%{l9}", "aaa.aaa.a"},
    {"%{l0}", "malformed"},
    {"%{l00}", "malformed"},
    {"%{l01}.example", "a.example"},
    {"%{c}.example", "malformed"},
    {"%{l.example", "malformed"},
    {"%{}.example", "malformed"},
    {"%{l!}.example", "malformed"},
    {"%{lr2}.example", "malformed"},
    {"%a.example", "malformed"},
    {"a.example%", "malformed"},
    {"example", "malformed"},
    {"a.1", "malformed"},
    {"a.1a", "a.1a"},
    {"a.1-1", "a.1-1"},
    {"a.-a", "malformed"},
    {"a.a-", "malformed"},
    {"a.a_b", "malformed"},
    {"a..b", "a..b"},
    {".a", ".a"},
    {"a.b..", "malformed"},
    {"", "malformed"},
    {".", "malformed"},
    {"%%", "%"},
    {"a b.example", "malformed"},
    {"a\x7f.example", "malformed"},
    {"\xc3\xbc.example", "malformed"},
};

int main(void) {
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    char const *name = expand(lengths[i].count, lengths[i].period, lengths[i].spec);
    CHECK_INT(lengths[i].what, name ? strlen(name) : 0, lengths[i].len);
  }
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    CHECK_STR(names[i].spec, expand(9, 4, names[i].spec), names[i].name);
  return unit_done();
}
