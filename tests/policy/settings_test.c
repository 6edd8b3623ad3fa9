/* What the links have in common: rules, lists, whom they let pass. */
#include <errno.h>
#include <unistd.h>

#include "../unit.h"
#include "net/net.h"
#include "policy/policy.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void check_rules(void) {
  policy_rule_t rules[] = {{"pass", POLICY_PASS, {0, 0}, {0, 0}},
                           {"fail", POLICY_REJECT, {0, 0}, {0, 0}}};
  CHECK("one", policy_rules_set(rules, 2, "fail=defer") == 0);
  CHECK_INT("is changed", rules[1].action, POLICY_DEFER);
  CHECK("two", policy_rules_set(rules, 2, "fail=pass,pass=reject") == 0);
  CHECK_INT("the first", rules[1].action, POLICY_PASS);
  CHECK_INT("the second", rules[0].action, POLICY_REJECT);
  static char const *const bad[] = {
      "",          "fail",        "fail=",  "fail=x",     "=defer",
      "fai=defer", "fail=defer,", "x=pass", "fail =pass", "fail=pass pass=pass"};
  for (size_t i = 0; i < COUNT(bad); i++) CHECK(bad[i], policy_rules_set(rules, 2, bad[i]) < 0);
}

static void check_domains(void) {
  static struct {
    char const *list, *domain;
    bool has;
  } const cases[] = {{"a.example", "a.example", true},
                     {"a.example", "A.Example", true},
                     {"a.example", "b.a.example", false},
                     {"a.example", "aa.example", false},
                     {"a.example", "a.exampl", false},
                     {".a.example", "b.a.example", true},
                     {".a.example", "c.b.a.example", true},
                     {".a.example", "a.example", false},
                     {".a.example", "ba.example", false},
                     {"x, a.example\ty\n", "a.example", true},
                     {"x, a.example\ty\n", "y", true},
                     {"", "a.example", false},
                     {" , ", "a.example", false},
                     {"a.example", "", false},
                     {".", "a.example", false},
                     {"a", "", false}};
  for (size_t i = 0; i < COUNT(cases); i++)
    CHECK(cases[i].list, policy_list_has_domain(cases[i].list, cases[i].domain) == cases[i].has);
}

static void check_files(void) {
  char path[] = "/tmp/chainmail-policy-XXXXXX";
  int fd = mkstemp(path);
  static char const text[] = "a.example # not b.example\n#c.example\nd.example";
  CHECK("a file", write(fd, text, sizeof text - 1) == sizeof text - 1);
  static char const *list; /* reachable: it is never freed */
  list = policy_list(path);
  CHECK("is read", list);
  CHECK("what it says", list && policy_list_has_domain(list, "a.example"));
  CHECK("a comment", list && !policy_list_has_domain(list, "b.example"));
  CHECK("a comment alone", list && !policy_list_has_domain(list, "c.example"));
  CHECK("behind it", list && policy_list_has_domain(list, "d.example"));
  CHECK("a NUL", write(fd, "", 1) == 1 && !policy_list(path) && errno == EINVAL);
  CHECK("too large", !ftruncate(fd, POLICY_LIST_MAX + 1) && !policy_list(path) && errno == EFBIG);
  close(fd);
  unlink(path);
  CHECK("none", !policy_list(path) && errno == ENOENT);
  CHECK_STR("a list itself", policy_list("a.example"), "a.example");
}

static void check_exemptions(void) {
  policy_settings_t settings = {.networks = "192.0.2.0/24 2001:db8::/32"};
  ip46 here, there;
  bool bad;
  net_address_parse(&here, "192.0.2.1");
  net_address_parse(&there, "198.51.100.1");
  unsetenv("RELAYCLIENT");
  unsetenv("SMTP_AUTH_USER");
  CHECK("a stranger", !policy_exemption(&settings, &there, &bad) && !bad);
  CHECK_STR("a network", policy_exemption(&settings, &here, &bad), "network");
  CHECK_STR("no address", policy_exemption(&settings, 0, &bad), "no-address");
  setenv("SMTP_AUTH_USER", "", 1);
  CHECK("an empty user is none", !policy_exemption(&settings, &there, &bad));
  setenv("SMTP_AUTH_USER", "joe", 1);
  CHECK_STR("a user", policy_exemption(&settings, &there, &bad), "authenticated");
  setenv("RELAYCLIENT", "", 1);
  CHECK_STR("a relay client", policy_exemption(&settings, &there, &bad), "relay-client");
  CHECK_INT("-a", policy_option(&settings, 'a', 0), 1);
  CHECK("everyone", !policy_exemption(&settings, &there, &bad));
  settings.networks = "192.0.2.1/24";
  policy_exemption(&settings, &there, &bad);
  CHECK("a bad network", bad);
}

static void check_times(void) {
  policy_settings_t settings = {.dns = DNS_SETTINGS_DEFAULT};
  CHECK_INT("a time", policy_option(&settings, 't', "900"), 1);
  CHECK_INT("for all", settings.dns.total_ms, 900);
  CHECK_INT("for one", settings.dns.query_ms, 300);
  policy_option(&settings, 't', "20000");
  CHECK_INT("for one at most", settings.dns.query_ms, 2000);
  static char const *const bad[] = {"", "0", "1s", "-1", "600001"};
  for (size_t i = 0; i < COUNT(bad); i++)
    CHECK(bad[i], policy_option(&settings, 't', bad[i]) < 0 && errno == EINVAL);
  CHECK_INT("no option of ours", policy_option(&settings, 'x', "1"), 0);
}

static void check_client(void) {
  ip46 ip;
  setenv("PROTO", "TCP", 1);
  unsetenv("TCPREMOTEIP");
  CHECK("no address", policy_client(&ip) < 0 && errno == ENOENT);
  setenv("TCPREMOTEIP", "x", 1);
  CHECK("a bad one", policy_client(&ip) < 0 && errno == EINVAL);
  setenv("TCPREMOTEIP", "::ffff:192.0.2.1", 1);
  CHECK("a mapped one", policy_client(&ip) == 0 && !ip46_is6(&ip));
}

int main(void) {
  check_rules();
  check_domains();
  check_files();
  check_exemptions();
  check_times();
  check_client();
  return unit_done();
}
