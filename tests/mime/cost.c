/* What hostile input costs, for cost.sh, which has the library's sources compiled with this: every
   branch they take is counted, so that the count is the same every time, and the functions of libc
   that they call are here, to be counted too. Twice the input is at most 2.1 times the work, for
   every form that invites to more. */

#include "../counted.h"
#include "../unit.h"
#include "mime/mime.h"

#define SMALL     ((size_t)100000) /* bytes; then twice and four times as many */
#define INPUT_MAX (4 * SMALL)

static char input[INPUT_MAX], output[INPUT_MAX];

/* ---- what is done with it -------------------------------------------------------------------- */

static void walk_fields(size_t len) {
  mime_field_t field;
  for (size_t at = 0; mime_field_next(input, len, &at, &field) > 0;)
    mime_field_width(input, &field);
}

static void walk_list(size_t len) {
  mime_list_t list;
  mime_mailbox_t mailbox;
  mime_list_begin(&list, input, len);
  while (mime_list_next(&list, &mailbox) > 0) continue;
}

static void read_date(size_t len) {
  int64_t seconds;
  int zone;
  mime_date_parse(&seconds, &zone, input, len);
}

static void read_id(size_t len) {
  mime_id_valid(input, len);
}

static void decode_text(size_t len) {
  mime_text_decode(output, sizeof output, input, len);
}

static void decode_phrase(size_t len) {
  mime_phrase_decode(output, sizeof output, input, len);
}

/* The input is begin, and then part over and over. */
static struct {
  char const *name;
  void (*run)(size_t len);
  char const *begin, *part;
} const cases[] = {
    {"many fields", walk_fields, "", "A: b\n"},
    {"one field of many lines", walk_fields, "A:\n", " b\n"},
    {"a line without a colon", walk_fields, "", "A"},
    {"blanks where a colon should be", walk_fields, "A", " "},
    {"many addresses", walk_list, "", "a@b,"},
    {"many mailboxes", walk_list, "", "\"a b\" c <d.e@f.g> (h),\n "},
    {"many commas", walk_list, "", ","},
    {"many groups", walk_list, "", "a:b@c;,"},
    {"many colons", walk_list, "", "a:"},
    {"deep comments", walk_list, "", "("},
    {"many comments", walk_list, "", "(a)"},
    {"comments between dots", walk_list, "a", ".(b)c"},
    {"a long name", walk_list, "", "a "},
    {"a long route", walk_list, "<", "@a,"},
    {"many angles", walk_list, "", "<"},
    {"a long quoted string", walk_list, "\"", "\\a"},
    {"a long literal", walk_list, "a@[", " "},
    {"comments in a date", read_date, "1 Jan", "(a)"},
    {"blanks in a date", read_date, "1", "\n "},
    {"a long id", read_id, "<a", ".b"},
    {"encoded words", decode_text, "", "=?utf-8?q?=C3=BC?= "},
    {"in two charsets", decode_text, "", "=?utf-8?q?a?= =?gb2312?q?a?= "},
    {"beginnings of encoded words", decode_text, "", "=?"},
    {"words without an end", decode_text, "", "=?utf-8?q?"},
    {"words with a blank without an end", decode_text, "", "=?utf-8?b?a a "},
    {"blanks between words", decode_text, "=?utf-8?q?a?=", " "},
    {"a name's comments", decode_phrase, "a", "((b)"},
    {"a name's quotes", decode_phrase, "", "\"a\""},
};

static void fill(char const *begin, char const *part, size_t len) {
  size_t const begin_len = strlen(begin), part_len = strlen(part);
  for (size_t i = 0; i < len; i++)
    input[i] = i < begin_len ? begin[i] : part[(i - begin_len) % part_len];
}

static unsigned long cost(void (*run)(size_t len), size_t len) {
  counted_branches = 0;
  run(len);
  return counted_branches;
}

static void check_growth(size_t i) {
  unsigned long costs[3];
  fill(cases[i].begin, cases[i].part, INPUT_MAX);
  for (size_t k = 0; k < 3; k++) costs[k] = cost(cases[i].run, SMALL << k);
  bool const linear = costs[1] * 10 <= costs[0] * 21 && costs[2] * 10 <= costs[1] * 21;
  if (!unit_case(cases[i].name, linear && costs[0]))
    fprintf(stderr, "  %lu, %lu, %lu branches\n", costs[0], costs[1], costs[2]);
}

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_growth(i);
  return unit_done();
}
