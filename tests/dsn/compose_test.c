/* Notices, each compared with tests/dsn/notices/<name>.eml. With a folder as its argument the
   program writes them there instead, for others to read (notices.sh). */
#include <errno.h>
#include <fcntl.h>

#include "_entry.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define MESSAGE                                                                                    \
  "Received: from client.example.com by mx.example.org\n"                                          \
  "From: Alice <alice@example.com>\n"                                                              \
  "To: Bob <bob@example.net>\n"                                                                    \
  "Subject: Budget for =?utf-8?q?M=C3=A4rz?=\n"                                                    \
  "Message-ID: <budget.1@example.com>\n"                                                           \
  "\n"                                                                                             \
  "Dear Bob,\n--\nAlice\n"

static char const *const facts[] = {"SMTP_HELO=client.example.com", 0};
static char const *const utf8_facts[] = {"SMTP_HELO=client.example.com", "SMTP_UTF8=1", 0};

/* Words that want to be something else: header fields, parts, other lines. */
#define HOSTILE                                                                                    \
  "550 5.7.1 no\r\n\r\n--=_" NOTICE_ID ".00\r\nContent-Type: text/html\r\n\x1b[2J\x07\xff\xc0\x80" \
  "\n.\nFinal-Recipient: rfc822; mallory@example.com"

static struct notice {
  char const *name;
  bytes_t message, envelope;
  char const *const *facts;
  char const *double_to;
  dsn_result_t results[4]; /* ended by one without a recipient */
} const notices[] = {
    {"failed",
     BYTES(MESSAGE),
     BYTES("Falice@example.com\0Tbob@example.net\0"),
     facts,
     0,
     {{DSN_FAILED, "bob@example.net", 0,
       "550 5.1.1 mx1.example.net[192.0.2.1] said: No such user here", 0, NOW - 1000000, 0,
       false}}},
    {"failed-several",
     BYTES(MESSAGE),
     BYTES("Falice@example.com\0Tbob@example.net\0Tcarol@example.net\0Tdave@example.com\0"
           "Terin@example.org\0\0"
           "P\0RET=HDRS\0ENVID=QQ+2B314159\0\0"
           "Pdave@example.com\0ORCPT=rfc822;Dave+2BGroup@example.com\0NOTIFY=SUCCESS,FAILURE\0"),
     facts,
     0,
     {{DSN_FAILED, "bob@example.net", "5.1.1", "550 5.1.1 No such user here", "mx1.example.net",
       NOW - 1000000, 0, false},
      {DSN_FAILED, "dave@example.com", "5.2.2", "the mailbox is full", 0, NOW, 0, false},
      {DSN_FAILED, "carol@example.net", "5.1.1", "550 5.1.1 No such user here", "mx1.example.net",
       NOW - 1000000, 0, false},
      {DSN_FAILED, "erin@example.org", 0, "mx.example.org said: 450 4.2.0 Greylisted", 0, NOW, 0,
       false}}},
    {"delayed",
     BYTES(MESSAGE),
     BYTES("Falice@example.com\0Tbob@example.net\0"),
     facts,
     0,
     {{DSN_DELAYED, "bob@example.net", "4.4.1", "connect to mx1.example.net: Connection timed out",
       0, NOW - 1000000, NOW + 86400000000, false}}},
    {"succeeded",
     BYTES(MESSAGE),
     BYTES("Falice@example.com\0Tbob@example.net\0Tcarol@example.org\0Tlist@example.org\0\0"
           "Pbob@example.net\0NOTIFY=SUCCESS\0\0"
           "Pcarol@example.org\0NOTIFY=SUCCESS\0\0"
           "Plist@example.org\0NOTIFY=SUCCESS\0"),
     facts,
     0,
     {{DSN_RELAYED, "bob@example.net", 0, "mx1.example.net said: 250 2.0.0 Ok: queued", 0, NOW, 0,
       false},
      {DSN_DELIVERED, "carol@example.org", 0, "", 0, NOW, 0, false},
      {DSN_EXPANDED, "list@example.org", 0, "", 0, NOW, 0, false}}},
    {"mixed",
     BYTES(MESSAGE),
     BYTES("Falice@example.com\0Tbob@example.net\0Tcarol@example.org\0\0"
           "Pcarol@example.org\0NOTIFY=SUCCESS\0"),
     facts,
     0,
     {{DSN_DELIVERED, "carol@example.org", 0, "", 0, NOW, 0, false},
      {DSN_FAILED, "bob@example.net", "5.4.6", "the message has been here before", 0, NOW, 0,
       false}}},
    {"double",
     BYTES(MESSAGE),
     BYTES("F\0Tbob@example.net\0"),
     facts,
     "postmaster@mx.example.org",
     {{DSN_FAILED, "bob@example.net", "5.1.1", "550 5.1.1 No such user here", "mx1.example.net",
       NOW, 0, false}}},
    {"global",
     BYTES("From: Jos\xc3\xa9 <jos\xc3\xa9@ex\xc3\xa4mple.com>\nSubject: \xc2\xa1Hola!\n\n\xc2\xa1"
           "Hola!\n"),
     BYTES("Fjos\xc3\xa9@ex\xc3\xa4mple.com\0T\xe5\x91\xa8@example.net\0\0"
           "P\xe5\x91\xa8@example.net\0ORCPT=utf-8;\xe5\x91\xa8@example.net\0"),
     utf8_facts,
     0,
     {{DSN_FAILED, "\xe5\x91\xa8@example.net", 0,
       "mx1.example.net said: 550 5.1.1 \xe6\xb2\xa1\xe6\x9c\x89\xe8\xbf\x99\xe4\xb8\xaa\xe4\xba"
       "\xba",
       0, NOW, 0, false}}},
    {"utf8-words",
     BYTES(MESSAGE),
     BYTES("Falice@example.com\0Tj\xc3\xb6rg+x@example.net\0"),
     facts,
     0,
     {{DSN_FAILED, "j\xc3\xb6rg+x@example.net", 0,
       "mx1.example.net said: 550 5.1.1 Kein Empf\xc3\xa4nger dieses Namens", 0, NOW, 0, false}}},
    {"hostile",
     BYTES("Subject: =?utf-8?q?a=0D=0ABcc:_eve=40example.com?=\n"
           "Message-ID: <a@b>\n <c@d>\n"
           "X: \xff\n\n--=_" NOTICE_ID ".00\n\n--=_" NOTICE_ID ".01--\nbye"),
     BYTES("Falice@example.com\0T\"x y\"@example.net\0"),
     facts,
     0,
     {{DSN_FAILED, "\"x y\"@example.net", "5.7.1\r\nX: y", HOSTILE, "mx\r\nX: y", NOW, 0, false}}},
    {"odd-header",
     BYTES("Subject: a\rb=\nX: \n\nbody\n"),
     BYTES("Falice@example.com\0Tbob@example.net\0"),
     facts,
     0,
     {{DSN_FAILED, "bob@example.net", 0, "5.6.0 no", 0, NOW, 0, false}}},
    {"headerless",
     BYTES("\nno header\n"),
     BYTES("Falice@example.com\0Tbob@example.net\0"),
     facts,
     0,
     {{DSN_FAILED, "bob@example.net", 0, 0, 0, 0, 0, false}}},
    {"empty",
     BYTES(""),
     BYTES("Falice@example.com\0Tbob@example.net\0"),
     facts,
     0,
     {{DSN_FAILED, "bob@example.net", 0, 0, 0, 0, 0, false}}},
    {"strange-sender",
     BYTES(MESSAGE),
     BYTES("Fa b>, <c@d@e\0Tbob@example.net\0"),
     facts,
     0,
     {{DSN_FAILED, "bob@example.net", 0, 0, 0, 0, 0, false}}},
};

/* ---- a notice of the table ------------------------------------------------------------------ */

static int make(struct notice const *wanted, dsn_notice_t *notice, char **message, size_t *len) {
  dsn_settings_t const settings = {
      .me = "mx.example.org", .double_to = wanted->double_to, .whole_max = 50000};
  queue_entry_t entry;
  entry_make(&entry, wanted->message, wanted->envelope, wanted->facts);
  dsn_request_t request = {&entry, wanted->results, 0, NOTICE_ID, NOW};
  while (request.count < COUNT(wanted->results) && wanted->results[request.count].recipient)
    request.count++;
  int const made = notice_make(notice, message, len, &request, &settings);
  if (made == 1) CHECK_INT("all are told of", notice->reported, request.count);
  queue_entry_close(&entry);
  return made;
}

static void compare(struct notice const *wanted) {
  char path[256], *message;
  size_t len, golden_len = 0;
  dsn_notice_t notice;
  snprintf(path, sizeof path, "%s/tests/dsn/notices/%s.eml", getenv("TOP") ? getenv("TOP") : ".",
           wanted->name);
  int const fd = open(path, O_RDONLY | O_CLOEXEC);
  char *golden = fd < 0 ? calloc(1, 1) : entry_read(fd, &golden_len);
  CHECK_INT("a notice is made", make(wanted, &notice, &message, &len), 1);
  CHECK_MEM(wanted->name, message, len, golden, golden_len);
  free(message);
  free(golden);
  if (fd >= 0) close(fd);
}

/* ---- who it goes to ------------------------------------------------------------------------- */

static struct notice const *find(char const *name) {
  size_t i = 0;
  while (strcmp(notices[i].name, name) != 0) i++;
  return &notices[i];
}

static void envelope_of(char const *name, bytes_t envelope, char const *environment) {
  dsn_notice_t notice = {0};
  char *message, list[256] = "";
  size_t len;
  make(find(name), &notice, &message, &len);
  free(message);
  CHECK_MEM("envelope", notice.envelope, notice.envelope_len, envelope.s, envelope.len + 1);
  for (char const **s = notice.environment; *s; s++) strcat(strcat(list, *s), " ");
  CHECK_STR("environment", list, environment);
  queue_envelope_t parsed;
  CHECK_INT("queue_inject takes it",
            queue_envelope_parse(&parsed, notice.envelope, notice.envelope_len), 0);
}

/* ---- what is asked for ---------------------------------------------------------------------- */

static struct {
  char const *name, *notify;
  bool wanted[DSN_ACTIONS];
  bool unasked;
} const notifies[] = {
    {"no NOTIFY", 0, {[DSN_FAILED] = true, [DSN_DELAYED] = true}, true},
    {"NEVER", "NEVER", {0}, false},
    {"FAILURE", "FAILURE", {[DSN_FAILED] = true}, true},
    {"DELAY", "DELAY", {[DSN_DELAYED] = true}, true},
    {"SUCCESS", "SUCCESS", {0, 0, true, true, true}, true},
    {"all, in small letters", "success,delay,failure", {true, true, true, true, true}, true},
};

static void asked(void) {
  dsn_settings_t const settings = {.me = "mx.example.org"};
  queue_entry_t entry;
  entry_make(&entry, (bytes_t)BYTES("\n"), (bytes_t)BYTES("Fa@b\0Tc@d\0"), facts);
  for (size_t i = 0; i < COUNT(notifies); i++) {
    bool same = true, unasked = true;
    for (int action = 0; action < DSN_ACTIONS; action++) {
      dsn_result_t result = {.action = (dsn_action_t)action, .recipient = "c@d"};
      bool wanted = dsn_wanted(&entry, &settings, &result, notifies[i].notify);
      same = same && wanted == notifies[i].wanted[action];
      result.unasked = true;
      wanted = dsn_wanted(&entry, &settings, &result, notifies[i].notify);
      unasked = unasked && wanted == notifies[i].unasked;
    }
    CHECK(notifies[i].name, same);
    CHECK("told unasked", unasked);
  }
  queue_entry_close(&entry);
}

/* A notice is composed of what the parameters say, whichever of many they are. */
static void asked_of_many(void) {
  queue_envelope_t envelope;
  size_t count;
  bytes_t const bytes = BYTES("Fa@b\0Tc@d\0Te@f\0Tg@h\0\0Pg@h\0NOTIFY=NEVER\0\0Pc@d\0notify=DELAY\0"
                              "ORCPT=rfc822;x\0\0Pg@h\0NOTIFY=SUCCESS\0\0");
  CHECK_INT("it parses", queue_envelope_parse(&envelope, bytes.s, bytes.len), 0);
  dsn_asked_t *asked = dsn_asked_make(&count, &envelope);
  CHECK_INT("a record each", count, 3);
  CHECK_STR("the first", dsn_asked_find(asked, count, "c@d").notify, "DELAY");
  CHECK_STR("and more", dsn_asked_find(asked, count, "c@d").original, "rfc822;x");
  CHECK_STR("of several the last", dsn_asked_find(asked, count, "g@h").notify, "SUCCESS");
  CHECK("none", !dsn_asked_find(asked, count, "e@f").notify);
  CHECK("one that is not there", !dsn_asked_find(asked, count, "z@z").notify);
  free(asked);
}

static bool wanted_double(dsn_action_t action, char const *recipient, char const *double_to,
                          char const *fact, bytes_t envelope) {
  char const *const own[] = {fact, 0};
  dsn_settings_t const settings = {.me = "mx.example.org", .double_to = double_to};
  dsn_result_t const result = {.action = action, .recipient = recipient};
  queue_entry_t entry;
  entry_make(&entry, (bytes_t)BYTES("\n"), envelope, own);
  size_t count;
  dsn_asked_t *const asked = dsn_asked_make(&count, &entry.envelope);
  bool const wanted =
      dsn_wanted(&entry, &settings, &result, dsn_asked_find(asked, count, recipient).notify);
  free(asked);
  queue_entry_close(&entry);
  return wanted;
}

static void doubles(void) {
  char const *postmaster = "postmaster@mx.example.org";
  bytes_t const bounce = BYTES("F\0Tc@d\0"), never = BYTES("F\0Tc@d\0\0Pc@d\0NOTIFY=NEVER\0");
  CHECK("a bounce of a bounce: to no one", !wanted_double(DSN_FAILED, "c@d", 0, 0, bounce));
  CHECK("or to the postmaster", wanted_double(DSN_FAILED, "c@d", postmaster, 0, bounce));
  CHECK("also of our own", wanted_double(DSN_FAILED, "c@d", postmaster, "X_NOTICE=single", bounce));
  CHECK("never again", !wanted_double(DSN_FAILED, "c@d", postmaster, "X_NOTICE=double", bounce));
  CHECK("nor about the postmaster",
        !wanted_double(DSN_FAILED, "POSTMASTER@mx.example.org", postmaster, 0, bounce));
  CHECK("nor of a delay", !wanted_double(DSN_DELAYED, "c@d", postmaster, 0, bounce));
  CHECK("nor against NOTIFY", !wanted_double(DSN_FAILED, "c@d", postmaster, 0, never));
}

static void nothing(void) {
  struct notice wanted = {"none",
                          BYTES(MESSAGE),
                          BYTES("F\0Tbob@example.net\0"),
                          facts,
                          0,
                          {{DSN_FAILED, "bob@example.net", 0, 0, 0, 0, 0, false}}};
  dsn_notice_t notice;
  char *message;
  size_t len;
  CHECK_INT("no one is told", make(&wanted, &notice, &message, &len), 0);
  CHECK_INT("nothing is written", len, 0);
  free(message);
}

/* ---- what is returned ----------------------------------------------------------------------- */

/* A message with a body of so many of c, in lines of this length. */
static bytes_t body_of(char c, size_t len, size_t line) {
  static char message[1200000];
  size_t at = (size_t)sprintf(message, "Subject: long\n\n");
  size_t const begin = at;
  for (; at < begin + len; at++) message[at] = (at - begin) % (line + 1) == line ? '\n' : c;
  message[at++] = '\n';
  return (bytes_t){message, at};
}

static void type_of(char const *name, bytes_t message, char const *parameter, char const *type) {
  struct notice wanted = {name,  message, BYTES("Fa@b\0Tbob@example.net\0"),
                          facts, 0,       {{DSN_FAILED, "bob@example.net", 0, 0, 0, 0, 0, false}}};
  char envelope[256];
  int const n = snprintf(envelope, sizeof envelope, "Fa@b%cTbob@example.net%c%cP%c%s%c", 0, 0, 0, 0,
                         parameter, 0);
  if (*parameter) wanted.envelope = (bytes_t){envelope, (size_t)n};
  dsn_notice_t notice;
  char *text;
  size_t len;
  make(&wanted, &notice, &text, &len);
  CHECK(name, strstr(text, type));
  free(text);
}

static void returned(void) {
  type_of("short: whole", body_of('x', 1000, 70), "", "Content-Type: message/rfc822\n");
  type_of("RET=FULL: whole", body_of('x', 1000, 70), "RET=FULL", "Content-Type: message/rfc822\n");
  type_of("RET=HDRS: header", body_of('x', 1000, 70), "RET=hdrs",
          "Content-Type: text/rfc822-headers\n");
  type_of("large: header", body_of('x', 60000, 70), "RET=FULL",
          "Content-Type: text/rfc822-headers\n");
  type_of("lines of 998 bytes: whole", body_of('x', 3000, 998), "", "message/rfc822\n");
  type_of("lines of 999 bytes: header", body_of('x', 3000, 999), "", "text/rfc822-headers\n");
  type_of("a NUL: header", body_of(0, 3000, 70), "", "text/rfc822-headers\n");
  type_of("a CR: header", body_of('\r', 3000, 70), "", "text/rfc822-headers\n");
  type_of("8-bit: labelled so", body_of('\xe9', 3000, 70), "",
          "message/rfc822\nContent-Transfer-Encoding: 8bit\n");
}

/* ---- boundaries ----------------------------------------------------------------------------- */

/* A message that has the first count boundaries of this id in it. */
static int with_boundaries(unsigned int count, char **text) {
  static char message[32768] = "Subject: x\n\n";
  size_t len = 12, text_len;
  for (unsigned int i = 0; i < count; i++)
    len += (size_t)sprintf(message + len, "--=_" NOTICE_ID ".%02x\n", i);
  struct notice const wanted = {"boundaries",
                                {message, len},
                                BYTES("Fa@b\0Tbob@example.net\0"),
                                facts,
                                0,
                                {{DSN_FAILED, "bob@example.net", 0, 0, 0, 0, 0, false}}};
  dsn_notice_t notice;
  return make(&wanted, &notice, text, &text_len);
}

static void boundaries(void) {
  char *text, *nothing;
  CHECK_INT("all boundaries but one are taken", with_boundaries(255, &text), 1);
  CHECK("that one is taken", strstr(text, "boundary=\"=_" NOTICE_ID ".ff\""));
  CHECK_INT("all are", with_boundaries(256, &nothing), -1);
  CHECK_INT("another id is wanted", errno, EEXIST);
  free(text);
  free(nothing);
}

/* ---- many, and much ------------------------------------------------------------------------- */

static void many(void) {
  enum { RECIPIENTS = 2000 };
  static char envelope[64 * RECIPIENTS], addresses[RECIPIENTS][32];
  static dsn_result_t results[RECIPIENTS];
  size_t at = (size_t)sprintf(envelope, "Fa@b") + 1, len;
  char *words = malloc(1 << 20);
  memset(words, 'w', 1 << 20);
  words[(1 << 20) - 1] = 0;
  for (size_t i = 0; i < RECIPIENTS; i++) {
    sprintf(addresses[i], "user%zu@example.net", i);
    at += (size_t)sprintf(envelope + at, "T%s", addresses[i]) + 1;
    results[i] = (dsn_result_t){DSN_FAILED, addresses[i], 0, i % 2 ? words : 0, 0, NOW, 0, false};
  }
  queue_entry_t entry;
  entry_make(&entry, body_of('x', 1000000, 70), (bytes_t){envelope, at}, facts);
  dsn_settings_t const settings = {.me = "mx.example.org", .whole_max = UINT64_MAX};
  dsn_request_t const request = {&entry, results, RECIPIENTS, NOTICE_ID, NOW};
  dsn_notice_t notice;
  char *text;
  CHECK_INT("2,000 recipients, words of 1 MB",
            notice_make(&notice, &text, &len, &request, &settings), 1);
  CHECK("words are cut", len < 1100000 + RECIPIENTS * 1500);
  CHECK_INT("all are told of", notice.reported, RECIPIENTS);
  queue_entry_close(&entry);
  free(words);
  free(text);
}

/* ---- main ----------------------------------------------------------------------------------- */

static int write_all(char const *folder) {
  for (size_t i = 0; i < COUNT(notices); i++) {
    char path[512], *message;
    size_t len;
    dsn_notice_t notice;
    snprintf(path, sizeof path, "%s/%s.eml", folder, notices[i].name);
    int const fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || make(&notices[i], &notice, &message, &len) != 1) return 111;
    entry_write(fd, message, len);
    close(fd);
    free(message);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc > 1) return write_all(argv[1]);
  for (size_t i = 0; i < COUNT(notices); i++) compare(&notices[i]);
  envelope_of("headerless", (bytes_t)BYTES("F\0Talice@example.com\0"), "X_NOTICE=single ");
  envelope_of("double", (bytes_t)BYTES("F\0Tpostmaster@mx.example.org\0"),
              "X_NOTICE=double SMTP_BODY=8BITMIME ");
  envelope_of("global", (bytes_t)BYTES("F\0Tjos\xc3\xa9@ex\xc3\xa4mple.com\0"),
              "X_NOTICE=single SMTP_BODY=8BITMIME SMTP_UTF8=1 ");
  asked();
  asked_of_many();
  doubles();
  nothing();
  returned();
  boundaries();
  many();
  return unit_done();
}
