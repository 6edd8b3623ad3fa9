/* Which rule an address goes by, and where its mail goes. */

#include <errno.h>
#include <sys/stat.h>

#include "../unit.h"
#include "table.h"

static char const table_text[] =
    "base /var/mail\n"                           /* 1 */
    "alice@x.test          maildir x/alice/\n"   /* 2 */
    "bob@x.test            maildir x/bob\n"      /* 3 */
    "                      alias alice@x.test\n" /* 4 */
    "both@x.test           alias bob@x.test alice@x.test both2@x.test\n"
    "both2@x.test          alias alice@old.test\n" /* 6 */
    "alice+*@x.test        maildir x/alice/.%e\n"  /* 7 */
    "alice+lists@x.test    maildir x/lists\n"      /* 8 */
    "mary-jane@x.test      maildir x/mj\n"         /* 9 */
    "al@x.test             maildir /var/mail//x/alice\n"
    "two@x.test            alias alice@x.test al@x.test\n"
    "\"a b\"@x.test        maildir x/ab\n"       /* 12 */
    "@old.test             domain x.test\n"      /* 13 */
    "bob@old.test          maildir old/bob\n"    /* 14 */
    "@older.test           domain old.test\n"    /* 15 */
    "@all.test             maildir all/%d/%u\n"  /* 16 */
    "own@all.test          maildir all/%l\n"     /* 17 */
    "@team.test            alias bob@x.test\n"   /* 18 */
    "@none.test            maildir none/%u/%l\n" /* 19 */
    "postmaster            alias alice@x.test\n" /* 20 */
    "postmaster@own.test   maildir own\n"        /* 21 */
    "hostmaster            maildir h/%u\n"       /* 22 */
    "\xc3\xa9@x.test       maildir x/%l\n"       /* 23 */
    "p%q@x.test            maildir x/100%%/%l\n" /* 24 */
    "pipe@x.test           maildir x/pipe\n"     /* 25 */
    "                      pipe \"cat >>'%l'\"\n"
    "piped@x.test          alias pipe@x.test\n"
    "base \"/a b/50%\"\n"
    "blank@x.test          maildir c\n"
    "separators +-\n"
    "separators none none.test\n"
    "separators = all.test\n";

typedef struct resolve_case {
  char const *address;
  char const *result;
} resolve_case_t;

#define ALICE "maildir /var/mail/x/alice (alice@x.test)"
#define BOB   "maildir /var/mail/x/bob (bob@x.test)"

static resolve_case_t const cases[] = {
    {"alice@x.test", ALICE},
    {"ALICE@X.TEST", ALICE},
    {"bob@x.test", BOB "\n" ALICE},
    {"both@x.test", BOB "\n" ALICE},
    {"two@x.test", ALICE},
    {"\"a b\"@x.test", "maildir /var/mail/x/ab (\"a b\"@x.test)"},
    {"\"A b\"@x.test", "maildir /var/mail/x/ab (\"a b\"@x.test)"},
    {"\xc3\xa9@x.test", "maildir /var/mail/x/%C3%A9 (\xc3\xa9@x.test)"},
    {"\xc3\x89@x.test", "no user"}, /* only ASCII letters have two cases */
    {"p%q@x.test", "maildir /var/mail/x/100%/p%25q (p%q@x.test)"},
    {"blank@x.test", "maildir /a b/50%/c (blank@x.test)"},

    {"piped@x.test",
     "maildir /var/mail/x/pipe (pipe@x.test)\npipe cat >>'%l' (pipe@x.test)"}, /* as it is */

    /* extensions */
    {"alice+Work@x.test", "maildir /var/mail/x/alice/.work (alice+work@x.test)"},
    {"alice-work@x.test", "maildir /var/mail/x/alice/.work (alice-work@x.test)"},
    {"alice+a+b@x.test", "maildir /var/mail/x/alice/.a+b (alice+a+b@x.test)"},
    {"alice+..@x.test", "maildir /var/mail/x/alice/.%2E. (alice+..@x.test)"},
    {"alice+lists@x.test", "maildir /var/mail/x/lists (alice+lists@x.test)"},
    {"alice+lists-a@x.test", "maildir /var/mail/x/lists (alice+lists-a@x.test)"},
    {"alice-lists@x.test", "maildir /var/mail/x/alice/.lists (alice-lists@x.test)"},
    {"alice+@x.test", "no user"},
    {"+alice@x.test", "no user"},
    {"alicework@x.test", "no user"},
    {"mary-jane@x.test", "maildir /var/mail/x/mj (mary-jane@x.test)"},
    {"mary-jane-list@x.test", "maildir /var/mail/x/mj (mary-jane-list@x.test)"},
    {"mary@x.test", "no user"},
    {"\"alice+a b\"@x.test", "no user"},
    {"bob+x@x.test", "maildir /var/mail/x/bob (bob+x@x.test)\n" ALICE},

    /* domains */
    {"alice@old.test", ALICE},
    {"alice+a@old.test", "maildir /var/mail/x/alice/.a (alice+a@x.test)"},
    {"alice@older.test", ALICE},
    {"bob@old.test", "maildir /var/mail/old/bob (bob@old.test)"},
    {"bob@older.test", "maildir /var/mail/old/bob (bob@old.test)"},
    {"nobody@older.test", "no user"},
    {"nobody@x.test", "no user"},
    {"alice@", "no domain"},
    {"@x.test", "no user"},
    {"@", "no domain"},
    {"", "no user"},
    {"alice", "no user"},
    {"*", "no user"},
    {"#", "no user"},
    {"x@*", "no domain"},

    /* catch-alls */
    {"Any=One@all.test", "maildir /var/mail/all/all.test/any (any=one@all.test)"},
    {"any+one@all.test", "maildir /var/mail/all/all.test/any+one (any+one@all.test)"},
    {"own=x@all.test", "maildir /var/mail/all/own=x (own=x@all.test)"},
    {"a+b@none.test", "maildir /var/mail/none/a+b/a+b (a+b@none.test)"},
    {"../../../etc/passwd@all.test",
     "maildir /var/mail/all/all.test/%2E.%2F..%2F..%2Fetc%2Fpasswd (../../../etc/passwd@all.test)"},
    {"any@team.test", BOB "\n" ALICE},
    {"@all.test", "no user"},

    /* names */
    {"postmaster", ALICE},
    {"PostMaster", ALICE},
    {"postmaster@x.test", ALICE},
    {"postmaster@old.test", ALICE},
    {"postmaster@all.test", ALICE},
    {"postmaster@own.test", "maildir /var/mail/own (postmaster@own.test)"},
    {"hostmaster@own.test", "maildir /var/mail/h/hostmaster (hostmaster@own.test)"},
};

/* Nobody's here: they are their own destinations. */
static resolve_case_t const foreign_cases[] = {
    {"Alice@Elsewhere.Test", "remote elsewhere.test (Alice@elsewhere.test)"},
    {"alice@x.test.elsewhere.test", "remote x.test.elsewhere.test (alice@x.test.elsewhere.test)"},
    {"postmaster@elsewhere.test", "remote elsewhere.test (postmaster@elsewhere.test)"},
    {"a@[192.0.2.1]", "remote [192.0.2.1] (a@[192.0.2.1])"},
    {"a@[IPv6:2001:db8::1]", "remote [ipv6:2001:db8::1] (a@[ipv6:2001:db8::1])"},
    {"a@\xc3\xa9.test", "remote \xc3\xa9.test (a@\xc3\xa9.test)"},
    {"a@no..domain", "no domain"},
    {"a@-", "no domain"},
    {"a@[192.0.2.256]", "no domain"},
    {"@elsewhere.test", "no domain"},
};

static void test_foreign(route_table_t const *table, resolve_case_t const *example) {
  targets_t targets;
  CHECK_STR(example->address, resolve(table, example->address, &targets), example->result);
  CHECK_STR("is not one of ours", check(table, example->address), "no domain");
}

static void test_resolve(route_table_t const *table, resolve_case_t const *example) {
  targets_t targets;
  char name[256];
  bool found = strchr(example->result, '(') != NULL;
  CHECK_STR(example->address, resolve(table, example->address, &targets), example->result);
  snprintf(name, sizeof name, "check %s", example->address);
  CHECK_STR(name, check(table, example->address), found ? "found" : example->result);
}

/* So many bytes of filler, and what is behind them. */
static char const *long_address(char filler, size_t count, char const *end) {
  static char address[4096];
  memset(address, filler, count);
  snprintf(address + count, sizeof address - count, "%s", end);
  return address;
}

static void test_accounts(void) {
  route_account_t account;
  route_table_t table;
  table_compile(&table, "@x.test maildir /x/%u user=%u\nl@x.test maildir /l user=list\n");
  CHECK_INT("a person's account", route_account_find(&table, "alice", &account), 1);
  CHECK_INT("has its uid", account.uid, 1000);
  CHECK_INT("its groups", account.group_count == 2 && account.groups[1] == 27, 1);
  CHECK_STR("its home", account.home, "/home/alice");
  CHECK_INT("one without groups", route_account_find(&table, "bob", &account), 1);
  CHECK_INT("has none", account.group_count, 0);
  CHECK_INT("one that a rule names", route_account_find(&table, "list", &account), 1);
  CHECK_INT("has its uid", account.uid, 38);
  CHECK_INT("another's", route_account_find(&table, "root", &account), 0);
  CHECK_INT("nobody's", route_account_find(&table, "", &account), 0);
  CHECK_INT("a long name's", route_account_find(&table, long_address('a', 300, ""), &account), 0);
  route_close(&table);
}

static void test_owner(void) {
  static struct owner_case {
    char const *name;
    uid_t owner;
    mode_t mode;
    bool is_roots;
  } const owners[] = {{"root's", 0, 0644, true},
                      {"root's, and its group may write", 0, 0664, false},
                      {"root's, and all may write", 0, 0646, false},
                      {"somebody's", 1, 0644, false}};
  route_table_t table;
  table_compile(&table, "@x.test maildir /x\n");
  CHECK_INT("a file in memory, which all may write", route_is_roots(&table), false);
  for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
    table.owner = owners[i].owner;
    table.mode = S_IFREG | owners[i].mode;
    CHECK_INT(owners[i].name, route_is_roots(&table), owners[i].is_roots);
  }
  route_close(&table);
  table.owner = 0;
  CHECK_INT("none", route_is_roots(&table), false);
}

static void test_user(route_table_t const *table) {
  static struct user_case {
    char const *address;
    size_t user_len;
  } const users[] = {{"alice+work@x.test", 5},   {"ALICE-a-b@older.test", 5}, {"alice@x.test", 5},
                     {"alice+lists@x.test", 11}, {"mary-jane@x.test", 9},     {"a=b@all.test", 1},
                     {"a+b@elsewhere.test", 3},  {"nobody+x@x.test", 8},      {"alice", 5}};
  for (size_t i = 0; i < sizeof users / sizeof *users; i++)
    CHECK_INT(users[i].address, route_user_len(table, users[i].address, strlen(users[i].address)),
              users[i].user_len);
}

static void test_long(route_table_t const *table) {
  char long_domain[2000] = "a@";
  targets_t targets;
  memset(long_domain + 2, 'a', sizeof long_domain - 3);
  CHECK_STR("the longest local part", check(table, long_address('a', 64, "@all.test")), "found");
  CHECK_STR("a longer one", check(table, long_address('a', 65, "@all.test")), "no user");
  CHECK_STR("a long one", resolve(table, long_address('a', 2000, "@all.test"), &targets),
            "no user");
  CHECK_STR("a long one without a domain", check(table, long_address('a', 2000, "")), "no user");
  CHECK_STR("a long domain", check(table, long_domain), "no domain");
  CHECK_STR("a local part of separators", check(table, long_address('+', 64, "@x.test")),
            "no user");
}

#define EXPLANATION_MAX 8192

static void note_line(void *data, char const *line) {
  char *text = data;
  size_t len = strlen(text);
  snprintf(text + len, EXPLANATION_MAX - len, "%s\n", line);
}

static char const *explain(route_table_t const *table, char const *address) {
  static char text[EXPLANATION_MAX];
  *text = 0;
  route_explain(table, address, strlen(address), note_line, text);
  return text;
}

/* ---- terms ---- */

static char const terms_text[] = "fixed@x.test    maildir /f user=list quota=1G,5C\n"
                                 "                pipe \"x\" user=bob\n"
                                 "                maildir /g\n"
                                 "old@x.test      alias fixed@x.test\n"
                                 "@home.test      maildir /home/%u/Maildir user=%u quota=10M\n"
                                 "@old.test       domain home.test\n"
                                 "bob+*@home.test maildir /home/bob/Maildir/.%e user=bob\n"
                                 "alice           maildir /p user=%u\n"
                                 "carol           maildir /p user=%u\n";

static resolve_case_t const terms_cases[] = {
    {"old@x.test", "maildir /f (fixed@x.test) as list, 1073741824S,5C\n"
                   "pipe x (fixed@x.test) as bob\nmaildir /g (fixed@x.test)"},
    {"Bob@home.test", "maildir /home/bob/Maildir (bob@home.test) as bob, 10485760S,0C"},
    {"bob+work@home.test", "maildir /home/bob/Maildir/.work (bob+work@home.test) as bob"},
    {"alice@home.test", "maildir /p (alice@home.test) as alice"},
    {"alice+x@home.test", "maildir /home/alice/Maildir (alice+x@home.test) as alice, 10485760S,0C"},
    {"bob@old.test", "maildir /home/bob/Maildir (bob@home.test) as bob, 10485760S,0C"},
    {"nobody@home.test", "no user"}, /* whoever has no account */
    {"list@home.test", "no user"},   /* or is not one of the people */
    {"../root@home.test", "no user"},
    {"carol@home.test", "no user"},
    {"carol@old.test", "no user"},
};

/* What a job says comes back with its terms. */
static void test_terms_of(route_table_t const *table, route_target_t const *target,
                          char const *result) {
  char got[512] = "none";
  route_terms_t terms;
  int found = route_terms_find(table, target, &terms);
  if (found > 0) snprintf(got, sizeof got, "%s %s", terms.user, terms.quota);
  if (found < 0) snprintf(got, sizeof got, "%s", strerror(errno));
  CHECK_STR(target->argument, got, result);
}

static void test_terms(void) {
  static route_target_t const targets[] = {
      {ROUTE_MAILDIR, "/f", "fixed@x.test", "", ""},
      {ROUTE_PIPE, "x", "fixed@x.test", "", ""},
      {ROUTE_MAILDIR, "/g", "fixed@x.test", "", ""},
      {ROUTE_MAILDIR, "/home/bob/Maildir", "bob@home.test", "", ""},
      {ROUTE_MAILDIR, "/f", "old@x.test", "", ""},
      {ROUTE_PIPE, "/f", "fixed@x.test", "", ""},
      {ROUTE_MAILDIR, "/home/alice/Maildir", "bob@home.test", "", ""},
      {ROUTE_MAILDIR, "/home/eve/Maildir", "eve@home.test", "", ""},
      {ROUTE_MAILDIR, "/f", "", "", ""},
  };
  static char const *const results[] = {"list 1073741824S,5C",
                                        "bob ",
                                        " ",
                                        "bob 10485760S,0C",
                                        "none",
                                        "none",
                                        "none",
                                        "none",
                                        "none"};
  route_table_t table;
  table_compile(&table, terms_text);
  for (size_t i = 0; i < sizeof terms_cases / sizeof *terms_cases; i++)
    test_resolve(&table, terms_cases + i);
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
    test_terms_of(&table, targets + i, results[i]);
  CHECK_STR("explains terms", explain(&table, "bob@home.test"),
            "bob@home.test: goes by the catch-all @home.test (line 5)\n"
            "  maildir /home/bob/Maildir user=bob quota=10485760S,0C\n"
            "goes to maildir /home/bob/Maildir (bob@home.test) user=bob quota=10485760S,0C\n");
  route_close(&table);
}

static void test_explain(route_table_t const *table) {
  CHECK_STR("explains aliases and domains", explain(table, "Both@old.test"),
            "both@old.test: old.test is the same as x.test (line 13)\n"
            "both@x.test: has a rule (line 5)\n"
            "  alias bob@x.test\n"
            "  alias alice@x.test\n"
            "  alias both2@x.test\n"
            "bob@x.test: has a rule (line 3)\n"
            "  maildir /var/mail/x/bob\n"
            "  alias alice@x.test\n"
            "alice@x.test: has a rule (line 2)\n"
            "  maildir /var/mail/x/alice\n"
            "both2@x.test: has a rule (line 6)\n"
            "  alias alice@old.test\n"
            "alice@old.test: old.test is the same as x.test (line 13)\n"
            "alice@x.test: has a rule (line 2)\n"
            "  maildir /var/mail/x/alice\n"
            "goes to maildir /var/mail/x/bob (bob@x.test)\n"
            "goes to maildir /var/mail/x/alice (alice@x.test)\n");
  CHECK_STR("explains an extension", explain(table, "alice-w@x.test"),
            "alice-w@x.test: alice-*@x.test has a rule (line 7), the extension is w\n"
            "  maildir /var/mail/x/alice/.w\n"
            "goes to maildir /var/mail/x/alice/.w (alice-w@x.test)\n");
  CHECK_STR("explains an extension passed over", explain(table, "bob+w@old.test"),
            "bob+w@old.test: bob@old.test has a rule (line 14), the extension is w\n"
            "  maildir /var/mail/old/bob\n"
            "goes to maildir /var/mail/old/bob (bob+w@old.test)\n");
  CHECK_STR("explains a catch-all", explain(table, "a=b@all.test"),
            "a=b@all.test: goes by the catch-all @all.test (line 16)\n"
            "  maildir /var/mail/all/all.test/a\n"
            "goes to maildir /var/mail/all/all.test/a (a=b@all.test)\n");
  CHECK_STR("explains a name", explain(table, "hostmaster"),
            "hostmaster: the name has a rule for every domain (line 22)\n"
            "  maildir /var/mail/h/hostmaster\n"
            "goes to maildir /var/mail/h/hostmaster (hostmaster)\n");
  CHECK_STR("explains a stranger", explain(table, "a@b.test"),
            "a@b.test: b.test is not a domain of ours\n"
            "goes to remote b.test (a@b.test)\n");
  CHECK_STR("explains what is no domain", explain(table, "a@b..test"),
            "a@b..test: b..test is not a domain of ours\n");
  CHECK_STR("explains nobody", explain(table, "no\nbody@x.test"),
            "no?body@x.test: nobody here has that name\n");
}

int main(void) {
  route_table_t table;
  table_compile(&table, table_text);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) test_resolve(&table, cases + i);
  for (size_t i = 0; i < sizeof foreign_cases / sizeof *foreign_cases; i++)
    test_foreign(&table, foreign_cases + i);
  test_user(&table);
  test_long(&table);
  test_explain(&table);
  route_close(&table);
  test_terms();
  test_accounts();
  test_owner();
  CHECK_STR("a closed table is an empty one", check(&table, "alice@x.test"), "no domain");
  return unit_done();
}
