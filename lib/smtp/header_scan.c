#include <string.h>

#include "smtp/smtp.h"

static char const lower_name[] = "received:", upper_name[] = "RECEIVED:";
enum { NAME_LEN = sizeof lower_name - 1 };

/* NAME: what came of this line is the start of the name. */
enum { NAME, REST_OF_LINE };

void smtp_header_scan_init(smtp_header_scan_t *scan) {
  *scan = (smtp_header_scan_t){.state = NAME};
}

static void scan_name(smtp_header_scan_t *scan, char c) {
  if (c == '\n') {
    scan->done = !scan->matched;
    scan->matched = 0;
    return;
  }
  if (c != lower_name[scan->matched] && c != upper_name[scan->matched]) {
    scan->state = REST_OF_LINE;
    return;
  }
  if (++scan->matched < NAME_LEN) return;
  scan->received++;
  scan->state = REST_OF_LINE;
}

void smtp_header_scan_feed(smtp_header_scan_t *scan, char const *s, size_t len) {
  char const *end = s + len;
  while (s < end && !scan->done) {
    if (scan->state == NAME) {
      scan_name(scan, *s++);
      continue;
    }
    char const *newline = memchr(s, '\n', (size_t)(end - s));
    if (!newline) return;
    s = newline + 1;
    scan->state = NAME;
    scan->matched = 0;
  }
}
