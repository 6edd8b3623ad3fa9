#include "reply.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct reply_entry {
  char const *name; /* as a file of texts calls it */
  unsigned int code;
  char const *enhanced; /* NULL where RFC 2034 wants none */
  char const *text;
  bool close; /* 221, 421 and 521 close without being told */
} reply_entry_t;

static reply_entry_t const replies[REPLY_COUNT] = {
    [REPLY_NONE] = {"", 0, 0, "", false},
    [REPLY_GREETING] = {"greeting", 220, 0, "%s", false},
    [REPLY_HELO] = {"helo", 250, 0, "%s", false},
    [REPLY_MAIL_OK] = {"mail-ok", 250, "2.1.0", "Sender ok", false},
    [REPLY_MAIL_PRIORITY] = {"mail-priority", 250, "2.3.6", "%s is its priority, sender ok", false},
    [REPLY_RCPT_OK] = {"rcpt-ok", 250, "2.1.5", "Recipient ok", false},
    [REPLY_DATA] = {"data", 354, 0, "Send the message, end it with a line of one dot", false},
    [REPLY_CHUNK_OK] = {"chunk-ok", 250, "2.0.0", "%s octets received", false},
    [REPLY_QUEUED] = {"queued", 250, "2.0.0", "Message accepted", false},
    [REPLY_RSET] = {"rset", 250, "2.0.0", "Reset", false},
    [REPLY_NOOP] = {"noop", 250, "2.0.0", "Ok", false},
    [REPLY_QUIT] = {"quit", 221, "2.0.0", "%s closing connection", true},
    [REPLY_HELP] = {"help", 214, "2.0.0", "Commands: %s", false},
    [REPLY_VRFY] = {"vrfy", 252, "2.1.5", "Send some mail, I will try my best", false},
    [REPLY_STARTTLS] = {"starttls", 220, "2.0.0", "Ready to start TLS", false},
    [REPLY_HOOK_OK] = {"hook-ok", 250, "2.0.0", "Ok", false},
    [REPLY_AUTH_OK] = {"auth-ok", 235, "2.7.0", "Authentication succeeded", false},

    [REPLY_UNKNOWN] = {"unknown", 500, "5.5.1", "Unknown command", false},
    [REPLY_BAD_LINE] = {"bad-line", 500, "5.5.2", "Control or 8-bit characters in a command",
                        false},
    [REPLY_LONG_LINE] = {"long-line", 500, "5.5.2", "Line too long", false},
    [REPLY_NOT_IMPLEMENTED] = {"not-implemented", 502, "5.5.1", "Command not implemented", false},
    [REPLY_NOT_LMTP] = {"not-lmtp", 502, "5.5.1", "This is SMTP: say EHLO", false},
    [REPLY_ONLY_LMTP] = {"only-lmtp", 502, "5.5.1", "This is LMTP: say LHLO", false},
    [REPLY_ARGUMENT_MISSING] = {"argument-missing", 501, "5.5.4", "Argument missing", false},
    [REPLY_ARGUMENT_UNWANTED] = {"argument-unwanted", 501, "5.5.4",
                                 "This command takes no argument", false},
    [REPLY_BAD_HELO] = {"bad-helo", 501, "5.5.4", "Not a host name", false},
    [REPLY_BAD_ARGUMENT] = {"bad-argument", 501, "5.5.4", "Syntax error in the argument", false},
    [REPLY_BAD_PARAMETER] = {"bad-parameter", 501, "5.5.4", "Bad value of parameter %s", false},
    [REPLY_UNKNOWN_PARAMETER] = {"unknown-parameter", 555, "5.5.4",
                                 "Parameter not recognized or not implemented: %s", false},
    [REPLY_EXCESSIVE_PARAMETER] = {"excessive-parameter", 554, "5.5.4",
                                   "Value of parameter %s is beyond what is offered", false},
    [REPLY_HELO_FIRST] = {"helo-first", 503, "5.5.1", "Say hello first", false},
    [REPLY_MAIL_FIRST] = {"mail-first", 503, "5.5.1", "Send MAIL first", false},
    [REPLY_MAIL_ALREADY] = {"mail-already", 503, "5.5.1", "Sender already given", false},
    [REPLY_RCPT_FIRST] = {"rcpt-first", 503, "5.5.1", "No valid recipient", false},
    [REPLY_CHUNKS_ONLY] = {"chunks-only", 503, "5.5.1", "This message comes by BDAT", false},
    [REPLY_CHUNK_FAILED] = {"chunk-failed", 503, "5.5.1", "A chunk failed: send RSET", false},
    [REPLY_BAD_CHUNK] = {"bad-chunk", 501, "5.5.4", "Bad chunk size, closing connection", true},
    [REPLY_REFUSED_SESSION] = {"refused-session", 503, "5.5.1", "Not welcome here, send QUIT",
                               false},
    [REPLY_TLS_FIRST] = {"tls-first", 530, "5.7.0", "Send STARTTLS first", false},
    [REPLY_TLS_ALREADY] = {"tls-already", 503, "5.5.1", "TLS is already active", false},
    [REPLY_XCLIENT_DENIED] = {"xclient-denied", 550, "5.7.1", "XCLIENT is not for you", false},
    [REPLY_XCLIENT_LATE] = {"xclient-late", 503, "5.5.1", "Mail transaction in progress", false},

    [REPLY_AUTH_FIRST] = {"auth-first", 530, "5.7.0", "Authentication required", false},
    [REPLY_AUTH_ALREADY] = {"auth-already", 503, "5.5.1", "Already authenticated", false},
    [REPLY_AUTH_LATE] = {"auth-late", 503, "5.5.1", "Mail transaction in progress", false},
    [REPLY_AUTH_LONG_LINE] = {"auth-long-line", 500, "5.5.6", "Authentication line too long",
                              false},
    [REPLY_AUTH_MECHANISM] = {"auth-mechanism", 504, "5.5.4", "Mechanism not offered", false},
    [REPLY_AUTH_NEEDS_TLS] = {"auth-needs-tls", 538, "5.7.11", "This mechanism needs TLS first",
                              false},
    [REPLY_AUTH_MALFORMED] = {"auth-malformed", 501, "5.5.2", "Cannot decode this response", false},
    [REPLY_AUTH_UNASKED] = {"auth-unasked", 501, "5.7.0", "This mechanism has no initial response",
                            false},
    [REPLY_AUTH_CANCELLED] = {"auth-cancelled", 501, "5.7.0", "Authentication cancelled", false},
    [REPLY_AUTH_FAILED] = {"auth-failed", 535, "5.7.8", "Authentication credentials invalid",
                           false},
    [REPLY_AUTH_TOO_WEAK] = {"auth-too-weak", 534, "5.7.9", "Mechanism too weak for this user",
                             false},
    [REPLY_AUTH_TROUBLE] = {"auth-trouble", 454, "4.7.0",
                            "Cannot authenticate now, try again later", false},

    [REPLY_BAD_SENDER] = {"bad-sender", 501, "5.1.7", "Bad sender address syntax", false},
    [REPLY_FOREIGN_SENDER] = {"foreign-sender", 550, "5.7.1",
                              "Sender address does not belong to your login", false},
    [REPLY_BAD_RECIPIENT] = {"bad-recipient", 501, "5.1.3", "Bad recipient address syntax", false},
    [REPLY_ADDRESS_UTF8] = {"address-utf8", 553, "5.6.7", "Non-ASCII address without SMTPUTF8",
                            false},
    [REPLY_NO_USER] = {"no-user", 550, "5.1.1", "No such user here", false},
    [REPLY_RELAY_DENIED] = {"relay-denied", 550, "5.7.1", "Relaying denied", false},
    [REPLY_ROUTES_BROKEN] = {"routes-broken", 451, "4.3.0", "Cannot look up this address now",
                             false},
    [REPLY_TOO_MANY_RECIPIENTS] = {"too-many-recipients", 452, "4.5.3", "Too many recipients",
                                   false},
    [REPLY_TOO_MANY_MESSAGES] = {"too-many-messages", 452, "4.5.3",
                                 "Too many messages in one session", false},

    [REPLY_TOO_BIG] = {"too-big", 552, "5.3.4", "Message too big", false},
    [REPLY_BARE] = {"bare", 554, "5.6.0", "Message has a CR or LF that is not part of a CRLF",
                    false},
    [REPLY_LOOP] = {"loop", 554, "5.4.6", "Too many hops, this message is looping", false},
    [REPLY_DISK_FULL] = {"disk-full", 452, "4.3.1", "Disk full, try again later", false},
    [REPLY_STORAGE] = {"storage", 451, "4.3.0", "Mail system trouble, try again later", false},
    [REPLY_CHAIN_REJECT] = {"chain-reject", 554, "5.3.0", "Message refused", false},
    [REPLY_CHAIN_DEFER] = {"chain-defer", 451, "4.3.0", "Mail system trouble, try again later",
                           false},

    [REPLY_CONNECT_REJECT] = {"connect-reject", 554, "5.7.1", "Not welcome here", false},
    [REPLY_CONNECT_DEFER] = {"connect-defer", 421, "4.3.2", "Try again later", true},
    [REPLY_HELO_REJECT] = {"helo-reject", 550, "5.7.1", "Not welcome under this name", false},
    [REPLY_HELO_DEFER] = {"helo-defer", 451, "4.3.0", "Try again later", false},
    [REPLY_AUTH_REJECT] = {"auth-reject", 535, "5.7.8", "Login refused", false},
    [REPLY_AUTH_DEFER] = {"auth-defer", 454, "4.7.0", "Try again later", false},
    [REPLY_MAIL_REJECT] = {"mail-reject", 550, "5.7.1", "Sender refused", false},
    [REPLY_MAIL_DEFER] = {"mail-defer", 451, "4.3.0", "Try again later", false},
    [REPLY_RCPT_REJECT] = {"rcpt-reject", 550, "5.7.1", "Recipient refused", false},
    [REPLY_RCPT_DEFER] = {"rcpt-defer", 451, "4.3.0", "Try again later", false},
    [REPLY_DATA_REJECT] = {"data-reject", 554, "5.7.1", "Message refused", false},
    [REPLY_DATA_DEFER] = {"data-defer", 451, "4.3.0", "Try again later", false},
    [REPLY_VRFY_REJECT] = {"vrfy-reject", 550, "5.1.1", "No such user here", false},
    [REPLY_VRFY_DEFER] = {"vrfy-defer", 451, "4.3.0", "Try again later", false},
    [REPLY_UNKNOWN_REJECT] = {"unknown-reject", 500, "5.5.1", "Unknown command", false},
    [REPLY_UNKNOWN_DEFER] = {"unknown-defer", 451, "4.3.0", "Try again later", false},

    [REPLY_TIMEOUT] = {"timeout", 421, "4.4.2", "%s timed out waiting for you", true},
    [REPLY_OVERTIME] = {"overtime", 421, "4.4.2", "%s session took too long", true},
    [REPLY_ENDLESS_LINE] = {"endless-line", 421, "4.7.0", "%s line without an end", true},
    [REPLY_TOO_MANY_BAD] = {"too-many-bad", 421, "4.7.0", "%s too many bad commands", true},
    [REPLY_TOO_MANY_COMMANDS] = {"too-many-commands", 421, "4.7.0", "%s too many commands", true},
    [REPLY_TOO_MANY_LOGINS] = {"too-many-logins", 421, "4.7.0", "%s too many failed logins", true},
    [REPLY_THROTTLED] = {"throttled", 421, "4.7.0", "%s too many failed logins, come back later",
                         true},
    [REPLY_NO_CONFIGURATION] = {"no-configuration", 421, "4.3.5", "Not configured", true},
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

reply_t reply_get(reply_name_t name, char const *argument) {
  reply_entry_t const *entry = &replies[name];
  char const *text = texts[name] ? texts[name] : entry->text;
  return (reply_t){.name = entry->name,
                   .code = entry->code,
                   .enhanced = entry->enhanced,
                   .text = fill(text, argument),
                   .close = entry->close};
}

reply_t reply_from_verdict(chain_verdict_t const *verdict, reply_name_t name) {
  reply_t reply = reply_get(name, 0);
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
    if (!strcmp(replies[i].name, line)) {
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
