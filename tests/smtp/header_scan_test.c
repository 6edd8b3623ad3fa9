/* Counting Received fields while a header streams by. */

#include "../unit.h"
#include "smtp/smtp.h"

typedef struct scan_case {
  char const *name;
  char const *text;
  unsigned int received;
  bool done;
} scan_case_t;

static scan_case_t const cases[] = {
    {"none", "Subject: a\n\nbody\n", 0, true},
    {"one", "Received: x\nSubject: a\n\n", 1, true},
    {"three, in any case", "Received: x\nRECEIVED:y\nreceived:\n\n", 3, true},
    {"with folds", "Received: x\n\tReceived: y\n Received: z\nReceived: w\n\n", 2, true},
    {"in the body", "Received: x\n\nReceived: y\n", 1, true},
    {"in a value", "Subject: Received: x\nX-Received: y\n\n", 0, true},
    {"words that only begin like it", "Receive: x\nReceived-SPF: y\nReceived\n\n", 0, true},
    {"no header at all", "\nReceived: x\n", 0, true},
    {"no end of it", "Received: x\nReceived: y", 2, false},
    {"a name cut short", "Received: x\nReceiv", 1, false},
    {"a line that ends in its name", "Receiv\nReceived: x\n\n", 1, true},
    {"nothing", "", 0, false},
};

/* In pieces of every size. */
static bool scans(scan_case_t const *c) {
  size_t len = strlen(c->text);
  for (size_t piece = 1; piece <= len + 1; piece++) {
    smtp_header_scan_t scan;
    smtp_header_scan_init(&scan);
    for (size_t at = 0; at < len; at += piece)
      smtp_header_scan_feed(&scan, c->text + at, len - at < piece ? len - at : piece);
    if (scan.received != c->received || scan.done != c->done) return false;
  }
  return true;
}

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) CHECK(cases[i].name, scans(&cases[i]));
  return unit_done();
}
