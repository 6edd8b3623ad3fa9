#include "reply.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct reply_entry {
  char const *word; /* as a file of texts calls it */
  unsigned int code;
  char const *enhanced; /* NULL where RFC 2034 wants none */
  char const *text;
} reply_entry_t;

static reply_entry_t const replies[REPLY_COUNT] = {
    [REPLY_NONE] = {"", 0, NULL, ""},
    [REPLY_GREETING] = {"greeting", 220, NULL, "%s"},
    [REPLY_HELO] = {"helo", 250, NULL, "%s"},
    [REPLY_MAIL_OK] = {"mail-ok", 250, "2.1.0", "Sender ok"},
    [REPLY_MAIL_PRIORITY] = {"mail-priority", 250, "2.3.6", "%s is its priority, sender ok"},
    [REPLY_RCPT_OK] = {"rcpt-ok", 250, "2.1.5", "Recipient ok"},
    [REPLY_DATA] = {"data", 354, NULL, "Send the message, end it with a line of one dot"},
    [REPLY_CHUNK_OK] = {"chunk-ok", 250, "2.0.0", "%s octets received"},
    [REPLY_QUEUED] = {"queued", 250, "2.0.0", "Message accepted"},
    [REPLY_RSET] = {"rset", 250, "2.0.0", "Reset"},
    [REPLY_NOOP] = {"noop", 250, "2.0.0", "Ok"},
    [REPLY_QUIT] = {"quit", 221, "2.0.0", "%s closing connection"},
    [REPLY_HELP] = {"help", 214, "2.0.0", "Commands: %s"},
    [REPLY_VRFY] = {"vrfy", 252, "2.1.5", "Send some mail, I will try my best"},
    [REPLY_STARTTLS] = {"starttls", 220, "2.0.0", "Ready to start TLS"},
    [REPLY_HOOK_OK] = {"hook-ok", 250, "2.0.0", "Ok"},
    [REPLY_AUTH_OK] = {"auth-ok", 235, "2.7.0", "Authentication succeeded"},

    [REPLY_UNKNOWN] = {"unknown", 500, "5.5.1", "Unknown command"},
    [REPLY_BAD_LINE] = {"bad-line", 500, "5.5.2", "Control or 8-bit characters in a command"},
    [REPLY_LONG_LINE] = {"long-line", 500, "5.5.2", "Line too long"},
    [REPLY_NOT_IMPLEMENTED] = {"not-implemented", 502, "5.5.1", "Command not implemented"},
    [REPLY_NOT_LMTP] = {"not-lmtp", 502, "5.5.1", "This is SMTP: say EHLO"},
    [REPLY_ONLY_LMTP] = {"only-lmtp", 502, "5.5.1", "This is LMTP: say LHLO"},
    [REPLY_ARGUMENT_MISSING] = {"argument-missing", 501, "5.5.4", "Argument missing"},
    [REPLY_ARGUMENT_UNWANTED] = {"argument-unwanted", 501, "5.5.4",
                                 "This command takes no argument"},
    [REPLY_BAD_HELO] = {"bad-helo", 501, "5.5.4", "Not a host name"},
    [REPLY_BAD_ARGUMENT] = {"bad-argument", 501, "5.5.4", "Syntax error in the argument"},
    [REPLY_BAD_PARAMETER] = {"bad-parameter", 501, "5.5.4", "Bad value of parameter %s"},
    [REPLY_UNKNOWN_PARAMETER] = {"unknown-parameter", 555, "5.5.4",
                                 "Parameter not recognized or not implemented: %s"},
    [REPLY_EXCESSIVE_PARAMETER] = {"excessive-parameter", 554, "5.5.4",
                                   "Value of parameter %s is beyond what is offered"},
    [REPLY_HELO_FIRST] = {"helo-first", 503, "5.5.1", "Say hello first"},
    [REPLY_MAIL_FIRST] = {"mail-first", 503, "5.5.1", "Send MAIL first"},
    [REPLY_MAIL_ALREADY] = {"mail-already", 503, "5.5.1", "Sender already given"},
    [REPLY_RCPT_FIRST] = {"rcpt-first", 503, "5.5.1", "No valid recipient"},
    [REPLY_CHUNKS_ONLY] = {"chunks-only", 503, "5.5.1", "This message comes by BDAT"},
    [REPLY_CHUNK_FAILED] = {"chunk-failed", 503, "5.5.1", "A chunk failed: send RSET"},
    [REPLY_BAD_CHUNK] = {"bad-chunk", 501, "5.5.4", "Bad chunk size, closing connection"},
    [REPLY_REFUSED_SESSION] = {"refused-session", 503, "5.5.1", "Not welcome here, send QUIT"},
    [REPLY_TLS_FIRST] = {"tls-first", 530, "5.7.0", "Send STARTTLS first"},
    [REPLY_TLS_ALREADY] = {"tls-already", 503, "5.5.1", "TLS is already active"},
    [REPLY_XCLIENT_DENIED] = {"xclient-denied", 550, "5.7.1", "XCLIENT is not for you"},
    [REPLY_XCLIENT_LATE] = {"xclient-late", 503, "5.5.1", "Mail transaction in progress"},

    [REPLY_AUTH_FIRST] = {"auth-first", 530, "5.7.0", "Authentication required"},
    [REPLY_AUTH_ALREADY] = {"auth-already", 503, "5.5.1", "Already authenticated"},
    [REPLY_AUTH_LATE] = {"auth-late", 503, "5.5.1", "Mail transaction in progress"},
    [REPLY_AUTH_LONG_LINE] = {"auth-long-line", 500, "5.5.6", "Authentication line too long"},
    [REPLY_AUTH_MECHANISM] = {"auth-mechanism", 504, "5.5.4", "Mechanism not offered"},
    [REPLY_AUTH_NEEDS_TLS] = {"auth-needs-tls", 538, "5.7.11", "This mechanism needs TLS first"},
    [REPLY_AUTH_MALFORMED] = {"auth-malformed", 501, "5.5.2", "Cannot decode this response"},
    [REPLY_AUTH_UNASKED] = {"auth-unasked", 501, "5.7.0", "This mechanism has no initial response"},
    [REPLY_AUTH_CANCELLED] = {"auth-cancelled", 501, "5.7.0", "Authentication cancelled"},
    [REPLY_AUTH_FAILED] = {"auth-failed", 535, "5.7.8", "Authentication credentials invalid"},
    [REPLY_AUTH_TOO_WEAK] = {"auth-too-weak", 534, "5.7.9", "Mechanism too weak for this user"},
    [REPLY_AUTH_TROUBLE] = {"auth-trouble", 454, "4.7.0",
                            "Cannot authenticate now, try again later"},

    [REPLY_BAD_SENDER] = {"bad-sender", 501, "5.1.7", "Bad sender address syntax"},
    [REPLY_FOREIGN_SENDER] = {"foreign-sender", 550, "5.7.1",
                              "Sender address does not belong to your login"},
    [REPLY_BAD_RECIPIENT] = {"bad-recipient", 501, "5.1.3", "Bad recipient address syntax"},
    [REPLY_ADDRESS_UTF8] = {"address-utf8", 553, "5.6.7", "Non-ASCII address without SMTPUTF8"},
    [REPLY_NO_USER] = {"no-user", 550, "5.1.1", "No such user here"},
    [REPLY_RELAY_DENIED] = {"relay-denied", 550, "5.7.1", "Relaying denied"},
    [REPLY_ROUTES_BROKEN] = {"routes-broken", 451, "4.3.0", "Cannot look up this address now"},
    [REPLY_TOO_MANY_RECIPIENTS] = {"too-many-recipients", 452, "4.5.3", "Too many recipients"},
    [REPLY_TOO_MANY_MESSAGES] = {"too-many-messages", 452, "4.5.3",
                                 "Too many messages in one session"},

    [REPLY_TOO_BIG] = {"too-big", 552, "5.3.4", "Message too big"},
    [REPLY_BARE] = {"bare", 554, "5.6.0", "Message has a CR or LF that is not part of a CRLF"},
    [REPLY_LOOP] = {"loop", 554, "5.4.6", "Too many hops, this message is looping"},
    [REPLY_DISK_FULL] = {"disk-full", 452, "4.3.1", "Disk full, try again later"},
    [REPLY_STORAGE] = {"storage", 451, "4.3.0", "Mail system trouble, try again later"},
    [REPLY_CHAIN_REJECT] = {"chain-reject", 554, "5.3.0", "Message refused"},
    [REPLY_CHAIN_DEFER] = {"chain-defer", 451, "4.3.0", "Mail system trouble, try again later"},

    [REPLY_CONNECT_REJECT] = {"connect-reject", 554, "5.7.1", "Not welcome here"},
    [REPLY_CONNECT_DEFER] = {"connect-defer", 421, "4.3.2", "Try again later"},
    [REPLY_HELO_REJECT] = {"helo-reject", 550, "5.7.1", "Not welcome under this name"},
    [REPLY_HELO_DEFER] = {"helo-defer", 451, "4.3.0", "Try again later"},
    [REPLY_AUTH_REJECT] = {"auth-reject", 535, "5.7.8", "Login refused"},
    [REPLY_AUTH_DEFER] = {"auth-defer", 454, "4.7.0", "Try again later"},
    [REPLY_MAIL_REJECT] = {"mail-reject", 550, "5.7.1", "Sender refused"},
    [REPLY_MAIL_DEFER] = {"mail-defer", 451, "4.3.0", "Try again later"},
    [REPLY_RCPT_REJECT] = {"rcpt-reject", 550, "5.7.1", "Recipient refused"},
    [REPLY_RCPT_DEFER] = {"rcpt-defer", 451, "4.3.0", "Try again later"},
    [REPLY_DATA_REJECT] = {"data-reject", 554, "5.7.1", "Message refused"},
    [REPLY_DATA_DEFER] = {"data-defer", 451, "4.3.0", "Try again later"},
    [REPLY_VRFY_REJECT] = {"vrfy-reject", 550, "5.1.1", "No such user here"},
    [REPLY_VRFY_DEFER] = {"vrfy-defer", 451, "4.3.0", "Try again later"},
    [REPLY_UNKNOWN_REJECT] = {"unknown-reject", 500, "5.5.1", "Unknown command"},
    [REPLY_UNKNOWN_DEFER] = {"unknown-defer", 451, "4.3.0", "Try again later"},

    [REPLY_TIMEOUT] = {"timeout", 421, "4.4.2", "%s timed out waiting for you"},
    [REPLY_OVERTIME] = {"overtime", 421, "4.4.2", "%s session took too long"},
    [REPLY_ENDLESS_LINE] = {"endless-line", 421, "4.7.0", "%s line without an end"},
    [REPLY_TOO_MANY_BAD] = {"too-many-bad", 421, "4.7.0", "%s too many bad commands"},
    [REPLY_TOO_MANY_COMMANDS] = {"too-many-commands", 421, "4.7.0", "%s too many commands"},
    [REPLY_TOO_MANY_LOGINS] = {"too-many-logins", 421, "4.7.0", "%s too many failed logins"},
    [REPLY_THROTTLED] = {"throttled", 421, "4.7.0", "%s too many failed logins, come back later"},
    [REPLY_NO_CONFIGURATION] = {"no-configuration", 421, "4.3.5", "Not configured"},
};

#define TEXTS_MAX 16384 /* bytes of a file of texts */

static char const *texts[REPLY_COUNT]; /* that replace the table's */
static char filled[CHAIN_TEXT_MAX + 1];

/* Puts argument where text says "%s", into a buffer that lasts until the next reply. */
static char const *fill(char const *text, char const *argument) {
  char const *mark = strstr(text, "%s");
  if (!mark) return text;
  char const *const parts[] = {text, argument ? argument : "", mark + 2};
  size_t const lengths[] = {(size_t)(mark - text), strlen(parts[1]), strlen(parts[2])};
  size_t len = 0;
  for (size_t i = 0; i < 3; i++) {
    size_t n = lengths[i] < CHAIN_TEXT_MAX - len ? lengths[i] : CHAIN_TEXT_MAX - len;
    memcpy(filled + len, parts[i], n);
    len += n;
  }
  filled[len] = 0;
  return filled;
}

static bool code_closes(unsigned int code) {
  return code == 221 || code == 421 || code == 521;
}

/* Behind a chunk of unknown size nothing can be taken for a command. */
static bool closes(reply_name_t name) {
  return code_closes(replies[name].code) || name == REPLY_BAD_CHUNK;
}

char const *reply_word(reply_name_t name) {
  return replies[name].word;
}

reply_t reply_get(reply_name_t name, char const *argument) {
  reply_entry_t const *entry = &replies[name];
  char const *text = texts[name] ? texts[name] : entry->text;
  return (reply_t){.name = name,
                   .code = entry->code,
                   .enhanced = entry->enhanced,
                   .text = fill(text, argument),
                   .close = closes(name)};
}

reply_t reply_from_verdict(chain_verdict_t const *verdict, reply_name_t name) {
  reply_t reply = reply_get(name, NULL);
  if (verdict->code) {
    reply.code = verdict->code;
    reply.close = code_closes(verdict->code);
  }
  if (*verdict->enhanced) reply.enhanced = verdict->enhanced;
  if (*verdict->text) reply.text = verdict->text;
  return reply;
}

/* ---- texts from a file ---- */

static int set_text(char *line) {
  char *text = line + strcspn(line, " \t");
  if (!*text) return errno = EINVAL, -1;
  *text++ = 0;
  text += strspn(text, " \t");
  for (size_t i = 1; i < REPLY_COUNT; i++)
    if (!strcmp(replies[i].word, line)) {
      texts[i] = text;
      return 0;
    }
  return errno = EINVAL, -1;
}

static ssize_t read_file(char const *path, char *to, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t n = read(fd, to, size);
  int error = errno;
  close(fd);
  errno = error;
  return n;
}

int reply_load_texts(char const *path, unsigned int *line) {
  static char file[TEXTS_MAX + 1];
  *line = 0;
  ssize_t n = read_file(path, file, TEXTS_MAX + 1);
  if (n < 0) return -1;
  if (n > TEXTS_MAX) return errno = EFBIG, -1;
  file[n] = 0;
  for (char *s = file; s && *s;) {
    char *next = strchr(s, '\n');
    if (next) *next++ = 0;
    ++*line;
    if (*s && *s != '#' && set_text(s) < 0) return -1;
    s = next;
  }
  return 0;
}
