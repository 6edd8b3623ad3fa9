/* Replies and Received fields out of hostile texts, and the count of such fields. The input is a
   list of strings, each ended by a NUL. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/smtp.h"

enum { WORDS = 10, REPLY_MAX = 2048 };

#define MUST(condition) ((condition) ? (void)0 : abort())

/* Lines of at most 512 octets with one CRLF, the same code, and the last one marked. */
static void check_reply(char const *text, char const *enhanced, size_t size) {
  char *out = malloc(size ? size : 1);
  size_t len = smtp_reply_format(out, size, 550, enhanced, text);
  MUST(len <= size);
  for (size_t at = 0; at < len;) {
    char const *end = memmem(out + at, len - at, "\r\n", 2);
    MUST(end && !memcmp(out + at, "550", 3));
    size_t line = (size_t)(end - out) + 2 - at;
    MUST(line >= 6 && line <= SMTP_REPLY_LINE_MAX);
    MUST(out[at + 3] == (at + line == len ? ' ' : '-'));
    for (size_t i = at; i < at + line - 2; i++) MUST((unsigned char)out[i] >= ' ');
    at += line;
  }
  free(out);
}

/* One field that a header scan counts as one, and that ends where it must. */
static void check_trace(char const *const *words) {
  char out[SMTP_TRACE_MAX];
  smtp_header_scan_t scan;
  smtp_trace_t trace = {.helo = words[0],
                        .remote_host = words[1],
                        .remote_ip = words[2],
                        .auth_user = words[3],
                        .me = words[4],
                        .protocol = words[5],
                        .tls_version = words[6],
                        .tls_cipher = words[7],
                        .id = words[8],
                        .recipient = words[9],
                        .seconds = strlen(words[0])};
  size_t len = smtp_trace_format(out, &trace);
  MUST(len && len <= sizeof out && out[len - 1] == '\n');
  for (size_t i = 0; i + 1 < len; i++) MUST(out[i] != '\n' || out[i + 1] == '\t');
  smtp_header_scan_init(&scan);
  smtp_header_scan_feed(&scan, out, len);
  MUST(scan.received == 1 && !scan.done);
}

static void check_scan(char const *s, size_t len) {
  smtp_header_scan_t scan, bytewise;
  smtp_header_scan_init(&scan);
  smtp_header_scan_init(&bytewise);
  smtp_header_scan_feed(&scan, s, len);
  for (size_t i = 0; i < len; i++) smtp_header_scan_feed(&bytewise, s + i, 1);
  MUST(scan.received == bytewise.received && scan.done == bytewise.done);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char const *words[WORDS];
  char *copy = malloc(size + 1), *s = copy;
  memcpy(copy, data, size);
  copy[size] = 0;
  for (size_t i = 0; i < WORDS; i++) {
    words[i] = s;
    s += strlen(s);
    if (s < copy + size) s++;
  }
  check_trace(words);
  check_reply(words[0], "5.7.1", REPLY_MAX);
  check_reply(words[0], NULL, size);
  check_scan(copy, size);
  free(copy);
  return 0;
}
