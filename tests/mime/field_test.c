/* Header fields where they lie: what they are named, where they end, where the header ends. */
#include "../unit.h"
#include "mime/mime.h"

/* Writes "name=value|" for each field, then how the header ended and where. */
static char const *walk(char const *message) {
  static char out[1024];
  size_t len = strlen(message), at = 0, n = 0;
  mime_field_t field;
  int found;
  while ((found = mime_field_next(message, len, &at, &field)) > 0)
    n += (size_t)snprintf(out + n, sizeof out - n, "%.*s=%.*s|", (int)field.name_len,
                          message + field.begin, (int)(field.value_end - field.value_begin),
                          message + field.value_begin);
  snprintf(out + n, sizeof out - n, "%s at %zu", found ? "garbage" : "end", at);
  return out;
}

static struct {
  char const *name, *message, *fields;
} const cases[] = {
    {"a header and a body", "A: 1\nB: 2\n\nbody: x\n", "A= 1|B= 2|end at 11"},
    {"no message", "", "end at 0"},
    {"no header", "\nbody\n", "end at 1"},
    {"a header alone", "A: 1\n", "A= 1|end at 5"},
    {"a last line without its end", "A: 1", "A= 1|end at 4"},
    {"folds belong to the value", "A: 1\n 2\n\t3\nB: 4\n", "A= 1\n 2\n\t3|B= 4|end at 16"},
    {"a line of blanks goes on with its field", "A: 1\n \nB: 2\n", "A= 1\n |B= 2|end at 12"},
    {"CRLF", "A: 1\r\n 2\r\nB: 3\r\n\r\nx", "A= 1\r\n 2|B= 3|end at 18"},
    {"an empty value", "A:\nB:\n", "A=|B=|end at 6"},
    {"a blank before the colon", "A : 1\n", "A= 1|end at 6"},
    {"colons in the value", "A: b: c\n", "A= b: c|end at 8"},
    {"mbox's line", "From me Mon\nA: 1\n", "garbage at 0"},
    {"garbage", "A: 1\nwhat\nB: 2\n\n", "A= 1|garbage at 5"},
    {"a blank in a name", "A: 1\nB c: 2\n", "A= 1|garbage at 5"},
    {"a fold of nothing", " A: 1\n", "garbage at 0"},
    {"no name", ": 1\n", "garbage at 0"},
    {"a name is ASCII", "\xc3\xa4: 1\n", "garbage at 0"},
    {"a colon on the next line is none", "A\n : 1\n", "garbage at 0"},
    {"a name without an end", "Subject", "garbage at 0"},
};

static void names(void) {
  char const message[] = "Message-Id : x\n";
  mime_field_t field;
  size_t at = 0;
  CHECK_INT("a field", mime_field_next(message, sizeof message - 1, &at, &field), 1);
  CHECK("case is no matter", mime_field_is(message, &field, "Message-ID"));
  CHECK("a beginning of it", !mime_field_is(message, &field, "Message"));
  CHECK("more than it", !mime_field_is(message, &field, "Message-IDs"));
}

static void widths(void) {
  char const message[] = "A: 123\r\n 45678901\r\n 2\r\n";
  mime_field_t field;
  size_t at = 0;
  mime_field_next(message, sizeof message - 1, &at, &field);
  CHECK_INT("the longest line, without its end", mime_field_width(message, &field), 9);
}

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    CHECK_STR(cases[i].name, walk(cases[i].message), cases[i].fields);
  names();
  widths();
  return unit_done();
}
