/* Replies: RFC 5321 4.2 and 4.5.3.1.5, RFC 2034. */

#include "../unit.h"
#include "smtp/smtp.h"

typedef struct reply {
  char const *name;
  unsigned int code;
  char const *enhanced;
  char const *text;
  char const *out;
} reply_t;

static reply_t const replies[] = {
    {"one line", 250, "2.1.0", "Ok", "250 2.1.0 Ok\r\n"},
    {"no enhanced code", 220, NULL, "mx.example ESMTP", "220 mx.example ESMTP\r\n"},
    {"an empty one", 220, "", "mx.example ESMTP", "220 mx.example ESMTP\r\n"},
    {"no text", 250, NULL, "", "250 \r\n"},
    {"several lines", 250, NULL, "mx.example\nPIPELINING\nSIZE 1000",
     "250-mx.example\r\n250-PIPELINING\r\n250 SIZE 1000\r\n"},
    {"several lines with enhanced codes", 550, "5.7.1", "a\nb", "550-5.7.1 a\r\n550 5.7.1 b\r\n"},
    {"a final newline adds no line", 214, "2.0.0", "a\n", "214 2.0.0 a\r\n"},
    {"an empty line within", 214, NULL, "a\n\nb", "214-a\r\n214-\r\n214 b\r\n"},
    {"a CR and LF cannot begin a reply", 550, "5.7.1", "a\r\n250 Ok",
     "550-5.7.1 a \r\n550 5.7.1 250 Ok\r\n"},
    {"control bytes become spaces", 550, NULL, "a\r\tb\001c\177d\033[0m", "550 a  b c d [0m\r\n"},
    {"UTF-8 stays", 550, NULL, "\xc3\xa9\xe6\xb5\x8b\xf0\x9f\x98\x80",
     "550 \xc3\xa9\xe6\xb5\x8b\xf0\x9f\x98\x80\r\n"},
    {"what is none does not", 550, NULL, "a\xff\xc3 \xe6\xb5\xc2\x85", "550 a?? ????\r\n"},
};

#define A10  "aaaaaaaaaa"
#define A100 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10
#define A500 A100 A100 A100 A100 A100
#define E10  "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
#define E100 E10 E10 E10 E10 E10 E10 E10 E10 E10 E10

static reply_t const long_replies[] = {
    {"a line of 512 bytes", 250, NULL, A500 "aaaaaa", "250 " A500 "aaaaaa\r\n"},
    {"a line of 513", 250, NULL, A500 "aaaaaab", "250-" A500 "aaaaaa\r\n250 b\r\n"},
    {"one with a blank is split there", 250, "2.0.0", A100 " " A500,
     "250-2.0.0 " A100 "\r\n250 2.0.0 " A500 "\r\n"},
    {"or just behind the limit", 250, "2.0.0", A500 " b", "250-2.0.0 " A500 "\r\n250 2.0.0 b\r\n"},
    {"more than two lines", 250, NULL, A500 A500 A100,
     "250-" A500 "aaaaaa\r\n250-" A500 "aaaaaa\r\n250 " A10 A10 A10 A10 A10 A10 A10 A10 "aaaaaaaa"
     "\r\n"},
    {"no character is cut", 250, NULL, "a" E100 E100 E10 E10 E10 E10 E10 E10,
     "250-a" E100 E100 E10 E10 E10 E10 E10 "\xc3\xa9\xc3\xa9\r\n250 "
     "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\r\n"},
};

static void check_reply(reply_t const *c) {
  char out[2048];
  size_t len = smtp_reply_format(out, sizeof out, c->code, c->enhanced, c->text);
  CHECK_MEM(c->name, out, len, c->out, strlen(c->out));
}

/* What does not fit is cut at whole lines, and the last of them is marked as the last. */
static void check_room(void) {
  static char const whole[] = "250-a\r\n250-b\r\n250 c\r\n";
  char out[64];
  for (size_t size = 0; size < sizeof whole; size++) {
    size_t len = smtp_reply_format(out, size, 250, NULL, "a\nb\nc"), lines = size / 7;
    char want[sizeof whole], name[48];
    memcpy(want, whole, sizeof whole);
    if (lines) want[(lines - 1) * 7 + 3] = ' ';
    snprintf(name, sizeof name, "in %zu bytes", size);
    CHECK_MEM(name, out, len, want, lines * 7);
  }
}

/* A line of whatever length is never longer than it may be. */
static void check_lengths(void) {
  char text[2048] = "", out[4096];
  bool fits = true;
  for (size_t n = 0; n + 1 < sizeof text; n++) {
    text[n] = "a\xc3\xa9 b\xe6\xb5\x8b"[n % 8];
    size_t len = smtp_reply_format(out, sizeof out, 250, "2.0.0", text);
    for (size_t at = 0; at < len;) {
      char const *end = memchr(out + at, '\n', len - at);
      size_t line = (size_t)(end - out) + 1 - at;
      fits = fits && line <= SMTP_REPLY_LINE_MAX;
      at += line;
    }
  }
  CHECK("no line is over 512 bytes", fits);
}

int main(void) {
  for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) check_reply(&replies[i]);
  for (size_t i = 0; i < sizeof long_replies / sizeof *long_replies; i++)
    check_reply(&long_replies[i]);
  check_room();
  check_lengths();
  return unit_done();
}
