/* Address lists: the examples of RFC 5322, forms of old, and what is none. */
#include <errno.h>

#include "../unit.h"
#include "mime/mime.h"

/* Writes the addresses with commas between, and what went wrong. */
static char const *walk(char const *list, size_t len) {
  static char out[4096];
  mime_list_t steps;
  mime_mailbox_t mailbox;
  size_t n = 0;
  int found;
  out[0] = 0;
  mime_list_begin(&steps, list, len);
  while ((found = mime_list_next(&steps, &mailbox)) > 0)
    n += (size_t)snprintf(out + n, sizeof out - n, "%s%s", n ? "," : "", mailbox.address);
  if (found < 0)
    snprintf(out + n, sizeof out - n, "%s%s", n ? "," : "", errno == E2BIG ? "E2BIG" : "EINVAL");
  return out;
}

static struct {
  char const *list, *addresses;
} const cases[] = {
    /* RFC 5322 appendix A */
    {"John Doe <jdoe@machine.example>", "jdoe@machine.example"},
    {"\"Joe Q. Public\" <john.q.public@example.com>", "john.q.public@example.com"},
    {"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
     "mary@x.test,jdoe@example.org,one@y.test"},
    {"<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
     "boss@nil.test,sysservices@example.net"},
    {"A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
     "c@a.test,joe@where.test,jdoe@one.test"},
    {"Undisclosed recipients:;", ""},
    {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "pete@silly.test"},
    {"A Group(Some people)\n     :Chris Jones <c@(Chris's host.)public.example>,\n"
     "         joe@example.org,\n  John <jdoe@one.test> (my dear friend); (the end of the group)",
     "c@public.example,joe@example.org,jdoe@one.test"},
    {"(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", ""},
    {"Joe Q. Public <john.q.public@example.com>", "john.q.public@example.com"},
    {"Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
     "mary@example.net,jdoe@test.example"},
    {"John Doe <jdoe@machine(comment).  example>", "jdoe@machine.example"},
    {"Mary Smith\n    \n\t<mary@example.net>", "mary@example.net"},

    /* quoting: where it must be */
    {"\"a b\"@x.test", "\"a b\"@x.test"},
    {"\"ab\"@x.test", "ab@x.test"},
    {"\"a\".\"b\"@x.test", "a.b@x.test"},
    {"\"a.\"@x.test", "\"a.\"@x.test"},
    {"\"a\\\"\\\\b\"@x.test", "\"a\\\"\\\\b\"@x.test"},
    {"\"a\\b\"@x.test", "ab@x.test"},
    {"\"\"@x.test", "\"\"@x.test"},
    {"\"a@b\"@x.test", "\"a@b\"@x.test"},
    {"\"a\n\tb\"@x.test", "\"a b\"@x.test"},
    {"\"<x@y>, z\" <a@b.test>", "a@b.test"},

    /* domains */
    {"a@[192.0.2.1]", "a@[192.0.2.1]"},
    {"a@[ IPv6:\n 2001:db8::1 ]", "a@[IPv6:2001:db8::1]"},
    {"a@[\\1]", "a@[1]"},
    {"a@[1\\]]", "EINVAL"},
    {"a@[1", "EINVAL"},
    {"a@x.", "EINVAL"},
    {"a@.x", "EINVAL"},
    {"a@x..y", "EINVAL"},
    {"a@", "EINVAL"},
    {"a@\"x\"", "EINVAL"},
    {"a@x y", "EINVAL"},
    {"a@x@y", "EINVAL"},

    /* routes, as they were */
    {"<@a,@b:c@d>", "c@d"},
    {"< , @a ,, @b : c@d >", "c@d"},
    {"<@a:@b:c@d>", "EINVAL"},
    {"<@a c@d>", "EINVAL"},
    {"@a:c@d", "EINVAL"},

    /* local parts */
    {"root", "root"},
    {"root, Joe <joe>", "root,joe"},
    {"a . b @ c . d", "a.b@c.d"},
    {"a b@c", "EINVAL"},
    {"a..b@c", "EINVAL"},
    {".a@c", "EINVAL"},
    {"a.@c", "EINVAL"},
    {"@c", "EINVAL"},
    {".", "EINVAL"},
    {"...", "EINVAL"},
    {"a b", "EINVAL"},
    {"<>", "EINVAL"},
    {"j\xc3\xb6rg@b\xc3\xbc"
     "cher.example",
     "j\xc3\xb6rg@b\xc3\xbc"
     "cher.example"},

    /* lists and groups */
    {"", ""},
    {" \n\t(nobody) ", ""},
    {",,a@b,,c@d,", "a@b,c@d"},
    {"a@b c@d", "EINVAL"},
    {"a@b;", "EINVAL"},
    {"a@b; c@d", "EINVAL"},
    {"g:a@b", "EINVAL"},
    {"g:a@b;, c@d", "a@b,c@d"},
    {"g:a@b; h: c@d; e@f", "a@b,c@d,e@f"},
    {"g:h:a@b;;", "EINVAL"},
    {"g:,a@b,;", "a@b"},
    {"\"g\": a@b;", "a@b"},
    {":a@b;", "EINVAL"},
    {"g:", "EINVAL"},
    {";", "EINVAL"},

    /* whom would it be from? */
    {"a@b <c@d>", "EINVAL"},
    {"a@b <A@b>, c@d", "a@b,c@d"},
    {"a@b <a@b> <a@b>", "EINVAL"},
    {"<a@b> <c@d>", "EINVAL"},
    {"<a@b> c@d", "EINVAL"},
    {"<a@b", "EINVAL"},
    {"a@b>", "EINVAL"},
    {"<<a@b>>", "EINVAL"},
    {"a@b (c", "EINVAL"},
    {"(c a@b", "EINVAL"},
    {"\"a@b", "EINVAL"},
    {"a\\b@c", "EINVAL"},
    {"x y <a@b>, c <d", "a@b,EINVAL"},
};

static void names(void) {
  static char const list[] = " \"Doe, J.\" (x) Jr . <a . b (y) @ c>, d@e";
  mime_list_t steps;
  mime_mailbox_t mailbox;
  mime_list_begin(&steps, list, sizeof list - 1);
  mime_list_next(&steps, &mailbox);
  CHECK_MEM("a display name as it stands", mailbox.name, mailbox.name_len, "\"Doe, J.\" (x) Jr .",
            18);
  CHECK_INT("the local part's length", mailbox.local_len, 3);
  CHECK("where the local part ends", !strncmp(mailbox.local_end, " (y) @", 6));
  mime_list_next(&steps, &mailbox);
  CHECK("no display name", !mailbox.name && !mailbox.name_len);
}

static void bytes(void) {
  CHECK_STR("a NUL", walk("a@b\0,c@d", 8), "EINVAL");
  CHECK_STR("a NUL in quotes", walk("\"a\0\"@b", 6), "EINVAL");
  CHECK_STR("a control", walk("a\001@b", 4), "EINVAL");
  CHECK_STR("a control in quotes", walk("\"\x7f\"@b", 5), "EINVAL");
  CHECK_STR("an escaped one", walk("\"\\\001\"@b", 6), "EINVAL");
  CHECK_STR("a bare CR", walk("a\r@b", 4), "EINVAL");
  CHECK_STR("one in quotes", walk("\"a\rb\"@b", 7), "EINVAL");
  CHECK_STR("one with its LF", walk("\"a\r\n b\"@\r\n b", 12), "\"a b\"@b");
  CHECK_STR("a backslash at the end", walk("\"\\", 2), "EINVAL");
}

static void caps(void) {
  static char list[3 * MIME_ADDRESS_MAX];
  memset(list, 'a', sizeof list);
  list[MIME_ADDRESS_MAX - 2] = '@';
  CHECK_INT("the longest address", strlen(walk(list, MIME_ADDRESS_MAX)), MIME_ADDRESS_MAX);
  CHECK_STR("one byte more", walk(list, MIME_ADDRESS_MAX + 1), "E2BIG");
  memset(list, 'a', sizeof list);
  CHECK_STR("a local part too long", walk(list, sizeof list), "E2BIG");
  memcpy(list + sizeof list - 6, " <a@b>", 6);
  CHECK_STR("a long name is none of it", walk(list, sizeof list), "a@b");
  memset(list, '\\', sizeof list);
  list[0] = list[1201] = '"';
  CHECK_STR("grown by its quoting", walk(list, 1202), "E2BIG");
}

static void failures_stay(void) {
  mime_list_t steps;
  mime_mailbox_t mailbox;
  mime_list_begin(&steps, "a@b, c@d e", 10);
  CHECK_INT("a good one", mime_list_next(&steps, &mailbox), 1);
  CHECK_INT("a bad one", mime_list_next(&steps, &mailbox), -1);
  CHECK_INT("it stays bad", mime_list_next(&steps, &mailbox), -1);
}

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    CHECK_STR(cases[i].list, walk(cases[i].list, strlen(cases[i].list)), cases[i].addresses);
  names();
  bytes();
  caps();
  failures_stay();
  return unit_done();
}
