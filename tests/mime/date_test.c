/* Dates: the forms of RFC 5322, those of old, and what is none; ids. */
#include <errno.h>

#include "../unit.h"
#include "mime/mime.h"
#include "smtp/smtp.h"

/* What the date is in UTC, and its zone's minutes. */
static char const *read_date(char const *s) {
  static char out[SMTP_DATE_SIZE + 16];
  int64_t seconds;
  int zone;
  if (mime_date_parse(&seconds, &zone, s, strlen(s)) < 0) return errno == EINVAL ? "none" : "?";
  if (seconds < 0) {
    snprintf(out, sizeof out, "%" PRId64 " %d", seconds, zone);
    return out;
  }
  size_t const len = smtp_date_format(out, (uint64_t)seconds);
  snprintf(out + len - 6, sizeof out - len + 6, " %d", zone);
  return out;
}

static struct {
  char const *date, *utc;
} const dates[] = {
    {"Fri, 21 Nov 1997 09:55:06 -0600", "Fri, 21 Nov 1997 15:55:06 -360"},
    {"Tue, 1 Jul 2003 10:52:37 +0200", "Tue, 01 Jul 2003 08:52:37 120"},
    {"Thu, 13 Feb 1969 23:32:54 -0330", "-27723426 -210"},
    {"Thu,\n      13\n        Feb\n          1969\n      23:32\n               -0330 "
     "(Newfoundland)",
     "-27723480 -210"},
    {"21 Nov 97 09:55:06 GMT", "Fri, 21 Nov 1997 09:55:06 0"},
    {"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "Fri, 21 Nov 1997 15:55:06 -360"},
    {" 1 jan 49 0:00 EST ", "Fri, 01 Jan 2049 05:00:00 -300"},
    {"1 Jan 50 00:00 PDT", "-631126800 -420"},
    {"1 Jan 103 00:00 +0000", "Wed, 01 Jan 2003 00:00:00 0"},
    {"1 Jan 2003 00:00", "Wed, 01 Jan 2003 00:00:00 0"},
    {"Wed 1 Jan 2003 00:00 Z", "Wed, 01 Jan 2003 00:00:00 0"},
    {"1 Jan 2003 00:00 A", "Wed, 01 Jan 2003 00:00:00 0"},
    {"Wed, 31 Dec 2008 23:59:60 +0000", "Thu, 01 Jan 2009 00:00:00 0"},
    {"29 Feb 2024 12:00 +1400", "Wed, 28 Feb 2024 22:00:00 840"},
    {"Sun, 29 Feb 1900 12:00 +0000", "none"},
    {"31 Dec 9999 23:59:59 -0000", "Fri, 31 Dec 9999 23:59:59 0"},
    {"", "none"},
    {"now", "none"},
    {"31 Apr 2024 12:00 +0000", "none"},
    {"0 Apr 2024 12:00 +0000", "none"},
    {"1 Bog 2024 12:00 +0000", "none"},
    {"1 April 2024 12:00 +0000", "none"},
    {"1 Apr 1899 12:00 +0000", "none"},
    {"1 Apr 12024 12:00 +0000", "none"},
    {"1 Apr 2024 24:00 +0000", "none"},
    {"1 Apr 2024 12:60 +0000", "none"},
    {"1 Apr 2024 12:00:61 +0000", "none"},
    {"1 Apr 2024 12:00:1 +0000", "none"},
    {"1 Apr 2024 12 +0000", "none"},
    {"1 Apr 2024 12:00 +00", "none"},
    {"1 Apr 2024 12:00 +0060", "none"},
    {"1 Apr 2024 12:00 +0000 x", "none"},
    {"1 Apr 2024 12:00 (x", "none"},
    {"1 Apr 2024 12:00 +00000000000000000000000000", "none"},
};

static struct {
  char const *id;
  bool valid;
} const ids[] = {
    {"<1234@local.machine.example>", true},
    {" (a) <1@[192.0.2.1]>\n (b) ", true},
    {"<a$b+c@x>", true},
    {"<j\xc3\xb6@x>", true},
    {"1234@local", false},
    {"<1234>", false},
    {"<a@b> <c@d>", false},
    {"<a b@c>", false},
    {"<a@b@c>", false},
    {"<a@b.>", false},
    {"<\"a\"@b>", false},
    {"<a@[b[>", false},
    {"<a@b", false},
    {"<>", false},
    {"", false},
};

static void make_ids(void) {
  char out[24];
  CHECK_INT("its length", mime_id_format(out, sizeof out, "1b2c", "mx.example.test"), 22);
  CHECK_STR("an id", out, "<1b2c@mx.example.test>");
  CHECK("no room", mime_id_format(out, 22, "1b2c", "mx.example.test") < 0 && errno == EMSGSIZE);
  CHECK("no host", mime_id_format(out, sizeof out, "1b2c", "") < 0 && errno == EINVAL);
  CHECK("no place for a fold", mime_id_format(out, sizeof out, "1", "x>\nA: <b") < 0);
}

int main(void) {
  for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
    CHECK_STR(dates[i].date, read_date(dates[i].date), dates[i].utc);
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
    CHECK_INT(ids[i].id, mime_id_valid(ids[i].id, strlen(ids[i].id)), ids[i].valid);
  make_ids();
  return unit_done();
}
