/* The contract: verdict texts, the pipe's records, exit codes, facts, ids. */
#include <errno.h>
#include <limits.h>

#include "../unit.h"
#include "chain/chain.h"

#define STATUS(code) ((code) << 8)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static void texts(void) {
  static struct {
    char const *name;
    chain_kind_t kind;
    char const *s;
    unsigned int code;
    char const *enhanced, *text;
  } const cases[] = {
      {"code and enhanced", CHAIN_REJECT, "550 5.7.23 SPF fail", 550, "5.7.23", "SPF fail"},
      {"enhanced alone", CHAIN_REJECT, "5.7.1 no", 0, "5.7.1", "no"},
      {"text alone", CHAIN_DEFER, "later", 0, "", "later"},
      {"code alone", CHAIN_DEFER, "421", 421, "", ""},
      {"code and text", CHAIN_REJECT, "521 go away", 521, "", "go away"},
      {"a code of another class is text", CHAIN_REJECT, "450 4.1.1 x", 0, "", "450 4.1.1 x"},
      {"so is another class of enhanced code", CHAIN_REJECT, "550 4.1.1 x", 550, "", "4.1.1 x"},
      {"no code", CHAIN_REJECT, "5500 x", 0, "", "5500 x"},
      {"not enhanced", CHAIN_REJECT, "5.7 x", 0, "", "5.7 x"},
      {"too many digits", CHAIN_REJECT, "5.1234.1 x", 0, "", "5.1234.1 x"},
      {"longest", CHAIN_REJECT, "5.123.456 x", 0, "5.123.456", "x"},
      {"control bytes", CHAIN_REJECT, "a\r250 ok", 0, "", "a 250 ok"},
      {"empty", CHAIN_ACCEPT, "", 0, "", ""},
      {"acceptance", CHAIN_ACCEPT, "queued as 1", 0, "", "queued as 1"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    chain_verdict_t v;
    char again[CHAIN_VERDICT_SIZE];
    chain_verdict_parse(&v, cases[i].kind, cases[i].s, strlen(cases[i].s));
    CHECK(cases[i].name, v.code == cases[i].code && v.kind == cases[i].kind);
    CHECK_STR("enhanced", v.enhanced, cases[i].enhanced);
    CHECK_STR("text", v.text, cases[i].text);
    chain_verdict_format(again, &v);
    chain_verdict_parse(&v, cases[i].kind, again, strlen(again));
    CHECK("as it was, when it is formatted and parsed", v.code == cases[i].code);
    CHECK_STR("again", v.text, cases[i].text);
  }
}

static void format(void) {
  static chain_verdict_t longest = {CHAIN_REJECT, UINT_MAX, "5.123.456", ""};
  char line[CHAIN_VERDICT_SIZE];
  chain_verdict_format(line, &(chain_verdict_t){CHAIN_REJECT, 550, "5.1.1", "no such user"});
  CHECK_STR("all of it", line, "550 5.1.1 no such user");
  chain_verdict_format(line, &(chain_verdict_t){CHAIN_DEFER, 0, "", "later"});
  CHECK_STR("a text alone", line, "later");
  memset(longest.text, 'x', CHAIN_TEXT_MAX);
  chain_verdict_format(line, &longest);
  CHECK_INT("the longest", strlen(line), CHAIN_TEXT_MAX + 21);
}

static chain_reader_t reader;

static void read_all(char const *bytes, size_t len, size_t piece) {
  chain_reader_init(&reader);
  for (size_t i = 0; i < len; i += piece)
    chain_reader_feed(&reader, bytes + i, len - i < piece ? len - i : piece);
  chain_reader_end(&reader);
}

static void exits(void) {
  static struct {
    char const *name, *pipe;
    int status;
    chain_kind_t kind;
    char const *text;
  } const cases[] = {
      {"accepted", "", STATUS(0), CHAIN_ACCEPT, ""},
      {"accepted with words", "Kqueued as 7", STATUS(0), CHAIN_ACCEPT, "queued as 7"},
      {"the last K counts", "Kone\nKtwo\n", STATUS(0), CHAIN_ACCEPT, "two"},
      {"K and a refusal's exit", "Kyes\nDno", STATUS(82), CHAIN_REJECT, "no"},
      {"a refusal's text and exit 0", "Dno\nKyes", STATUS(0), CHAIN_ACCEPT, "yes"},
      {"deferred", "Zlater\n", STATUS(82), CHAIN_DEFER, "later"},
      {"88 is honoured", "Dno", STATUS(88), CHAIN_REJECT, "no"},
      {"the last of D and Z counts", "Dno\nZlater\n", STATUS(82), CHAIN_DEFER, "later"},
      {"82 without words", "", STATUS(82), CHAIN_DEFER, "mail system trouble, try again later"},
      {"31", "", STATUS(31), CHAIN_REJECT, "message refused"},
      {"11", "", STATUS(11), CHAIN_REJECT, "envelope address too long"},
      {"40", "", STATUS(40), CHAIN_REJECT, "message refused"},
      {"10", "", STATUS(10), CHAIN_DEFER, "mail system trouble, try again later"},
      {"41", "", STATUS(41), CHAIN_DEFER, "mail system trouble, try again later"},
      {"71", "", STATUS(71), CHAIN_DEFER, "message refused for now"},
      {"53", "", STATUS(53), CHAIN_DEFER, "cannot write the message, disk full perhaps"},
      {"killed", "Kyes", 9, CHAIN_DEFER, "mail system trouble, try again later"},
      {"a D with exit 31 is not read", "D550 5.7.9 x", STATUS(31), CHAIN_REJECT, "message refused"},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    for (size_t piece = 1; piece < 5; piece += 3) {
      chain_verdict_t v;
      read_all(cases[i].pipe, strlen(cases[i].pipe), piece);
      chain_reader_verdict(&reader, cases[i].status, &v);
      CHECK(cases[i].name, v.kind == cases[i].kind);
      CHECK_STR("its text", v.text, cases[i].text);
    }
}

static char heard[1024];

static void hear(void *data, size_t index, chain_verdict_t const *v) {
  (void)data;
  snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%zu%c%.40s;", index, (char)v->kind,
           v->text);
}

static void recipients(void) {
  static char const records[] = "R0 Kfine\nR1 D550 5.1.1 gone\nR2 Zfull\nRx Kno\nR3Kno\nR4 \nRR\n";
  heard[0] = 0;
  chain_reader_init(&reader);
  reader.recipient = hear;
  chain_reader_feed(&reader, records, sizeof records - 1);
  chain_reader_end(&reader);
  CHECK_STR("results per recipient, bad ones dropped", heard, "0Kfine;1Dgone;2Zfull;");
}

static void facts(void) {
  static char const records[] = "+SPF_RESULT=pass\0+ADD_HEADERS=A: b\nC: d\n\0+PATH=/evil\0"
                                "+LD_PRELOAD=x\0+X_MINE=\0+NOVALUE\0+smtp_x=1\0";
  read_all(records, sizeof records - 1, 3);
  CHECK("allowed ones are kept", reader.facts_count == 3);
  CHECK_STR("the first", reader.facts, "SPF_RESULT=pass");
  CHECK_STR("a line feed does not end one", reader.facts + 16, "ADD_HEADERS=A: b\nC: d\n");
  static char many[200 * 12];
  for (size_t i = 0; i < 200; i++) memcpy(many + i * 12, "+X_A=abcdef", 12);
  read_all(many, sizeof many, sizeof many);
  CHECK("at most 64", reader.facts_count == CHAIN_FACTS_MAX);
  static char big[4 * CHAIN_FACTS_BYTES];
  memset(big, 'x', sizeof big);
  memcpy(big, "+X_A=", 5);
  read_all(big, sizeof big, 4096);
  CHECK("a giant one is dropped, not cut", reader.facts_count == 0);
}

static void names(void) {
  static struct {
    char const *name;
    bool allowed;
  } const cases[] = {{"SMTP_HELO", true},   {"SMTP_", false},      {"SPF_RESULT", true},
                     {"_RESULT", false},    {"X_A", true},         {"AUTH_RESULTS", true},
                     {"ADD_HEADERS", true}, {"CUT_RANGES", true},  {"RELAYCLIENT", true},
                     {"DATABYTES", true},   {"PATH", false},       {"ERROR_FD", false},
                     {"LD_PRELOAD", false}, {"QUEUE_ID", false},   {"SMTP_a", false},
                     {"SPF_DOMAIN", true},  {"SPF_", false},       {"SPF", false},
                     {"", false},           {"SMTP_HELO=", false}, {"1_RESULT", false}};
  for (size_t i = 0; i < COUNT(cases); i++)
    CHECK(cases[i].name,
          chain_fact_allowed(cases[i].name, strlen(cases[i].name)) == cases[i].allowed);
}

static void ids(void) {
  char one[CHAIN_ID_SIZE + 1], two[CHAIN_ID_SIZE + 1];
  chain_id_make(one);
  uint64_t before = chain_id_time(one);
  do chain_id_make(two);
  while (chain_id_time(two) == before);
  CHECK("valid", chain_id_valid(one) && chain_id_valid(two));
  CHECK("it sorts by time", strcmp(one, two) < 0);
  CHECK("its time is about now", before > 1700000000ull * 1000000);
  CHECK("too short", !chain_id_valid("0123456789abcde"));
  CHECK("too long", !chain_id_valid("0123456789abcdef0"));
  CHECK("not of the alphabet", !chain_id_valid("0123456789abcde/"));
  CHECK("upper case", !chain_id_valid("0123456789ABCDEF"));
}

static void lists(void) {
  unsetenv("AUTH_RESULTS");
  CHECK("first", chain_append("AUTH_RESULTS", "; ", "spf=pass") == 0);
  CHECK("second", chain_append("AUTH_RESULTS", "; ", "dkim=none") == 0);
  CHECK_STR("joined", getenv("AUTH_RESULTS"), "spf=pass; dkim=none");
  static char big[CHAIN_LIST_MAX + 1];
  memset(big, 'x', sizeof big - 1);
  CHECK("capped", chain_append("AUTH_RESULTS", "; ", big) < 0 && errno == E2BIG);
  setenv("ADD_HEADERS", "A: b", 1);
  CHECK("headers behind a list without its last LF", chain_add_headers("C: d\n") == 0);
  CHECK("and behind one with it", chain_add_headers("E: f") == 0);
  CHECK_STR("each on a line", getenv("ADD_HEADERS"), "A: b\nC: d\nE: f");
  CHECK_STR("and left as it was", getenv("AUTH_RESULTS"), "spf=pass; dkim=none");
}

int main(void) {
  texts();
  format();
  exits();
  recipients();
  facts();
  names();
  ids();
  lists();
  return unit_done();
}
