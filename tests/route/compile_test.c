/* What route_compile finds in a text, and on which line. */

#include "../unit.h"
#include "table.h"

#define GOOD     "postmaster maildir /p\n"
#define ALICE    "alice@x.test maildir /a\n"
#define LONG_200 TEN("0123456789abcdefghij")
#define TEN(s)   s s s s s s s s s s

typedef struct finding_case {
  char const *name;
  char const *text;
  char const *findings;
} finding_case_t;

static finding_case_t const cases[] = {
    {"an empty text", "", ""},
    {"comments and empty lines", "# one\n\n  \t\n   # two\n", ""},
    {"CRLF line ends", "postmaster maildir /p\r\n@x.test maildir /x\r\n", ""},
    {"no final newline", "@x.test maildir /x", ""},
    {"a comment behind a rule", "@x.test maildir /x # all of them\n", ""},
    {"a # within a word", "a#b@x.test maildir /x/#c\n" GOOD, ""},
    {"a path in quotes", "@x.test maildir \"/my mail/\\\"%u\\\\\"\n", ""},
    {"a quoted local part", "\"a b\"@x.test maildir /x\n" GOOD, ""},
    {"an address literal", "@[192.0.2.1] maildir /x\n", ""},
    {"UTF-8", "\xc3\xa9@\xc3\xa9.test maildir /\xc3\xa9\n" GOOD, ""},
    {"an alias to itself by extension is no circle",
     "a+list@x.test alias a@x.test\na@x.test maildir /a\n" GOOD, ""},
    {"one alias twice", "b@x.test alias alice@x.test alice@x.test\n" ALICE GOOD, ""},
    {"rules in any order", "b@x.test alias alice@x.test\n" ALICE GOOD, ""},
    {"a name as alias", "b@x.test alias postmaster\n" GOOD, ""},
    {"an alias to an extended address", "b@x.test alias alice+b@x.test\n" ALICE GOOD, ""},
    {"separators below the rules", "a-*@x.test maildir /a\n" GOOD "separators - x.test\n", ""},

    /* patterns */
    {"a domain without @", "x.test maildir /x\n",
     "1: x.test has no @; everyone at a domain is @domain\n"},
    {"a domain of one label without @", "\nlocalhost maildir /x/%d/%u\n",
     "2: %d needs a pattern with a domain; everyone at a domain is @domain\n"},
    {"an address of two @", "a@b@c maildir /x\n", "1: a@b@c is not an address\n"},
    {"an address in brackets", "<a@b> maildir /x\n", "1: <a@b> is not an address\n"},
    {"a long local part", LONG_200 "@x.test maildir /x\n",
     "1: " LONG_200 "@x.test is too long for an address\n"},
    {"ill-formed UTF-8", "\xc3@x.test maildir /x\n", "1: \xc3@x.test is not an address\n"},
    {"no domain behind the @", "@ maildir /x\n", "1:  is not a domain\n"},
    {"a bad domain", "@x..test maildir /x\n", "1: x..test is not a domain\n"},
    {"a name with a *", "a* maildir /x\n", "1: a* is neither an address nor a name\n"},
    {"the root as base", "base /\n@x.test maildir x\n", ""},
    {"a base of dots", "base /x/..\n", "1: a path with . or .. in it\n"},
    {"a folder that is the base", "base /x\n@x.test maildir /\n", "2: a path without a folder\n"},
    {"a bad name", "a,b maildir /x\n", "1: a,b is neither an address nor a name\n"},
    {"a * in the middle", "a*b@x.test maildir /x\n",
     "1: a * stands for an extension, as in alice+*@example.test\n"},
    {"a * alone", "*@x.test maildir /x\n",
     "1: a * stands for an extension, as in alice+*@example.test\n"},
    {"a * without a separator", "ab*@x.test maildir /x\n" GOOD,
     "1: b is not a separator at x.test\n"},
    {"an extension where there is none", "separators none\na+*@x.test maildir /x\n" GOOD,
     "2: + is not a separator at x.test\n"},
    {"an address twice", ALICE "\nAlice@X.Test maildir /b\n" GOOD,
     "3: the same pattern is on line 1 already\n"},
    {"a domain twice", "@x.test maildir /x\n@x.test maildir /y\n",
     "2: @x.test is on line 1 already\n"},
    {"a name twice", GOOD GOOD, "2: the same pattern is on line 1 already\n"},
    {"an extension twice", "a+*@x.test maildir /x\na-*@x.test maildir /y\nseparators +-\n" GOOD,
     "2: the same pattern is on line 1 already\n"},

    /* actions */
    {"no action", "a@x.test\n", "1: a pattern without an action\n"},
    {"an unknown action", "a@x.test mailbox /x\n", "1: mailbox is not an action\n"},
    {"no folder", "a@x.test maildir\n", "1: maildir needs a folder\n"},
    {"two folders", "a@x.test maildir /x /y\n", "1: maildir needs a folder\n"},
    {"a relative folder", "a@x.test maildir x\n",
     "1: x is not an absolute path, and no base is set above\n"},
    {"a base below", "a@x.test maildir x\nbase /b\n",
     "1: x is not an absolute path, and no base is set above\n"},
    {"a folder of dots", "a@x.test maildir /x/../y\n", "1: a path with . or .. in it\n"},
    {"the root", "a@x.test maildir //\n", "1: a path without a folder\n"},
    {"an unknown letter", "a@x.test maildir /%s\n",
     "1: %s stands for nothing; a percent sign is %%\n"},
    {"a letter missing", "a@x.test maildir /%\n",
     "1: %  stands for nothing; a percent sign is %%\n"},
    {"an extension that may be missing", "@x.test maildir /%e\n",
     "1: %e needs a pattern like user+*@domain, which always has an extension\n"},
    {"a component that may become too long", "@x.test maildir /" LONG_200 "%u\n",
     "1: this path, or a part of it, becomes too long for some local parts\n"},
    {"a path that may become too long", "@x.test maildir /%u/%u/%u/%u/%u/%u\n",
     "1: this path, or a part of it, becomes too long for some local parts\n"},
    {"no address", "a@x.test alias\n", "1: alias needs addresses\n"},
    {"an alias that is no address", "a@x.test alias b@\n", "1: b@ is not an address\n"},
    {"an alias to no name", "a@x.test alias b\n" GOOD, "1: b has no rule, and would be refused\n"},
    {"an alias to nobody", ALICE "b@x.test alias alice@x.test bob@x.test\n" GOOD,
     "2: bob@x.test has no rule, and would be refused\n"},
    {"an alias to elsewhere", "a@x.test alias a@y.test\n" GOOD,
     "1: a@y.test is not at a domain of this table\n"},
    {"an alias to itself", "a@x.test alias A@x.test\n" GOOD,
     "1: aliases go in a circle, or too many follow each other\n"},
    {"aliases in a circle", "a@x.test alias b@x.test\nb@x.test alias a@x.test\n" GOOD,
     "1: aliases go in a circle, or too many follow each other\n"
     "2: aliases go in a circle, or too many follow each other\n"},
    {"a circle beside a mailbox",
     "a@x.test maildir /a\n alias b@x.test\nb@x.test alias a@x.test\n" GOOD,
     "1: aliases go in a circle, or too many follow each other\n"
     "3: aliases go in a circle, or too many follow each other\n"},
    {"a catch-all that leads to itself", "@x.test alias a@x.test\n",
     "1: aliases go in a circle, or too many follow each other\n"},
    {"a circle through a domain alias", "a@x.test alias a@y.test\n@y.test domain x.test\n" GOOD,
     "1: aliases go in a circle, or too many follow each other\n"},
    {"domains in a circle", "@x.test domain y.test\n@y.test domain x.test\n",
     "1: aliases go in a circle, or too many follow each other\n"
     "2: aliases go in a circle, or too many follow each other\n"},
    {"a domain that is not local", "@x.test domain y.test\n",
     "1: y.test is not a domain of this table\n"},
    {"domain for an address", "a@x.test domain y.test\n",
     "1: domain does not go with this pattern\n"},
    {"domain among others", "@x.test maildir /x\n domain y.test\n",
     "2: domain stands alone in its rule\n"},
    {"others behind domain", "@x.test domain y.test\n maildir /x\n",
     "2: domain stands alone in its rule\n"},
    {"the default is the smart host's", "* maildir /x\n",
     "1: maildir does not go with this pattern\n"},

    /* ways that are no Maildirs */
    {"forward", "a@x.test forward B@y.test c@x.test\n" GOOD, ""},
    {"forward to a name", "a@x.test forward b\n", "1: b has no domain\n"},
    {"pipe", "a@x.test pipe \"/bin/cat -u\"\n" GOOD, ""},
    {"pipe and a Maildir", "a@x.test maildir /a\n pipe /bin/cat\n" GOOD, ""},
    {"pipe without quotes", "a@x.test pipe /bin/cat -u\n",
     "1: pipe needs a command, in quotes if it has blanks\n"},
    {"pipe to nothing", "a@x.test pipe \"\"\n", "1: an empty command\n"},
    {"lmtp", "a@x.test lmtp unix:/run/lmtp\n" GOOD, ""},
    {"lmtp to an address", "a@x.test lmtp [IPv6:2001:db8::1]:24\n" GOOD, ""},
    {"lmtp to no server", "a@x.test lmtp /run/lmtp\n",
     "1: /run/lmtp is not a server: unix:/path, host or host:port\n"},
    {"smarthost", "* smarthost mx.test:587\n", ""},
    {"smarthost for a domain", "@x.test smarthost mx.test\n", ""},
    {"two smart hosts", "* smarthost mx.test\n smarthost mx2.test\n",
     "2: smarthost stands alone in its rule\n"},
    {"a smart host on a unix socket", "* smarthost unix:/run/mx\n",
     "1: unix:/run/mx is not a mail host: host or host:port\n"},
    {"smarthost for an address", "a@x.test smarthost mx.test\n",
     "1: smarthost does not go with this pattern\n"},
    {"a port too high", "* smarthost mx.test:65536\n",
     "1: mx.test:65536 is not a mail host: host or host:port\n"},
    {"port 0", "* smarthost mx.test:0\n", "1: mx.test:0 is not a mail host: host or host:port\n"},

    /* settings */
    {"a relative base", "base x\n", "1: base needs one absolute path\n"},
    {"no base", "base\n", "1: base needs one absolute path\n"},
    {"no separators", "separators\n", "1: separators needs the characters, or none\n"},
    {"a letter as separator", "separators +a\n", "1: a cannot be a separator\n"},
    {"separators twice", "separators +\nseparators -\n",
     "2: separators for all domains are set already\n"},
    {"separators of a domain twice",
     "@x.test maildir /x\nseparators + x.test\nseparators - x.test\n",
     "3: separators for @x.test is on line 2 already\n"},
    {"separators for no domain", "separators + x.test\n",
     "1: separators for @x.test, which has no rule\n"},

    /* lines */
    {"an indented line above all rules", "  maildir /x\n",
     "1: a line that begins with a blank adds to a rule above it\n"},
    {"an indented line behind a setting", GOOD "base /x\n  maildir /x\n",
     "3: a line that begins with a blank adds to a rule above it\n"},
    {"an indented line behind an error", "@x..test maildir /x\n  maildir /x\n",
     "1: x..test is not a domain\n"},
    {"an open quote", "a@x.test maildir \"/x\n", "1: a quote is not closed\n"},
    {"a backslash at the end", "a@x.test maildir \"/x\\\n", "1: a quote is not closed\n"},
    {"a control byte", "a@x.test maildir /x\001\n", "1: has a control byte\n"},
    {"all errors, each with its line", "a@x.test\nb@x.test maildir\n\nc@x.test what\n",
     "1: a pattern without an action\n2: maildir needs a folder\n4: what is not an action\n"},

    /* terms */
    {"a user and a quota", "a@x.test maildir /a user=alice quota=1G\n" GOOD, ""},
    {"in any order", "a@x.test maildir /a quota=500M,100C user=list\n" GOOD, ""},
    {"the user that the address names", "@x.test maildir /home/%u/Maildir user=%u\n" GOOD, ""},
    {"a command's user", "a@x.test pipe \"x y\" user=alice\n" GOOD, ""},
    {"a folder that looks like a term",
     "a@x.test maildir /x/user=a\nbase /x\n"
     "b@x.test maildir quota=1G\n" GOOD,
     ""},
    {"a quota in quotes", "a@x.test maildir /a quota=\"none\"\n" GOOD, ""},
    {"nobody's name", "\na@x.test maildir /a user=carol\n" GOOD, "2: there is no user carol\n"},
    {"root", "a@x.test maildir /a user=root\n" GOOD,
     "1: root is root, whom nothing is delivered as\n"},
    {"no name", "a@x.test maildir /a user=\n", "1:  is not a user's name\n"},
    {"a name with a slash", "a@x.test maildir /a user=a/b\n", "1: a/b is not a user's name\n"},
    {"a letter that does not go with the pattern", "a@x.test maildir /a user=%e\n",
     "1: %e needs a pattern like user+*@domain, which always has an extension\n"},
    {"no quota", "a@x.test maildir /a quota=\n",
     "1:  is not a quota, as 500M, 1G,10000C or none are\n"},
    {"a bad quota", "a@x.test maildir /a quota=1X\n",
     "1: 1X is not a quota, as 500M, 1G,10000C or none are\n"},
    {"two quotas", "a@x.test maildir /a quota=1G quota=2G\n", "1: quota= twice\n"},
    {"a command's quota", "a@x.test pipe x quota=1G\n", "1: quota= does not go with pipe\n"},
    {"a folder behind a term", "a@x.test maildir /a quota=1G /b\n",
     "1: /b does not belong behind maildir's argument\n"},
    {"a server with a term", "a@x.test lmtp x.test user=alice\n", "1: lmtp needs a server\n"},
    {"an alias to somebody who has no account",
     "a@x.test alias carol@y.test alice@y.test\n@y.test maildir /y/%u user=%u\n" GOOD,
     "1: carol@y.test has no rule, and would be refused\n"},

    /* warnings */
    {"no postmaster", "\n" ALICE "b@x.test maildir /b\n@y.test maildir /y\n",
     "2: warning: nobody is postmaster@x.test, and somebody must be (RFC 5321)\n"},
    {"a domain alias has the other's", "@z.test domain x.test\n" ALICE,
     "2: warning: nobody is postmaster@x.test, and somebody must be (RFC 5321)\n"},
    {"a postmaster of its own", "Postmaster@x.test maildir /p\n", ""},
};

static void test_findings(finding_case_t const *example) {
  findings_t findings = {0};
  int fd = memory_file();
  bool wrong = strlen(example->findings) && !strstr(example->findings, "warning");
  int result = route_compile(example->text, strlen(example->text), fd, some_accounts, note_finding,
                             &findings);
  CHECK_STR(example->name, findings.text, example->findings);
  if (result != wrong) CHECK_INT(example->name, result, wrong);
  close(fd);
}

static int compile(char const *text, size_t len, findings_t *findings) {
  int fd = memory_file();
  *findings = (findings_t){0};
  int result = route_compile(text, len, fd, some_accounts, note_finding, findings);
  close(fd);
  return result;
}

static void test_line_length(void) {
  static char const start[] = "@x.test maildir /x #";
  char line[ROUTE_LINE_MAX + 2];
  findings_t findings;
  memset(line, 'c', sizeof line);
  memcpy(line, start, sizeof start - 1);
  line[ROUTE_LINE_MAX] = '\n';
  CHECK_INT("a line of the greatest length", compile(line, ROUTE_LINE_MAX + 1, &findings), 0);
  line[ROUTE_LINE_MAX] = 'c';
  line[ROUTE_LINE_MAX + 1] = '\n';
  CHECK_INT("a line one byte longer", compile(line, ROUTE_LINE_MAX + 2, &findings), 1);
  CHECK_STR("is named", findings.text, "1: longer than 4096 bytes\n");
}

static void test_nul(void) {
  findings_t findings;
  CHECK_INT("a NUL", compile("# \n@x.test maildir /x\0y\n", 24, &findings), 1);
  CHECK_STR("is named with its line", findings.text, "2: has a control byte\n");
}

/* a0 is an alias to a1, and so on; the last has a Maildir. */
static size_t chain_write(char *text, int aliases) {
  char *end = text;
  for (int i = 0; i < aliases; i++) end += sprintf(end, "a%d@x.test alias a%d@x.test\n", i, i + 1);
  end += sprintf(end, "a%d@x.test maildir /a\n" GOOD, aliases);
  return (size_t)(end - text);
}

static void test_depth(void) {
  char text[4096];
  findings_t findings;
  CHECK_INT("aliases as deep as may be",
            compile(text, chain_write(text, ROUTE_DEPTH_MAX), &findings), 0);
  CHECK_INT("one deeper", compile(text, chain_write(text, ROUTE_DEPTH_MAX + 1), &findings), 1);
  CHECK_STR("is named by the first", findings.text,
            "1: aliases go in a circle, or too many follow each other\n");
}

static void test_targets(void) {
  static char text[100 * ROUTE_TARGETS_MAX];
  findings_t findings;
  char *end = text;
  for (int i = 0; i < ROUTE_TARGETS_MAX; i++)
    end += sprintf(end, "%s maildir /m/%d\n", i ? "" : "all@x.test", i);
  end += sprintf(end, GOOD);
  CHECK_INT("targets as many as may be", compile(text, (size_t)(end - text), &findings), 0);
  end += sprintf(end, "more@x.test alias all@x.test\n maildir /m/more\n");
  CHECK_INT("one more", compile(text, (size_t)(end - text), &findings), 1);
  CHECK_STR("is named", findings.text, "1002: too many targets\n");
}

static size_t count_lines(char const *text) {
  size_t count = 0;
  while ((text = strchr(text, '\n'))) count++, text++;
  return count;
}

static void test_many_errors(void) {
  char text[500];
  static findings_t findings;
  memset(text, 'x', sizeof text);
  for (size_t i = 1; i < sizeof text; i += 2) text[i] = '\n';
  CHECK_INT("250 errors", compile(text, sizeof text, &findings), 1);
  CHECK_INT("are told up to a hundred", count_lines(findings.text), 101);
  CHECK("and counted", strstr(findings.text, "\n0: and 150 errors more\n"));
}

static void test_many_rules(void) {
  static findings_t findings;
  char *text = malloc(ROUTE_RULES_MAX * 32u + 64);
  if (!text) abort();
  char *end = text + sprintf(text, GOOD);
  for (int i = 1; i < ROUTE_RULES_MAX; i++) end += sprintf(end, "%d@%d.x maildir /m\n", i, i);
  size_t len = (size_t)(end - text);
  CHECK_INT("rules as many as may be, and as many domains", compile(text, len, &findings), 0);
  end += sprintf(end, "more@x.test maildir /m\nmore@y.test maildir /m\n");
  CHECK_INT("one more", compile(text, (size_t)(end - text), &findings), 1);
  CHECK_STR("is told once", findings.text, "300001: more than 300000 rules\n");
  free(text);
}

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) test_findings(cases + i);
  test_line_length();
  test_nul();
  test_depth();
  test_targets();
  test_many_errors();
  test_many_rules();
  return unit_done();
}
