/* Access rules: what parses, which rule is found, and what is never taken for a table. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../unit.h"
#include "net/net.h"

/* ---- parsing: the records of a text, as "key>value;" with NULs shown as '~' ---- */

static char records[65536];
static size_t records_len;

static void put(char const *s, size_t len) {
  for (size_t i = 0; i < len && records_len < sizeof records - 1; i++)
    records[records_len++] = s[i] ? s[i] : '~';
  records[records_len] = 0;
}

static int record(void *data, char const *key, size_t key_len, char const *value,
                  size_t value_len) {
  (void)data;
  put(key, key_len);
  put(">", 1);
  put(value, value_len);
  put(";", 1);
  return 0;
}

/* A case's name: its text on one line. */
static char const *one_line(char const *text) {
  static char line[256];
  size_t i = 0;
  for (; i < sizeof line - 1 && text[i]; i++) line[i] = text[i];
  while (i && line[i - 1] == '\n') i--;
  line[i] = 0;
  for (char *s = line; *s; s++)
    if (*s == '\n' || *s == '\r') *s = '|';
  return line;
}

static void test_parse(void) {
  static struct {
    char const *text, *want;
  } const cases[] = {
      /* tcprules' own */
      {"1.2.3.4:allow,RELAYCLIENT=\"\"\n", "1.2.3.4>+RELAYCLIENT=~;"},
      {":deny\n", ">D~;"},
      {":allow", ">;"},
      {"1.2.3.37-39:allow,A=/x/,B=\"y\"\n",
       "1.2.3.37>+A=x~+B=y~;1.2.3.38>+A=x~+B=y~;1.2.3.39>+A=x~+B=y~;"},
      {"10.2-3.:deny\n", "10.2.>D~;10.3.>D~;"},
      {"10.:deny,A=\"x\"\n", "10.>D~+A=x~;"},
      {"=.Example.com:allow  \n", "=.example.com>;"},
      {"=:deny\n", "=>D~;"},
      {"=a-b.com:allow\n", "=a-b.com>;"},
      {"joe@1.2.3.4:deny\n", "joe@1.2.3.4>D~;"},
      {"joe@=Host.com:deny\n", "joe@=host.com>D~;"},
      {"# comment\n\n  \n\t1.2.3.4:deny\r\n#:deny\n", "1.2.3.4>D~;"},
      {"1.2.3.4:allow,A=\"a,b:deny\"\n", "1.2.3.4>+A=a,b:deny~;"},
      /* networks */
      {"10.0.0.0/8:deny\n", "10.>D~;"},
      {"10.1.2.0/24:deny\n", "10.1.2.>D~;"},
      {"10.16.0.0/12:deny\n", "10.16.0.0/12>D~;"},
      {"0.0.0.0/0:deny\n", "0.0.0.0/0>D~;"},
      {"10.1.2.3/32:deny\n", "10.1.2.3>D~;"},
      {"2001:DB8::/32:allow\n", "2001:db8::/32>;"},
      {"[2001:db8::]/32:allow\n", "2001:db8::/32>;"},
      {"[2001:db8:0:0::1]:allow\n", "2001:db8::1>;"},
      {"2001:db8::1/128:allow\n", "2001:db8::1>;"},
      {"::1:deny\n", "::1>D~;"},
      {":::deny\n", "::>D~;"},
      {"::ffff:10.1.2.3:deny\n", "10.1.2.3>D~;"},
      {"joe@::1:deny\n", "joe@::1>D~;"},
      {"unix:allow\nuid:1000:deny\n", "unix>;uid:1000>D~;"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    net_rules_error_t error;
    records_len = 0;
    int const r = net_rules_parse(cases[i].text, strlen(cases[i].text), record, NULL, &error);
    CHECK_STR(one_line(cases[i].text), r < 0 ? error.reason : records, cases[i].want);
  }
}

static void test_refused(void) {
  static char const *const cases[] = {
      "bad",
      "1.2.3.4",
      "1.2.3.4:denyx",
      "1.2.3.4:Allow",
      "1.2.3.4: deny",
      "1.2.3:deny",
      "1.2.3.4.:deny",
      "1.2.3.4.5:deny",
      "1.2.3.256:deny",
      "1.2.3.04:deny",
      "1..3.4:deny",
      "1.2.3.5-3:deny",
      "1.2.3.4-:deny",
      "1-2.3-4.:deny",
      "1.2.3.4 :deny",
      "10.0.0.1/8:deny",
      "10.0.0.0/33:deny",
      "2001:db8::/129:deny",
      "2001:db8::1/64:deny",
      "2001:db8:deny",
      "[2001:db8::1:deny",
      "[10.0.0.0]/8x:deny",
      "example.com:deny",
      "joe@10.:deny",
      "joe@10.16.0.0/12:deny",
      "joe@:deny",
      "=a=b:deny",
      "uid::allow",
      "uid:x:deny",
      "uid:4294967296:deny",
      "1.2.3.4:allow,",
      "1.2.3.4:allow,A",
      "1.2.3.4:allow,A=",
      "1.2.3.4:allow,A=\"x",
      "1.2.3.4:allow,A=\"x\"y",
      "1.2.3.4:allow,=\"x\"",
      "1.2.3.4:allow,A B=\"x\"",
      "1.2.3.4:allow A=\"x\"",
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[128];
    net_rules_error_t error;
    int const len = snprintf(text, sizeof text, "# one\n\n%s\n:allow\n", cases[i]);
    errno = 0;
    CHECK_INT(cases[i], net_rules_parse(text, (size_t)len, record, NULL, &error), -1);
    CHECK_INT(cases[i], errno, EINVAL);
    CHECK_INT(cases[i], error.line, 3);
    CHECK(cases[i], error.reason != NULL);
  }
  net_rules_error_t error;
  CHECK_INT("NUL", net_rules_parse(":allow\0\n", 8, record, NULL, &error), -1);
}

static void test_caps(void) {
  static char text[NET_RULE_VALUE_MAX + 1024];
  net_rules_error_t error;
  size_t len = (size_t)sprintf(text, ":allow");
  for (int i = 0; i < NET_RULE_VARIABLES_MAX; i++) len += (size_t)sprintf(text + len, ",A=\"\"");
  CHECK_INT("most variables", net_rules_parse(text, len, record, NULL, &error), 0);
  len += (size_t)sprintf(text + len, ",A=\"\"");
  CHECK_INT("one too many", net_rules_parse(text, len, record, NULL, &error), -1);
  len = (size_t)sprintf(text, ":allow,A=\"");
  memset(text + len, 'x', NET_RULE_VALUE_MAX - 4);
  len += NET_RULE_VALUE_MAX - 4;
  text[len] = '"';
  CHECK_INT("longest value", net_rules_parse(text, len + 1, record, NULL, &error), 0);
  text[len] = 'x';
  text[len + 1] = '"';
  CHECK_INT("too long a value", net_rules_parse(text, len + 2, record, NULL, &error), -1);
  memset(text, 'x', NET_RULE_KEY_MAX + 1);
  text[0] = '=';
  strcpy(text + NET_RULE_KEY_MAX, ":deny");
  CHECK_INT("longest name", net_rules_parse(text, strlen(text), record, NULL, &error), 0);
  memset(text, 'x', NET_RULE_KEY_MAX + 1);
  text[0] = '=';
  strcpy(text + NET_RULE_KEY_MAX + 1, ":deny");
  CHECK_INT("too long a name", net_rules_parse(text, strlen(text), record, NULL, &error), -1);
}

/* ---- looking up ---- */

static char path[64];

/* A file in memory with these bytes; path names it. */
static int file_make(char const *bytes, size_t len) {
  int const fd = memfd_create("test", 0);
  if (fd < 0 || write(fd, bytes, len) != (ssize_t)len) abort();
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return fd;
}

/* The same, with the text compiled. */
static int cdb_make(char const *text) {
  net_rules_error_t error;
  int const fd = file_make("", 0);
  if (net_rules_compile(text, strlen(text), fd, &error) < 0) abort();
  return fd;
}

static char const table[] = "joe@10.1.2.3:allow,K=\"joe ip\"\n"
                            "joe@=mail.example.com:allow,K=\"joe host\"\n"
                            "10.1.2.3:allow,K=\"ip\"\n"
                            "=mail.example.com:allow,K=\"host\"\n"
                            "10.1.2.:deny\n"
                            "10.1.2.128/25:allow,K=\"25\"\n"
                            "10.1.0.0/20:allow,K=\"20\"\n"
                            "10.:allow,K=\"8\",L=\"more\"\n"
                            "8.0.0.0/6:allow,K=\"6\"\n"
                            "2001:db8:1::/48:allow,K=\"48\"\n"
                            "2001:db8:0:0::/32:deny\n"
                            "2001:db8:1::1:allow,K=\"v6\"\n"
                            "=.example.com:allow,K=\"suffix\"\n"
                            "=.com:deny\n"
                            "=:allow,K=\"some host\"\n"
                            "uid:7:allow,K=\"seven\"\n"
                            "unix:deny\n"
                            ":deny,K=\"rest\"\n"
                            ":allow\n";

static struct {
  char const *ip, *host, *info, *key;
  bool allow;
} const lookups[] = {
    {"10.1.2.3", "mail.example.com", "joe", "joe@10.1.2.3", true},
    {"10.1.2.4", "mail.example.com", "joe", "joe@=mail.example.com", true},
    {"10.1.2.3", "mail.example.com", "jim", "10.1.2.3", true},
    {"::ffff:10.1.2.3", NULL, NULL, "10.1.2.3", true},
    {"10.1.2.4", "MAIL.example.COM", NULL, "=mail.example.com", true},
    {"10.1.2.4", "x.example.com", NULL, "10.1.2.", false},
    {"10.1.2.200", NULL, NULL, "10.1.2.128/25", true},
    {"10.1.15.1", NULL, NULL, "10.1.0.0/20", true},
    {"10.1.16.1", NULL, NULL, "10.", true},
    {"11.0.0.1", NULL, NULL, "8.0.0.0/6", true},
    {"12.0.0.1", NULL, NULL, "", false},
    {"12.0.0.1", "a.b.example.com", NULL, "=.example.com", true},
    {"12.0.0.1", "example.com", NULL, "=.com", false},
    {"12.0.0.1", "localhost", NULL, "=", true},
    {"12.0.0.1", "", NULL, "", false},
    {"2001:db8:1::1", NULL, NULL, "2001:db8:1::1", true},
    {"2001:db8:1::2", NULL, NULL, "2001:db8:1::/48", true},
    {"2001:db8:2::2", NULL, NULL, "2001:db8::/32", false},
    {"2001:db9::1", NULL, NULL, "", false},
    {NULL, NULL, NULL, "unix", false},
};

static void check_lookups(net_rules_t *rules, char const *how) {
  for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++) {
    ip46 ip = IP46_ZERO;
    net_rule_t rule;
    if (lookups[i].ip) CHECK_INT(how, net_address_parse(&ip, lookups[i].ip), 0);
    net_client_t const client = {lookups[i].ip ? &ip : NULL, lookups[i].host, lookups[i].info, 8};
    CHECK_INT(how, net_rules_find(rules, &client, &rule, NULL, NULL), 0);
    CHECK(how, rule.found);
    CHECK_STR(how, rule.key, lookups[i].key);
    CHECK_INT(lookups[i].key, rule.allow, lookups[i].allow);
  }
}

static void test_find(void) {
  net_rules_t rules;
  int const text = file_make(table, strlen(table));
  net_rules_init(&rules, path);
  CHECK_INT("text", net_rules_refresh(&rules), 0);
  check_lookups(&rules, "text");
  net_rules_free(&rules);
  close(text);
  for (int private = 0; private < 2; private ++) {
    int const fd = cdb_make(table);
    (private ? net_rules_init_private : net_rules_init)(&rules, path);
    CHECK_INT("cdb", net_rules_refresh(&rules), 0);
    check_lookups(&rules, private ? "cdb, private" : "cdb");
    net_rules_free(&rules);
    close(fd);
  }
}

static void test_variables(void) {
  net_rules_t rules;
  net_rule_t rule;
  ip46 ip;
  size_t position = 0;
  int const fd = cdb_make(table);
  net_rules_init(&rules, path);
  CHECK_INT("refresh", net_rules_refresh(&rules), 0);
  net_address_parse(&ip, "10.2.3.4");
  net_rules_find(&rules, &(net_client_t){.ip = &ip}, &rule, NULL, NULL);
  CHECK_STR("first", net_rule_variable(&rule, &position), "K=8");
  CHECK_STR("second", net_rule_variable(&rule, &position), "L=more");
  CHECK_STR("no third", net_rule_variable(&rule, &position), NULL);
  net_address_parse(&ip, "12.0.0.1");
  net_rules_find(&rules, &(net_client_t){.ip = &ip}, &rule, NULL, NULL);
  position = 0;
  CHECK_STR("behind a deny", net_rule_variable(&rule, &position), "K=rest");
  net_rules_free(&rules);
  close(fd);
}

static void test_no_rule(void) {
  net_rules_t rules;
  net_rule_t rule;
  ip46 ip;
  int const fd = file_make("# nothing\n", 10);
  net_rules_init_private(&rules, path);
  CHECK_INT("comments are a table", net_rules_refresh(&rules), 0);
  net_address_parse(&ip, "10.2.3.4");
  CHECK_INT("find", net_rules_find(&rules, &(net_client_t){.ip = &ip}, &rule, NULL, NULL), 0);
  CHECK("no rule lets in", !rule.found && rule.allow && !rule.value_len);
  net_rules_free(&rules);
  close(fd);
}

/* ---- what is not a table ---- */

static void check_broken(char const *name, char const *bytes, size_t len, int error) {
  net_rules_t rules;
  int const fd = file_make(bytes, len);
  net_rules_init_private(&rules, path);
  CHECK_INT(name, net_rules_refresh(&rules), -1);
  CHECK_INT(name, rules.status, error);
  net_rules_free(&rules);
  close(fd);
}

static void test_broken(void) {
  static char bytes[65536], zeros[4096];
  check_broken("empty", "", 0, EINVAL);
  check_broken("zeros", zeros, sizeof zeros, EPROTO);
  check_broken("bad text", "10.:allowed\n", 12, EINVAL);
  int const fd = cdb_make(table);
  ssize_t const size = pread(fd, bytes, sizeof bytes, 0);
  close(fd);
  for (size_t cut = 8; cut < (size_t)size; cut += 97) check_broken("cut short", bytes, cut, EPROTO);
  memset(bytes, 0, 2048);
  check_broken("header lost", bytes, (size_t)size, EPROTO);
}

static void test_refresh(void) {
  char name[] = "/tmp/rules_test.XXXXXX";
  net_rules_t rules;
  int const fd = mkstemp(name);
  CHECK("temporary file", fd >= 0 && write(fd, ":allow\n", 7) == 7);
  net_rules_init_private(&rules, name);
  CHECK_INT("good", net_rules_refresh(&rules), 0);
  char const *const map = rules.map.map;
  CHECK_INT("unchanged", net_rules_refresh(&rules), 0);
  CHECK("is not read again", rules.map.map == map);
  CHECK_INT("truncated in place", ftruncate(fd, 0), 0);
  CHECK_INT("lets nobody in", net_rules_refresh(&rules), -1);
  CHECK_INT("written again", (int)pwrite(fd, ":deny\n", 6, 0), 6);
  CHECK_INT("good again", net_rules_refresh(&rules), 0);
  unlink(name);
  CHECK_INT("gone", net_rules_refresh(&rules), -1);
  CHECK_INT("gone", rules.status, ENOENT);
  net_rules_free(&rules);
  close(fd);
}

/* A file that could not be read for want of a descriptor is no bad file. */
static void test_shortage(void) {
  net_rules_t rules;
  struct rlimit limit;
  int const fd = file_make(":deny\n", 6), next = dup(fd);
  close(next);
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) abort();
  struct rlimit const one_more = {.rlim_cur = (rlim_t)next + 1, .rlim_max = limit.rlim_max};
  net_rules_init_private(&rules, path);
  setrlimit(RLIMIT_NOFILE, &one_more);
  int const result = net_rules_refresh(&rules);
  setrlimit(RLIMIT_NOFILE, &limit);
  CHECK_INT("no descriptor for the copy", result, -1);
  CHECK_INT("and why", rules.status, EMFILE);
  CHECK_INT("there are some again", net_rules_refresh(&rules), 0);
  net_rules_free(&rules);
  close(fd);
}

int main(void) {
  test_parse();
  test_refused();
  test_caps();
  test_find();
  test_variables();
  test_no_rule();
  test_broken();
  test_refresh();
  test_shortage();
  return unit_done();
}
