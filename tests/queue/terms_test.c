#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "queue/queue.h"

/* hodo0ziio0: 1 Jan 2026 or so; what matters is that all times are from it. */
#define ID "hodo0ziio0aaaaaa"

static struct {
  char const *parameters; /* of the message, blanks between */
  char const *fact;
  uint64_t hold; /* seconds from arrival, 0: none */
  int64_t by;    /* seconds from arrival */
  bool deadline, returns, trace;
  int priority;
} const cases[] = {
    {"", 0, 0, 0, false, false, false, 0},
    {"RET=HDRS ENVID=x", 0, 0, 0, false, false, false, 0},
    {"HOLDFOR=1", 0, 1, 0, false, false, false, 0},
    {"holdfor=86400 MT-PRIORITY=-3", 0, 86400, 0, false, false, false, -3},
    {"HOLDFOR=x", 0, 0, 0, false, false, false, 0},
    {"HOLDFOR=9999999999", 0, 0, 0, false, false, false, 0},
    {"BY=120;R", 0, 0, 120, true, true, false, 0},
    {"BY=+120;NT", 0, 0, 120, true, false, true, 0},
    {"BY=-60;N", 0, 0, -60, true, false, false, 0},
    {"BY=-60;R", 0, 0, 0, false, false, false, 0},
    {"BY=0;n", 0, 0, 0, true, false, false, 0},
    {"MT-PRIORITY=9", 0, 0, 0, false, false, false, 9},
    {"MT-PRIORITY=10", 0, 0, 0, false, false, false, 0},
    {"MT-PRIORITY=9", "SMTP_PRIORITY=-9", 0, 0, false, false, false, -9},
    {"MT-PRIORITY=9", "SMTP_PRIORITY=urgent", 0, 0, false, false, false, 9},
    {"", "SMTP_PRIORITY=4", 0, 0, false, false, false, 4},
};

/* A P record of these parameters, behind one of a recipient whose own do not count. */
static size_t make_parameters(char *out, char const *parameters) {
  static char const before[] = "Pa@b\0HOLDFOR=77\0\0P";
  size_t len = sizeof before - 1;
  memcpy(out, before, len);
  out[len++] = 0;
  for (char const *s = parameters; *s; s += strspn(s, " ")) {
    size_t word = strcspn(s, " ");
    memcpy(out + len, s, word);
    s += word;
    len += word;
    out[len++] = 0;
  }
  out[len++] = 0;
  return len;
}

static void read_terms(queue_terms_t *terms, char const *parameters, char const *fact) {
  char bytes[256], facts[64];
  queue_entry_t entry = {.id = ID, .facts = facts};
  entry.envelope.parameters = bytes;
  entry.envelope.parameters_len = make_parameters(bytes, parameters);
  if (fact) entry.facts_len = (size_t)snprintf(facts, sizeof facts, "V%s", fact) + 1;
  queue_terms_read(terms, &entry);
}

static void test_terms(void) {
  uint64_t arrival = chain_id_time(ID);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    queue_terms_t terms;
    char const *name = *cases[i].parameters ? cases[i].parameters : "none";
    read_terms(&terms, cases[i].parameters, cases[i].fact);
    CHECK_INT(name, terms.release, cases[i].hold ? arrival + cases[i].hold * 1000000 : 0);
    CHECK_INT("deadline", terms.deadline,
              cases[i].deadline ? arrival + (uint64_t)(cases[i].by * 1000000) : 0);
    CHECK("mode", terms.returns == cases[i].returns && terms.trace == cases[i].trace);
    CHECK_INT("priority", terms.priority, cases[i].priority);
  }
}

static void test_until(void) {
  queue_terms_t terms;
  read_terms(&terms, "HOLDUNTIL=2030-01-01T00:00:00Z", 0);
  CHECK_INT("until", terms.release, UINT64_C(1893456000000000));
  read_terms(&terms, "HOLDUNTIL=tomorrow", 0);
  CHECK_INT("no time", terms.release, 0);
}

static void test_classes(void) {
  CHECK("urgent", queue_priority_class(9) == 0 && queue_priority_class(1) == 0);
  CHECK("normal", queue_priority_class(0) == 1);
  CHECK("not urgent", queue_priority_class(-1) == 2 && queue_priority_class(-9) == 2);
}

/* Of 512 turns: how many each class has. */
static void take_turns(unsigned filled, unsigned *shares) {
  memset(shares, 0, QUEUE_PRIORITIES * sizeof *shares);
  for (unsigned turn = 1; turn <= 512; turn++) shares[queue_priority_pick(filled, turn)]++;
}

static void test_turns(void) {
  unsigned shares[QUEUE_PRIORITIES];
  take_turns(7, shares);
  CHECK("all wait", shares[0] == 448 && shares[1] == 56 && shares[2] == 8);
  take_turns(5, shares);
  CHECK("two do", shares[0] == 448 && shares[1] == 0 && shares[2] == 64);
  take_turns(4, shares);
  CHECK("one does", shares[2] == 512);
  CHECK("the first turn is the first one's", queue_priority_pick(7, 1) == 0);
}

int main(void) {
  test_terms();
  test_until();
  test_classes();
  test_turns();
  return unit_done();
}
