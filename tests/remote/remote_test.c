/* TLS policies and logins of destinations. */
#include <errno.h>

#include "../unit.h"
#include "remote/remote.h"

#define PIN_HEX  "SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define PIN_BASE "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static char const text[] = "# a comment\n"
                           "\n"
                           "bank.example  verify .bank.example mx.provider.example\n"
                           ".partners.example\tencrypt\n"
                           " .far.partners.example none\r\n"
                           "lists.example pin " PIN_HEX " " PIN_BASE "\n"
                           "relay.example:2465 implicit verify\n"
                           "* may";

static remote_policies_t *parse(char const *s, remote_error_t *error) {
  return remote_policies_parse(s, strlen(s), error);
}

static struct {
  char const *destination;
  remote_level_t level;
} const levels[] = {
    {"bank.example", REMOTE_VERIFY},
    {"BANK.example", REMOTE_VERIFY},
    {"www.bank.example", REMOTE_MAY},
    {"a.partners.example", REMOTE_ENCRYPT},
    {"a.b.partners.example", REMOTE_ENCRYPT},
    {"a.far.partners.example", REMOTE_NONE},
    {"partners.example", REMOTE_MAY},
    {"lists.example", REMOTE_PIN},
    {"relay.example:2465", REMOTE_VERIFY},
    {"relay.example", REMOTE_MAY},
    {"", REMOTE_MAY},
};

static void test_levels(void) {
  remote_error_t error;
  remote_policies_t *policies = parse(text, &error);
  CHECK("a whole text", policies);
  if (!policies) return;
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
    remote_policy_t const *policy = remote_policy_find(policies, levels[i].destination);
    CHECK_STR(levels[i].destination, policy ? remote_level_word(policy->level) : NULL,
              remote_level_word(levels[i].level));
  }
  CHECK("implicit", remote_policy_find(policies, "relay.example:2465")->implicit);
  CHECK("not implicit", !remote_policy_find(policies, "bank.example")->implicit);
  CHECK("of its own", remote_policy_of(policies, "bank.example"));
  CHECK("none of its own", !remote_policy_of(policies, "a.partners.example"));
  remote_policy_t const *pinned = remote_policy_find(policies, "lists.example");
  CHECK_INT("two pins", pinned->pins_count, 2);
  CHECK_MEM("of the same bytes", (char const *)pinned->pins[0].data, pinned->pins[0].len,
            (char const *)pinned->pins[1].data, pinned->pins[1].len);
  remote_policies_free(policies);
}

static void test_no_table(void) {
  remote_error_t error;
  CHECK("without a table", !remote_policy_find(NULL, "a.example"));
  CHECK("without logins", !remote_login_find(NULL, "a.example"));
  remote_policies_t *policies = parse("", &error);
  CHECK("an empty one", policies && !remote_policy_find(policies, "a.example"));
  remote_policies_free(policies);
  remote_policies_free(NULL);
  remote_logins_free(NULL);
}

static struct {
  char const *what, *text;
  unsigned int line;
} const bad_policies[] = {
    {"no level", "a.example", 1},
    {"no such level", "\na.example maybe", 2},
    {"a level in capitals", "a.example MAY", 1},
    {"more than a level", "a.example none at all", 1},
    {"a name that nothing is done with", "a.example encrypt name.example", 1},
    {"not a name", "a.example verify na_me!", 1},
    {"a dot alone", "a.example verify .", 1},
    {"too many names", "a.example verify a b c d e f g h i", 1},
    {"no pin", "a.example pin", 1},
    {"not a pin", "a.example pin 3", 1},
    {"a short pin", "a.example pin SHA256:00", 1},
    {"implicit alone", "a.example implicit", 1},
    {"implicit none", "a.example implicit none", 1},
    {"twice", "a.example may\nb.example may\nA.example none\n", 3},
};

static void test_bad_policies(void) {
  for (size_t i = 0; i < sizeof bad_policies / sizeof *bad_policies; i++) {
    remote_error_t error;
    errno = 0;
    CHECK(bad_policies[i].what, !parse(bad_policies[i].text, &error) && errno == EINVAL);
    CHECK("says why", error.reason);
    CHECK_INT("says where", error.line, bad_policies[i].line);
  }
}

static void test_hostile_texts(void) {
  remote_error_t error;
  char *long_text = malloc(REMOTE_TEXT_MAX + 1);
  memset(long_text, 'x', REMOTE_TEXT_MAX + 1);
  CHECK("too long",
        !remote_policies_parse(long_text, REMOTE_TEXT_MAX + 1, &error) && errno == EFBIG);
  CHECK("a long line",
        !remote_policies_parse(long_text, REMOTE_TEXT_MAX, &error) && error.line == 1);
  memset(long_text, '\n', REMOTE_TEXT_MAX);
  CHECK("many lines", !remote_policies_parse(long_text, REMOTE_TEXT_MAX, &error) && errno == EFBIG);
  CHECK("a NUL", !remote_policies_parse("a\0b may", 7, &error) && error.line == 1);
  free(long_text);
}

static struct {
  char const *what, *policy, *domain, *host, *want;
} const names[] = {
    {"the domain, and the host below it", "d verify", "d.example", "mx.d.example",
     "mx.d.example d.example"},
    {"a host elsewhere", "d verify", "d.example", "mx.evil.example", "d.example"},
    {"a smart host", "d verify", "mx.example", "mx.example", "mx.example"},
    {"a tail is not a parent", "d verify", "d.example", "mxd.example", "d.example"},
    {"a name", "d verify a.example", "d.example", "mx.d.example", "a.example"},
    {"below a name", "d verify .p.example", "d.example", "MX.p.example", "MX.p.example"},
    {"not below it", "d verify .p.example", "d.example", "mx.q.example", ""},
    {"nor the name itself", "d verify .p.example", "d.example", "p.example", ""},
};

static void test_names(void) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char const *list[TLS_NAMES_MAX];
    char got[512] = "";
    remote_error_t error;
    remote_policies_t *policies = parse(names[i].policy, &error);
    remote_policy_t const *policy = remote_policy_of(policies, "d");
    size_t const count = remote_names(list, policy, names[i].domain, names[i].host);
    for (size_t j = 0; j < count; j++) strcat(strcat(got, j ? " " : ""), list[j]);
    CHECK_STR(names[i].what, got, names[i].want);
    remote_policies_free(policies);
  }
}

static void test_logins(void) {
  static char const good[] =
      "# ours\nsmtp.isp.example:587 alice correct horse \n[192.0.2.1] b  c\n";
  remote_error_t error;
  remote_logins_t *logins = remote_logins_parse(good, strlen(good), &error);
  remote_login_t const *login = remote_login_find(logins, "SMTP.isp.example:587");
  CHECK_STR("the name", login ? login->name : NULL, "alice");
  CHECK_STR("the password is all the rest", login ? login->password : NULL, "correct horse ");
  login = remote_login_find(logins, "[192.0.2.1]");
  CHECK_STR("its blanks too", login ? login->password : NULL, " c");
  CHECK("of this port only", !remote_login_find(logins, "smtp.isp.example"));
  remote_logins_free(logins);
  static char const *const bad[] = {"a.example", "a.example alice", "a.example alice ",
                                    "a.example alice p\001", "a.example al\377ice secret"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    CHECK(bad[i], !remote_logins_parse(bad[i], strlen(bad[i]), &error) && error.line == 1);
}

int main(void) {
  test_levels();
  test_no_table();
  test_bad_policies();
  test_hostile_texts();
  test_names();
  test_logins();
  return unit_done();
}
