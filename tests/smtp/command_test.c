/* Command lines: RFC 5321 4.1.1. */

#include <errno.h>

#include "../unit.h"
#include "smtp/smtp.h"

typedef struct split {
  char const *line;
  char const *verb; /* NULL: refused */
  char const *argument;
} split_t;

static split_t const splits[] = {
    {"QUIT", "QUIT", ""},
    {"quit", "quit", ""},
    {"QUIT  ", "QUIT", ""},
    {"QUIT \t", "QUIT", ""},
    {"MAIL FROM:<a@b> SIZE=1", "MAIL", "FROM:<a@b> SIZE=1"},
    {"MAIL   FROM:<a@b>\t ", "MAIL", "FROM:<a@b>"},
    {"EHLO\tmail.example", "EHLO", "mail.example"},
    {"", "", ""},
    {"  ", "", ""},
    {" QUIT", "", "QUIT"},
    {"FOO-1 x", "FOO-1", "x"},
    {"RCPT TO:<\xc3\xa9@b>", "RCPT", "TO:<\xc3\xa9@b>"},
    {"QU\001IT", NULL, NULL},
    {"QUIT\r", NULL, NULL},
    {"EHLO a\177", NULL, NULL},
    {"EHLO a\nb", NULL, NULL},
    {"\xc3\xa9", NULL, NULL},
    {"QUIT\xff", NULL, NULL},
};

static void check_split(split_t const *c) {
  smtp_command_t command;
  int got = smtp_command_parse(&command, c->line, strlen(c->line));
  if (!c->verb) {
    CHECK("refuses a control or 8-bit byte", got == -1 && errno == EINVAL);
  } else {
    CHECK_MEM(c->line, command.verb, command.verb_len, c->verb, strlen(c->verb));
    CHECK_MEM("its argument", command.argument, command.argument_len, c->argument,
              strlen(c->argument));
  }
}

typedef struct find {
  char const *argument;
  char const *word;
  ssize_t at;
} find_t;

static find_t const finds[] = {
    {"FROM:<a@b>", "FROM:", 5}, {"from:<a@b>", "FROM:", 5},    {"FrOm: <a@b>", "FROM:", 6},
    {"TO:a@b X", "TO:", 3},     {"FROM:  <a@b>", "FROM:", -1}, {"FROM: \t<a@b>", "FROM:", -1},
    {"FROM:", "FROM:", -1},     {"FROM: ", "FROM:", -1},       {"FROM", "FROM:", -1},
    {"", "FROM:", -1},          {"FROM :<a@b>", "FROM:", -1},  {"FROM<a@b>", "FROM:", -1},
    {"TO:<a@b>", "FROM:", -1},  {"<a@b>", "FROM:", -1},
};

int main(void) {
  smtp_command_t command;
  for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) check_split(&splits[i]);
  CHECK("refuses a NUL", smtp_command_parse(&command, "QUIT\0", 5) == -1 && errno == EINVAL);
  for (size_t i = 0; i < sizeof finds / sizeof *finds; i++) {
    char name[64];
    snprintf(name, sizeof name, "the path of \"%s\"", finds[i].argument);
    CHECK_INT(name, smtp_path_find(finds[i].argument, strlen(finds[i].argument), finds[i].word),
              finds[i].at);
  }
  CHECK("a word in any case", smtp_word_is("sIzE", 4, "SIZE"));
  CHECK("not its start", !smtp_word_is("SIZ", 3, "SIZE"));
  CHECK("not a longer one", !smtp_word_is("SIZES", 5, "SIZE"));
  CHECK("nor with a NUL", !smtp_word_is("SIZ\0", 4, "SIZE"));
  CHECK("the empty word", smtp_word_is("", 0, ""));
  CHECK("one of a list's", smtp_list_has("FAILURE,delay", "DELAY"));
  CHECK("its first", smtp_list_has("FAILURE,DELAY", "FAILURE"));
  CHECK("not a part of one", !smtp_list_has("FAILURE,DELAYS", "DELAY"));
  CHECK("not two of them", !smtp_list_has("FAILURE,DELAY", "FAILURE,DELAY"));
  CHECK("an empty list has none", !smtp_list_has("", "DELAY"));
  return unit_done();
}
