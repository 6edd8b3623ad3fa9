#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "dsn/internal.h"
#include "text/text.h"

enum { LINE_MAX_BYTES = 500, INDENT_MAX = 40 };

/* In the order of the page bounce-texts(5). */
static struct {
  char const *name, *text;
} const table[] = {
    {"from", "Mail Delivery System"},

    {"failed", "Your message could not be delivered\n"
               "This is the mail system of ${me}.\n"
               "\n"
               "Your message of ${date}\n"
               "    ${subject}\n"
               "could not be delivered to everyone. This is what became of it:\n"
               "\n"
               "${report}\n"
               "\n"
               "Your message, or its header, is attached.\n"
               "If you need help, write to ${postmaster} and say that this was ${id}."},
    {"delayed", "Your message is delayed\n"
                "This is the mail system of ${me}.\n"
                "\n"
                "Your message of ${date}\n"
                "    ${subject}\n"
                "has not reached everyone yet. You need not send it again: we keep trying.\n"
                "\n"
                "${report}\n"
                "\n"
                "If you need help, write to ${postmaster} and say that this was ${id}."},
    {"expanded", "Your message was sent to a list\n"
                 "This is the mail system of ${me}.\n"
                 "\n"
                 "You wanted to be told of your message of ${date}\n"
                 "    ${subject}\n"
                 "\n"
                 "${report}"},
    {"relayed", "Your message was passed on\n"
                "This is the mail system of ${me}.\n"
                "\n"
                "You wanted to be told of your message of ${date}\n"
                "    ${subject}\n"
                "\n"
                "${report}"},
    {"delivered", "Your message was delivered\n"
                  "This is the mail system of ${me}.\n"
                  "\n"
                  "You wanted to be told of your message of ${date}\n"
                  "    ${subject}\n"
                  "\n"
                  "${report}"},
    {"double", "A notice could not be delivered\n"
               "This is the mail system of ${me}.\n"
               "\n"
               "A message without a sender, most likely a notice, of ${date}\n"
               "    ${subject}\n"
               "could not be delivered, and there is no one else who could be told:\n"
               "\n"
               "${report}\n"
               "\n"
               "The message was ${id}, and is attached, or its header."},

    {"recipients failed", "${recipients}\n"
                          "    Not delivered. ${reason}\n"
                          "    ${expired}\n"
                          "    ${remote} answered:\n"
                          "        ${words}"},
    {"recipients delayed", "${recipients}\n"
                           "    Not delivered yet. ${reason}\n"
                           "    ${remote} answered:\n"
                           "        ${words}\n"
                           "    It is tried until ${until}."},
    {"recipients expanded",
     "${recipients}\n"
     "    Sent on to everyone on this list. You will not be told who has it."},
    {"recipients relayed", "${recipients}\n"
                           "    Passed on to a host that does not tell what becomes of it.\n"
                           "    ${remote} answered:\n"
                           "        ${words}"},
    {"recipients delivered", "${recipients}\n"
                             "    Delivered.\n"
                             "    ${remote} answered:\n"
                             "        ${words}"},
    {"expired", "It was tried again and again until its time was up."},

    {"reason 0", "The reason is not known more closely."},
    {"reason 1", "Something is wrong with the address."},
    {"reason 1.1", "There is no such address at this domain."},
    {"reason 1.2", "There is no such mail domain."},
    {"reason 1.3", "This is not how an address is written."},
    {"reason 1.4", "The address is not clear: several could be meant."},
    {"reason 1.6", "The mailbox has moved, and no one said where."},
    {"reason 1.7", "The sender's address is not written rightly."},
    {"reason 1.8", "The domain of the sender's address was not found."},
    {"reason 1.10", "The domain takes no mail."},
    {"reason 2", "Something is wrong with the mailbox."},
    {"reason 2.1", "The mailbox is closed."},
    {"reason 2.2", "The mailbox is full."},
    {"reason 2.3", "The message is too large for this mailbox."},
    {"reason 2.4", "The mailing list could not be sent to."},
    {"reason 3", "The receiving mail system has a problem of its own."},
    {"reason 3.1", "The receiving mail system has no room left."},
    {"reason 3.2", "The receiving mail system takes no mail at the moment."},
    {"reason 3.4", "The message is too large for the receiving mail system."},
    {"reason 4", "The receiving mail system could not be reached."},
    {"reason 4.1", "The receiving mail system does not answer."},
    {"reason 4.2", "The connection to the receiving mail system was lost."},
    {"reason 4.3", "The name service does not answer."},
    {"reason 4.4", "No way to the receiving mail system was found."},
    {"reason 4.5", "The receiving mail system is too busy."},
    {"reason 4.6", "The message went round in circles."},
    {"reason 4.7", "The message could not be delivered in time."},
    {"reason 5", "The mail systems did not understand each other."},
    {"reason 5.3", "The message has too many recipients."},
    {"reason 6", "The receiving mail system cannot take what is in the message."},
    {"reason 6.7", "The receiving mail system cannot take addresses with such letters."},
    {"reason 7", "The receiving mail system refused the message."},
    {"reason 7.1", "The receiving mail system refused the message."},
    {"reason 7.8", "The receiving mail system did not accept our login."},
    {"reason 7.20", "No signature (DKIM) of the message was found to be right."},
    {"reason 7.23", "The sending host is not one that the sender's domain allows (SPF)."},
    {"reason 7.25", "The sending host has no name (reverse DNS)."},
    {"reason 7.26", "The message's origin could not be proved by several checks."},
};
#define TEXTS (sizeof table / sizeof *table)
_Static_assert(TEXTS <= DSN_TEXTS, "dsn_texts_t has a place for each");

/* An index of table, or TEXTS. */
static size_t find(char const *name, size_t len) {
  size_t i = 0;
  while (i < TEXTS && !dsn_names(name, len, table[i].name)) i++;
  return i;
}

char const *dsn_text(dsn_texts_t const *texts, char const *name) {
  size_t const i = find(name, strlen(name));
  if (i == TEXTS) return NULL;
  return texts && texts->text[i] ? texts->text[i] : table[i].text;
}

/* ---- checking ------------------------------------------------------------------------------- */

static char const *const variables[] = {"me",     "postmaster", "sender",     "subject", "date",
                                        "id",     "report",     "recipients", "reason",  "expired",
                                        "remote", "words",      "until"};

static bool is_variable(char const *name, size_t len) {
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
    if (dsn_names(name, len, variables[i])) return true;
  return false;
}

static char const *check_variables(char const *line) {
  for (char const *s = line; (s = strstr(s, "${"));) {
    size_t const len = strcspn(s + 2, "}");
    if (!s[2 + len]) return "a variable without its brace";
    if (!is_variable(s + 2, len)) return "no variable has this name";
    bool const alone = !s[3 + len] && strspn(line, " ") == (size_t)(s - line);
    bool const is_list = dsn_names(s + 2, len, "report") || dsn_names(s + 2, len, "recipients");
    if (is_list && !alone) return "this variable wants a line of its own";
    s += 3 + len;
  }
  return NULL;
}

/* NULL, or what is wrong. */
static char const *check_line(char const *line, size_t len) {
  if (len > LINE_MAX_BYTES) return "the line is too long";
  if (!dsn_is_utf8(line, len)) return "this is not UTF-8";
  for (size_t i = 0; i < len; i++)
    if (is_control(line[i])) return "a control character";
  if (strspn(line, " ") > INDENT_MAX) return "the line begins too far to the right";
  return check_variables(line);
}

/* ---- parsing -------------------------------------------------------------------------------- */

typedef struct parser {
  dsn_texts_t *texts;
  size_t current; /* index of table, or TEXTS before the first name */
  char *out;      /* behind the text at hand: never beyond what was read */
} parser_t;

/* A text must have the lists in it that our own has. */
static char const *lack_of(char const *own, char const *text) {
  if (strstr(own, "${report}") && !strstr(text, "${report}"))
    return "the text before lacks ${report}";
  if (strstr(own, "${recipients}") && !strstr(text, "${recipients}"))
    return "the text before lacks ${recipients}";
  return NULL;
}

/* Ends the text at hand, without empty lines behind it. */
static char const *end_text(parser_t *parser) {
  if (parser->current == TEXTS) return NULL;
  char const *begin = parser->texts->text[parser->current];
  while (parser->out > begin && parser->out[-1] == '\n') parser->out--;
  *parser->out++ = 0;
  return lack_of(table[parser->current].text, begin);
}

/* "[name]" */
static char const *take_name(parser_t *parser, char const *line, size_t len) {
  size_t const i = line[len - 1] == ']' ? find(line + 1, len - 2) : TEXTS;
  char const *error = end_text(parser);
  if (error) return error;
  if (i == TEXTS) return "no text has this name";
  if (parser->texts->text[i]) return "this text was given before";
  parser->current = i;
  parser->texts->text[i] = parser->out;
  return NULL;
}

static char const *take_line(parser_t *parser, char const *line, size_t len) {
  if (*line == '#') return NULL;
  char const *error = check_line(line, len);
  if (error) return error;
  if (*line == '[') return take_name(parser, line, len);
  if (parser->current == TEXTS) return *line ? "a text needs its name first: [name]" : NULL;
  memmove(parser->out, line, len);
  parser->out += len;
  *parser->out++ = '\n';
  return NULL;
}

size_t dsn_texts_parse(dsn_texts_t *texts, char *bytes, size_t len, char const **error) {
  parser_t parser = {texts, TEXTS, bytes};
  *texts = (dsn_texts_t){0};
  *error = len > DSN_TEXTS_MAX ? "the file is too long" : memchr(bytes, 0, len) ? "a NUL" : NULL;
  bytes[len] = 0;
  size_t number = 1;
  for (char *line = bytes; !*error && line < bytes + len; number++) {
    size_t const line_len = strcspn(line, "\n");
    line[line_len] = 0;
    *error = take_line(&parser, line, line_len);
    if (*error) return number;
    line += line_len + 1;
  }
  if (!*error) *error = end_text(&parser);
  return *error ? number : 0;
}

static ssize_t read_file(int fd, char *bytes, size_t size) {
  size_t len = 0;
  ssize_t n = 1;
  for (; n > 0 && len < size; len += (size_t)n) {
    n = fd_read(fd, bytes + len, size - len);
    if (n < 0) return -1;
  }
  return (ssize_t)len;
}

int dsn_texts_load(dsn_texts_t *texts, char const *path, size_t *line, char const **error) {
  *texts = (dsn_texts_t){0};
  *line = 0;
  int const fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? 0 : -1;
  char *bytes = malloc(DSN_TEXTS_MAX + 2);
  ssize_t const n = bytes ? read_file(fd, bytes, DSN_TEXTS_MAX + 1) : -1;
  int cause = errno;
  close(fd);
  if (n >= 0) *line = dsn_texts_parse(texts, bytes, (size_t)n, error);
  texts->file = bytes;
  if (n >= 0 && !*line) return 0;
  if (*line) cause = EINVAL;
  free(bytes);
  *texts = (dsn_texts_t){0};
  return errno = cause, -1;
}
