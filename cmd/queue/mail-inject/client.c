/* The client's side of SMTP. Nothing is sent for some of the recipients: one that is refused
   refuses the message. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/types.h>

#include "conf/conf.h"
#include "inject.h"
#include "smtp/smtp.h"

#define PATIENCE     600  /* seconds to wait for the service, RFC 5321 4.5.3.2.6 */
#define LINE_SIZE    2048 /* bytes of a reply's line; what is more is cut */
#define REPLY_LINES  200
#define COMMAND_SIZE 4096
#define BLOCK        65536

/* What the service offers. */
typedef enum extension {
  EXTENSION_8BITMIME,
  EXTENSION_SMTPUTF8,
  EXTENSION_DSN,
  EXTENSIONS
} extension_t;

static char const *const extensions[EXTENSIONS] = {"8BITMIME", "SMTPUTF8", "DSN"};

typedef struct client {
  int fd;
  bool verbose;
  bool offers[EXTENSIONS];
  size_t start, end; /* of what was read */
  char input[4096];
  unsigned int code;
  char text[LINE_SIZE]; /* the reply's last line, code and all */
} client_t;

/* What a refusal means where the command was refused, but for these enhanced codes. */
static struct {
  char const *enhanced;
  int exit_code;
} const meanings[] = {{"5.6.", EX_DATAERR}, {"5.7.", EX_NOPERM}};

/* ---- replies --------------------------------------------------------------------------------- */

static void read_more(client_t *client) {
  ssize_t n;
  do n = recv(client->fd, client->input, sizeof client->input, 0);
  while (n < 0 && errno == EINTR);
  if (n < 0) die_system(EX_TEMPFAIL, "hear from the service");
  if (!n) die(EX_TEMPFAIL, "the service has ended the connection", "");
  client->start = 0;
  client->end = (size_t)n;
}

/* Reads a line into text, without its end. */
static void read_line(client_t *client) {
  size_t len = 0;
  for (char c = 0; c != '\n';) {
    if (client->start == client->end) read_more(client);
    c = client->input[client->start++];
    bool const kept = (c == '\t' || (unsigned char)c >= ' ') && c != 0x7f;
    if (kept && len < sizeof client->text - 1) client->text[len++] = c;
  }
  client->text[len] = 0;
  if (client->verbose) fprintf(stderr, "<< %s\n", client->text);
}

static void note_extension(client_t *client) {
  char const *word = client->text + 4;
  size_t const len = strcspn(word, " ");
  for (size_t i = 0; i < EXTENSIONS; i++)
    if (smtp_word_is(word, len, extensions[i])) client->offers[i] = true;
}

static void read_reply(client_t *client) {
  for (unsigned int lines = 0; lines < REPLY_LINES; lines++) {
    read_line(client);
    bool const good = uint_scan(client->text, &client->code) == 3 && client->code >= 200 &&
                      client->code < 600 && strchr(" -", client->text[3]);
    if (!good) break;
    if (!client->text[3]) return;
    note_extension(client);
    if (client->text[3] == ' ') return;
  }
  die(EX_TEMPFAIL, "the service does not speak SMTP: ", client->text);
}

/* Insists on a reply of this class: 2 or 3. exit_code is what a refusal comes to. */
static void expect(client_t *client, unsigned int class, int exit_code, char const *what) {
  char subject[COMMAND_SIZE];
  read_reply(client);
  if (client->code / 100 == class) return;
  if (client->code < 500) exit_code = EX_TEMPFAIL;
  for (size_t i = 0; i < sizeof meanings / sizeof *meanings && strlen(client->text) > 4; i++)
    if (!strncmp(client->text + 4, meanings[i].enhanced, 4)) exit_code = meanings[i].exit_code;
  snprintf(subject, sizeof subject, "nothing was sent: %s: ", what);
  die(exit_code, subject, client->text);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void send_bytes(client_t const *client, char const *s, size_t len) {
  if (allwrite(client->fd, s, len) < len) die_system(EX_TEMPFAIL, "talk to the service");
}

static void say(client_t const *client, char const *command) {
  if (strpbrk(command, "\r\n")) die(EX_USAGE, "it has more than one line: ", command);
  char line[COMMAND_SIZE + 2];
  int const n = snprintf(line, sizeof line, "%s\r\n", command);
  if ((size_t)n >= sizeof line) die(EX_USAGE, "too long: ", command);
  if (client->verbose) fprintf(stderr, ">> %s\n", command);
  send_bytes(client, line, (size_t)n);
}

typedef struct command {
  size_t len;
  char text[COMMAND_SIZE];
} command_t;

/* Appends, if value is not NULL, text and value. */
static void add(command_t *command, char const *text, char const *value) {
  size_t const room = sizeof command->text - command->len;
  int const n = value ? snprintf(command->text + command->len, room, "%s%s", text, value) : 0;
  if ((size_t)n >= room) die(EX_USAGE, "too long: ", text);
  command->len += (size_t)n;
}

static bool is_ascii_text(char const *s, size_t len) {
  while (len--)
    if ((unsigned char)*s++ & 0x80) return false;
  return true;
}

/* What the message needs of the service. */
static void add_needs(command_t *command, client_t const *client, envelope_t const *envelope,
                      draft_t const *draft) {
  stralloc const *header = &draft->header, *list = &envelope->recipients->list;
  bool const utf8 = !is_ascii_text(header->s, header->len) || !is_ascii_text(list->s, list->len) ||
                    !is_ascii_text(envelope->sender, strlen(envelope->sender));
  bool const wide = utf8 || !is_ascii_text(draft->body.bytes, draft->body.len);
  char const *body = envelope->body ? envelope->body : wide ? "8BITMIME" : 0;
  if (client->offers[EXTENSION_8BITMIME]) add(command, " BODY=", body);
  if (client->offers[EXTENSION_SMTPUTF8]) add(command, " SMTPUTF8", utf8 ? "" : 0);
}

static void say_mail(client_t *client, envelope_t const *envelope, draft_t const *draft) {
  command_t command = {.len = 0};
  add(&command, "MAIL FROM:<", envelope->sender);
  add(&command, ">", "");
  add_needs(&command, client, envelope, draft);
  if (client->offers[EXTENSION_DSN]) {
    add(&command, " RET=", envelope->ret);
    add(&command, " ENVID=", envelope->id);
  }
  say(client, command.text);
  expect(client, 2, EX_NOPERM, "the sender");
}

static void say_rcpt(client_t *client, envelope_t const *envelope, char const *recipient) {
  command_t command = {.len = 0};
  add(&command, "RCPT TO:<", recipient);
  add(&command, ">", "");
  if (client->offers[EXTENSION_DSN]) add(&command, " NOTIFY=", envelope->notify);
  say(client, command.text);
  expect(client, 2, EX_NOUSER, recipient);
}

/* ---- data ------------------------------------------------------------------------------------ */

typedef struct block {
  client_t const *client;
  size_t len;
  char bytes[BLOCK];
} block_t;

static void block_flush(block_t *block) {
  send_bytes(block->client, block->bytes, block->len);
  block->len = 0;
}

static void block_put(block_t *block, char const *s, size_t len) {
  while (len) {
    size_t const room = sizeof block->bytes - block->len, n = len < room ? len : room;
    memcpy(block->bytes + block->len, s, n);
    block->len += n;
    s += n;
    len -= n;
    if (block->len == sizeof block->bytes) block_flush(block);
  }
}

/* Lines with CRLF, and dots doubled where they begin one. */
static void put_lines(block_t *block, char const *s, size_t len) {
  for (size_t at = 0; at < len;) {
    char const *newline = memchr(s + at, '\n', len - at);
    size_t const end = newline ? (size_t)(newline - s) : len;
    size_t const cr = newline && end > at && s[end - 1] == '\r';
    if (s[at] == '.') block_put(block, ".", 1);
    block_put(block, s + at, end - at - cr);
    block_put(block, "\r\n", 2);
    at = end + 1;
  }
}

static void say_data(client_t *client, draft_t const *draft) {
  static block_t block;
  block.client = client;
  say(client, "DATA");
  expect(client, 3, EX_UNAVAILABLE, "the message");
  put_lines(&block, draft->header.s, draft->header.len);
  put_lines(&block, draft->body.bytes, draft->body.len);
  block_put(&block, ".\r\n", 3);
  block_flush(&block);
  expect(client, 2, EX_UNAVAILABLE, "the message");
}

/* ---------------------------------------------------------------------------------------------- */

int service_connect(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct timeval const patience = {.tv_sec = PATIENCE};
  int const n = snprintf(address.sun_path, sizeof address.sun_path, "%s/inject", conf_run());
  if ((size_t)n >= sizeof address.sun_path) die(EX_CONFIG, "too long: ", conf_run());
  int const fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die_system(EX_OSERR, "make a socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
    die_system(EX_TEMPFAIL, "connect to the service");
  return fd;
}

void service_submit(int fd, envelope_t const *envelope, draft_t const *draft, bool verbose) {
  static client_t client;
  client.fd = fd;
  client.verbose = verbose;
  expect(&client, 2, EX_UNAVAILABLE, "the service");
  say(&client, "EHLO localhost");
  expect(&client, 2, EX_UNAVAILABLE, "EHLO");
  say_mail(&client, envelope, draft);
  char const *recipient = envelope->recipients->list.s;
  for (size_t i = 0; i < envelope->recipients->count; i++) {
    say_rcpt(&client, envelope, recipient);
    recipient += strlen(recipient) + 1;
  }
  say_data(&client, draft);
  say(&client, "QUIT");
}

/* Passes on what is there. False at the end. */
static bool pass(int from, int to) {
  char buffer[8192];
  ssize_t n;
  do n = read(from, buffer, sizeof buffer);
  while (n < 0 && errno == EINTR);
  return n > 0 && allwrite(to, buffer, (size_t)n) == (size_t)n;
}

void service_relay(int fd) {
  struct pollfd sides[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  for (;;) {
    int const ready = poll(sides, 2, PATIENCE * 1000);
    if (!ready || (ready < 0 && errno != EINTR)) return;
    if (ready < 0) continue;
    if (sides[0].revents && !pass(fd, 1)) return;
    if (!sides[1].revents || pass(0, fd)) continue;
    shutdown(fd, SHUT_WR);
    sides[1].fd = -1;
  }
}
