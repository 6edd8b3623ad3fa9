/* Notices of hostile words, addresses, texts, envelopes and messages: each must come apart again,
 * by a reader that knows nothing but RFC 2046, into its three parts. The input: words, host,
 * status, helo, texts, an envelope's length, the envelope's bytes (0xff stands for a NUL), and the
 * message. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dsn/dsn.h"
#include "queue/format.h"

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())
#define NOTICE_ID       "hohpqrstuv0a1b2c"

enum { STRINGS = 5, ENVELOPE_MAX = 256 };

static char const plain_envelope[] = "Fa@b\0Tc@d\0";

typedef struct input {
  char const *string[STRINGS]; /* words, host, status, helo, texts */
  char envelope[ENVELOPE_MAX];
  size_t envelope_len;
  char const *message;
  size_t message_len;
} input_t;

/* ---- reading the input ---------------------------------------------------------------------- */

static bool input_parse(input_t *input, char const *s, size_t len) {
  char const *end = s + len;
  for (size_t i = 0; i < STRINGS; i++) {
    char const *nul = memchr(s, 0, (size_t)(end - s));
    if (!nul) return false;
    input->string[i] = s;
    s = nul + 1;
  }
  if (s == end) return false;
  input->envelope_len = (unsigned char)*s++;
  if (input->envelope_len > (size_t)(end - s)) return false;
  for (size_t i = 0; i < input->envelope_len; i++) input->envelope[i] = s[i] == '\xff' ? 0 : s[i];
  input->message = s + input->envelope_len;
  input->message_len = (size_t)(end - input->message);
  return true;
}

static void put(int fd, char const *s, size_t len) {
  if (write(fd, s, len) != (ssize_t)len) abort();
}

static void entry_make(queue_entry_t *entry, input_t const *input) {
  static char trailer[4096];
  char footer[QUEUE_FOOTER_SIZE], helo[256] = "SMTP_HELO=";
  strncat(helo, input->string[3], sizeof helo - 20);
  for (char *c = helo; *c; c++)
    if (*c == '\n') *c = ' ';
  char const *const facts[] = {helo, input->message_len % 2 ? "SMTP_UTF8=1" : 0, 0};
  queue_draft_t draft = {.id = "hock9tq2oeauptqs", .facts = facts};
  if (queue_envelope_parse(&draft.envelope, input->envelope, input->envelope_len) < 0 &&
      queue_envelope_parse(&draft.envelope, plain_envelope, sizeof plain_envelope) < 0)
    abort();
  size_t const len = queue_trailer_write(trailer, &draft);
  queue_footer_write(footer, &(queue_footer_t){input->message_len, len, 0});
  int const fd = memfd_create("entry", 0);
  put(fd, input->message, input->message_len);
  put(fd, trailer, len);
  put(fd, footer, sizeof footer);
  if (queue_entry_from_fd(entry, fd) < 0) abort();
}

/* ---- reading the notice --------------------------------------------------------------------- */

static void check_lines(char const *s, size_t len) {
  MUST(len && s[len - 1] == '\n' && !memchr(s, 0, len) && !memchr(s, '\r', len));
  for (char const *end = s + len, *newline; s < end; s = newline + 1) {
    newline = memchr(s, '\n', (size_t)(end - s));
    MUST(newline - s <= 998);
  }
}

/* Fields of its own alone, and the last one bears the boundary. */
static void check_header(char const *s, char const *end) {
  static char const names[] =
      "From To Subject Date Message-ID In-Reply-To References Auto-Submitted "
      "MIME-Version Content-Type Content-Transfer-Encoding ";
  while (s < end) {
    size_t const len = strcspn(s, ":");
    char name[64];
    if (*s != ' ') {
      MUST(len < 60);
      memcpy(name, s, len);
      memcpy(name + len, " ", 2);
      MUST(strstr(names, name));
    }
    s += strcspn(s, "\n") + 1;
  }
}

/* Three parts, whatever a reader makes of lines that only begin as boundaries do. */
static void check_parts(char const *s, char const *boundary, size_t boundary_len) {
  unsigned int lines = 0;
  for (; *s; s += strcspn(s, "\n") + 1) {
    if (memcmp(s, "--", 2) != 0 || strncmp(s + 2, boundary, boundary_len) != 0) continue;
    char const *rest = s + 2 + boundary_len;
    MUST(!strncmp(rest, lines < 3 ? "\n" : "--\n", lines < 3 ? 1 : 3));
    lines++;
  }
  MUST(lines == 4);
}

static void check_returned(char const *s, size_t len, input_t const *input) {
  char const *last = memmem(s, len, "\nContent-Description: Message\n", 30);
  if (!last) return;
  char const *body = strstr(last, "\n\n") + 2;
  MUST((size_t)(s + len - body) > input->message_len);
  MUST(!memcmp(body, input->message, input->message_len) &&
       !memcmp(body + input->message_len, "\n--", 3));
}

/* The last field's, at its end: a subject may have the same word. */
static char const *find_boundary(char const *header, char const *end) {
  static char const word[] = "boundary=\"";
  size_t const len = sizeof word - 1;
  for (char const *s = end - len; s > header; s--)
    if (!memcmp(s, word, len)) return s + len;
  return NULL;
}

static void check(int fd, input_t const *input) {
  size_t const len = (size_t)lseek(fd, 0, SEEK_END);
  char *s = malloc(len + 1);
  if (!s || pread(fd, s, len, 0) != (ssize_t)len) abort();
  s[len] = 0;
  check_lines(s, len);
  char const *const end = strstr(s, "\n\n");
  MUST(end);
  check_header(s, end);
  char const *const boundary = find_boundary(s, end);
  MUST(boundary);
  check_parts(end + 1, boundary, strcspn(boundary, "\""));
  bool const misled = memmem(input->message, input->message_len, "Content-Description", 19) ||
                      strstr(input->string[4], "Content-Description");
  if (!misled) check_returned(s, len, input);
  free(s);
}

/* ---- both ----------------------------------------------------------------------------------- */

static void compose(input_t const *input, queue_entry_t const *entry, dsn_texts_t const *texts) {
  dsn_result_t results[DSN_ACTIONS];
  dsn_notice_t notice;
  for (unsigned int i = 0; i < DSN_ACTIONS; i++)
    results[i] = (dsn_result_t){.action = (dsn_action_t)i,
                                .recipient = entry->envelope.recipients + 1,
                                .status = input->string[2],
                                .words = input->string[0],
                                .remote = input->string[1]};
  dsn_settings_t const settings = {
      .me = "mx.example.org", .double_to = "postmaster@b", .whole_max = 10000, .texts = texts};
  dsn_request_t const request = {entry, results, DSN_ACTIONS, NOTICE_ID, 1795556000000000};
  int const fd = memfd_create("notice", 0);
  int const made = dsn_compose(&notice, fd, &request, &settings);
  queue_envelope_t envelope;
  if (made == 1) {
    check(fd, input);
    MUST(!queue_envelope_parse(&envelope, notice.envelope, notice.envelope_len));
  }
  MUST(made || !lseek(fd, 0, SEEK_END));
  close(fd);
}

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size) {
  input_t input;
  if (!input_parse(&input, (char const *)data, size)) return 0;
  queue_entry_t entry;
  dsn_texts_t texts = {0};
  char const *error;
  size_t const texts_len = strlen(input.string[4]);
  char *bytes = malloc(texts_len + 1);
  if (!bytes) abort();
  memcpy(bytes, input.string[4], texts_len);
  bool const own = texts_len <= DSN_TEXTS_MAX && !dsn_texts_parse(&texts, bytes, texts_len, &error);
  entry_make(&entry, &input);
  compose(&input, &entry, own ? &texts : 0);
  queue_entry_close(&entry);
  free(bytes);
  return 0;
}
