/* What others think: the test data in TESTDATA, read in place, and Python's email package
   (tests/mime/_data.py says what a case is). */
#include <unistd.h>

#include "../unit.h"
#include "mime/mime.h"

#define LINE_SIZE (1u << 20) /* of a case */

/* Where we differ, and why. part is of the case's name; wanted is what we say instead of what they
   say, NULL for what is looked at elsewhere. */
static struct {
  char const *part, *wanted, *why;
} const differences[] = {
    {"ISEMAIL_ERR_DOMAINHYPHEN", "good", "an atom may begin and end so: SMTP's domains may not"},
    {"99_ISEMAIL_ERR_EXPECTING_ATEXT", "good", "RFC 6532: UTF-8 is atext"},
    {"160_ISEMAIL_ERR_EXPECTING_QPAIR", "good", "RFC 6532: UTF-8 is quoted"},
    {"ISEMAIL_DEPREC_Q", "bad", "controls in quotes, which are obsolete and nobody's address"},
    {"115_ISEMAIL_RFC5322_DOMLIT", "bad", "a control in a literal, which SMTP cannot say"},
    {"117_ISEMAIL_RFC5322_DOMLIT", "bad", "a bracket in a literal, which SMTP cannot say"},
    {"130_ISEMAIL_ERR_CR_NO_LF", "good", "a comment may hold anything"},
    {"131_ISEMAIL_ERR_CR_NO_LF", "good", "a comment may hold anything"},
    {"ISEMAIL_ERR_FWS_CRLF", "good", "where lines end a field, fields are told apart before"},
    {"132_ISEMAIL_ERR_EXPECTING_ATEXT", "good", "a LF is a line's end"},
    {"133_ISEMAIL_ERR_EXPECTING_QTEXT", "good", "a LF is a line's end"},
    {"135_ISEMAIL_ERR_EXPECTING_CTEXT", "good", "a LF is a line's end"},
    {"Pete(A_nice_\\_)_chap)", "none", "a backslash takes the blank of a fold, not what is behind"},
    {"<a@b.com>_=?utf-8?q?Doe?=", "none", "a display name stands in front"},
    {"20_11_(some", "none", "months have names"},
    {"_4_8_15_16_23_42", "none", "months have names"},
    {"Tue,_1_Jul_2003_((invalid)", "1057049557",
     "a line that goes on without a blank is no date's"},
    {"by_2002:aa7", "none", "a Received field is no date"},
    {"EST5EDT", "none", "a zone has a number or a name"},
    {"Fwd:_Saying_Hello", "Fwd:  Saying  Hello", "unfolding keeps blanks, RFC 5322 2.2.3"},
    {"FWD:_Saying_Hello", "FWD:  Saying Hello", "unfolding keeps blanks"},
    {"from_x.y.test", NULL, "unfolding keeps blanks"},
    {"to_break_=?_the_parser", "let's = try =?iso-8859-1? to break =? the  parser",
     "unfolding keeps blanks"},
    {"VGhpcyBpcyB0aGUgb3JpZ2luYWwgc3ViamVjdA", "[SUSPECTED SPAM]This is the original subject",
     "no blank is put in"},
    {"Some_text_", "Some text here", "no blank is put in"},
    {"Hello__there", NULL, "a fold in an encoded word"},
    {"VGhpcyBpcyB0aGUgb_3", NULL, "a fold in an encoded word"},
    {"obsolete.msg", "Subject\nDate", "blanks may stand before a colon, RFC 5322 4.5"},
    {"msg_25.txt", "", "mbox's line ends the header"},
    {"msg_43.txt", "", "mbox's line ends the header"},
};

/* ---- what we say ----------------------------------------------------------------------------- */

static char answer[LINE_SIZE];

static void put_line(char const *s, size_t len) {
  size_t const n = strlen(answer);
  snprintf(answer + n, sizeof answer - n, "%s%.*s", n ? "\n" : "", (int)len, s);
}

/* The first field's value. */
static void first_value(char const **value, size_t *len) {
  static char message[LINE_SIZE];
  size_t const n = (size_t)snprintf(message, sizeof message, "X:%.*s", (int)*len, *value);
  size_t at = 0;
  mime_field_t field;
  if (mime_field_next(message, n, &at, &field) != 1) return;
  *value = message + field.value_begin;
  *len = field.value_end - field.value_begin;
}

static void say_list(char const *s, size_t len) {
  mime_list_t list;
  mime_mailbox_t mailbox;
  int found;
  first_value(&s, &len);
  mime_list_begin(&list, s, len);
  while ((found = mime_list_next(&list, &mailbox)) > 0) put_line(mailbox.address, mailbox.len);
  if (found < 0) strcpy(answer, "none");
}

/* One address with a domain. */
static void say_address(char const *s, size_t len) {
  mime_list_t list;
  mime_mailbox_t first, second;
  mime_list_begin(&list, s, len);
  bool const good = mime_list_next(&list, &first) == 1 && first.len > first.local_len &&
                    mime_list_next(&list, &second) == 0;
  strcpy(answer, good ? "good" : "bad");
}

static void say_date(char const *s, size_t len) {
  int64_t seconds;
  int zone;
  if (mime_date_parse(&seconds, &zone, s, len) < 0)
    strcpy(answer, "none");
  else
    snprintf(answer, sizeof answer, "%" PRId64, seconds);
}

static void say_text(char const *s, size_t len) {
  first_value(&s, &len);
  mime_text_decode(answer, sizeof answer, s, len);
}

static void say_fields(char const *s, size_t len) {
  mime_field_t field;
  for (size_t at = 0; mime_field_next(s, len, &at, &field) > 0;)
    put_line(s + field.begin, field.name_len);
}

static struct {
  char const *name;
  void (*say)(char const *s, size_t len);
} const kinds[] = {{"list", say_list},
                   {"address", say_address},
                   {"date", say_date},
                   {"text", say_text},
                   {"fields", say_fields}};

/* ---- cases ----------------------------------------------------------------------------------- */

/* Decodes "-6162" in place. */
static char *hex_decode(char *hex, size_t *len) {
  char *out = hex;
  *len = 0;
  for (hex++; hex[0] && hex[1]; hex += 2) {
    char const byte[] = {hex[0], hex[1], '\0'};
    out[(*len)++] = (char)strtoul(byte, NULL, 16);
  }
  return out;
}

static void check_case(char const *kind, char const *name, char *given, char *wanted) {
  size_t given_len, wanted_len;
  given = hex_decode(given, &given_len);
  wanted = hex_decode(wanted, &wanted_len);
  answer[0] = 0;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (!strcmp(kinds[i].name, kind)) kinds[i].say(given, given_len);
  for (size_t i = 0; i < sizeof differences / sizeof *differences; i++) {
    if (!strstr(name, differences[i].part)) continue;
    if (differences[i].wanted) CHECK_STR(differences[i].why, answer, differences[i].wanted);
    return;
  }
  CHECK_MEM(name, answer, strlen(answer), wanted, wanted_len);
}

static void check_set(char const *set) {
  static char line[LINE_SIZE];
  char command[128];
  size_t count = 0;
  snprintf(command, sizeof command, "python3 tests/mime/_data.py %s", set);
  FILE *cases = popen(command, "r"); // NOLINT(cert-env33-c): a command of ours
  while (cases && fgets(line, sizeof line, cases)) {
    char const *kind = strtok(line, " "), *name = strtok(NULL, " ");
    char *given = strtok(NULL, " "), *wanted = strtok(NULL, "\n");
    if (wanted) check_case(kind, name, given, wanted);
    count++;
  }
  CHECK("the cases were read", cases && !pclose(cases) && count);
}

int main(void) {
  static char const *const folders[][2] = {{"isemail", "addr-isemail"},
                                           {"mailparser", "mime-mailparser-headers"},
                                           {"messages", "mime-mime4j"}};
  char const *data = getenv("TESTDATA");
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", data ? data : "../shared/data", folders[i][1]);
    if (access(path, R_OK))
      unit_skip(path);
    else
      check_set(folders[i][0]);
  }
  check_set("python");
  return unit_done();
}
