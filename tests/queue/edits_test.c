/* Edits: headers to add, ranges to cut, and the stream that shows both done. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit.h"
#include "queue/queue.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void headers(void) {
  static struct {
    char const *name, *lines;
    bool valid;
  } const cases[] = {
      {"none", "", true},
      {"one", "X-A: b\n", true},
      {"without LF", "X-A: b", true},
      {"two", "A: b\nC: d\n", true},
      {"folded", "A: b\n\tc\n d\nE:\n", true},
      {"UTF-8", "Subject: \xc3\xa4\n", true},
      {"an empty line ends the header", "A: b\n\nC: d\n", false},
      {"an empty line first", "\nA: b\n", false},
      {"an empty line last", "A: b\n\n", false},
      {"a line of blanks", "A: b\n \nC: d\n", false},
      {"folded at the start", " A: b\n", false},
      {"no colon", "A b\n", false},
      {"no name", ": b\n", false},
      {"a blank in the name", "A B: c\n", false},
      {"8 bits in the name", "\xc3\xa4: c\n", false},
      {"CR", "A: b\r\n", false},
      {"a control byte", "A: \x01\n", false},
      {"DEL", "A: \x7f\n", false},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    CHECK(cases[i].name, queue_headers_valid(cases[i].lines) == cases[i].valid);
}

/* "1-2,3-4" of n ranges. */
static char const *show_ranges(queue_range_t const *ranges, ssize_t n) {
  static char text[256];
  size_t len = 0;
  text[0] = 0;
  for (ssize_t i = 0; i < n; i++)
    len += (size_t)snprintf(text + len, sizeof text - len, "%s%" PRIu64 "-%" PRIu64, i ? "," : "",
                            ranges[i].start, ranges[i].end);
  return text;
}

static void ranges(void) {
  static struct {
    char const *text, *want; /* NULL: EINVAL */
  } const cases[] = {
      {"", ""},
      {"0-10", "0-10"},
      {"10-20,30-40", "10-20,30-40"},
      {"30-40,10-20", "10-20,30-40"},
      {"10-20,20-30", "10-30"},
      {"10-20,15-17", "10-20"},
      {"15-17,10-20,16-25", "10-25"},
      {"10-20,10-20", "10-20"},
      {"5-5", ""},
      {"90-200", "90-100"},
      {"100-200", ""},
      {"300-18446744073709551615", ""},
      {"10", 0},
      {"-", 0},
      {"10-", 0},
      {"-10", 0},
      {"20-10", 0},
      {"10-20,", 0},
      {",10-20", 0},
      {"10-20,,30-40", 0},
      {"10-20;30-40", 0},
      {"10-20 ", 0},
      {" 10-20", 0},
      {"+1-2", 0},
      {"0-18446744073709551616", 0},
      {"0x1-2", 0},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    queue_range_t found[8];
    errno = 0;
    ssize_t n = queue_ranges_parse(found, COUNT(found), cases[i].text, 100);
    if (cases[i].want)
      CHECK_STR(cases[i].text, show_ranges(found, n), cases[i].want);
    else
      CHECK_INT(cases[i].text, n < 0 ? errno : 0, EINVAL);
  }
  queue_range_t two[2];
  CHECK_INT("as many as there is room for", queue_ranges_parse(two, 2, "1-2,4-5", 9), 2);
  CHECK("one more", queue_ranges_parse(two, 2, "1-2,4-5,7-8", 9) < 0 && errno == E2BIG);
}

static void streams(void) {
  static char const message[] = "0123456789";
  static struct {
    char const *name, *headers, *ranges, *want;
  } const cases[] = {
      {"as it is", "", "", "0123456789"},
      {"headers", "A: b\n", "", "A: b\n0123456789"},
      {"a range", "", "2-4", "01456789"},
      {"the first bytes", "", "0-3", "3456789"},
      {"the last bytes", "", "8-10", "01234567"},
      {"several", "A: b\n", "0-1,3-4,9-10", "A: b\n1245678"},
      {"all", "A: b\n", "0-10", "A: b\n"},
      {"nothing is left", "", "0-10", ""},
  };
  int fd = memfd_create("message", 0);
  CHECK("file", write(fd, message, 10) == 10);
  for (size_t i = 0; i < COUNT(cases); i++)
    for (size_t piece = 1; piece < 20; piece += 6) {
      queue_range_t cut[8];
      ssize_t n = queue_ranges_parse(cut, COUNT(cut), cases[i].ranges, 10);
      queue_stream_t stream = {.fd = fd,
                               .size = 10,
                               .headers = cases[i].headers,
                               .headers_len = strlen(cases[i].headers),
                               .ranges = cut,
                               .nranges = (size_t)n};
      char got[64];
      size_t len = 0;
      while ((n = queue_stream_read(&stream, got + len, piece)) > 0) len += (size_t)n;
      CHECK_MEM(cases[i].name, got, len, cases[i].want, strlen(cases[i].want));
      CHECK_INT("its size", queue_stream_size(&stream), len);
      CHECK_INT("ends well", n, 0);
    }
  CHECK_INT("the offset stays", lseek(fd, 0, SEEK_CUR), 10);
  queue_stream_t stream = {.fd = fd, .size = 12};
  char got[64];
  CHECK_INT("what is there", queue_stream_read(&stream, got, sizeof got), 10);
  CHECK("a file too short", queue_stream_read(&stream, got, sizeof got) < 0 && errno == EBADMSG);
}

int main(void) {
  headers();
  ranges();
  streams();
  return unit_done();
}
