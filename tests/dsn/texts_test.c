/* Texts of one's own. */
#include <fcntl.h>

#include "_entry.h"

static char const *parse(dsn_texts_t *texts, char const *file, size_t *line) {
  static char bytes[4096];
  char const *error = 0;
  size_t const len = strlen(file);
  memcpy(bytes, file, len);
  *line = dsn_texts_parse(texts, bytes, len, &error);
  return error;
}

static void refuse(char const *file, size_t wanted_line, char const *wanted) {
  dsn_texts_t texts = {0};
  size_t line;
  CHECK_STR(wanted, parse(&texts, file, &line), wanted);
  CHECK_INT("line", line, wanted_line);
}

static void wrong(void) {
  refuse("[faild]\n", 1, "no text has this name");
  refuse("#\n[failed\n", 2, "no text has this name");
  refuse("[]\n", 1, "no text has this name");
  refuse("[\n", 1, "no text has this name");
  refuse("hello\n", 1, "a text needs its name first: [name]");
  refuse("[expired]\na\n[expired]\nb\n", 3, "this text was given before");
  refuse("[expired]\n${nonsense}\n", 2, "no variable has this name");
  refuse("[expired]\n${me\n", 2, "a variable without its brace");
  refuse("[failed]\nx\n\na ${report}\n", 4, "this variable wants a line of its own");
  refuse("[failed]\nx\n\n${report} \n", 4, "this variable wants a line of its own");
  refuse("[failed]\nx\n[expired]\n", 3, "the text before lacks ${report}");
  refuse("[recipients failed]\nx", 3, "the text before lacks ${recipients}");
  refuse("[expired]\n\xff\n", 2, "this is not UTF-8");
  refuse("[expired]\na\tb\n", 2, "a control character");
  refuse("[expired]\n                                         x\n", 2,
         "the line begins too far to the right");
}

static void nul(void) {
  dsn_texts_t texts = {0};
  char bytes[] = "[expired]\na\0b";
  char const *error = 0;
  CHECK_INT("a NUL", dsn_texts_parse(&texts, bytes, sizeof bytes - 1, &error), 1);
}

/* ---- in use --------------------------------------------------------------------------------- */

static char const file[] = "# Deutsch\n"
                           "[from]\n"
                           "Postm\xc3\xa4nner\n"
                           "\n"
                           "[failed]\n"
                           "Unzustellbar: ${subject} ${nothing} an ${sender}\n"
                           "  ${report}\n"
                           "${until} only where there is one\n"
                           "Ende ${me} ${postmaster} ${id} $ ${date}\n"
                           "\n"
                           "\n"
                           "[recipients failed]\n"
                           "# not seen\n"
                           " ${recipients}\n"
                           "  ${reason} ${remote}: ${words}\n"
                           "  ${report}\n"
                           "[reason 1.1]\n"
                           "Gibt es\n"
                           "nicht.";

static void in_use(void) {
  dsn_texts_t texts = {0};
  size_t line, len;
  char good[sizeof file], *message;
  char *nothing = strstr(memcpy(good, file, sizeof file), "${nothing} ");
  memmove(nothing, nothing + 11, strlen(nothing + 11) + 1);
  CHECK_STR("parsed", parse(&texts, good, &line), 0);
  queue_entry_t entry;
  entry_make(&entry, (bytes_t)BYTES("Subject: x\n\n"), (bytes_t)BYTES("Fa@b\0Tc@d\0Te@f\0"),
             (char const *const[]){0});
  dsn_result_t const results[] = {
      {DSN_FAILED, "c@d", "5.1.1", "550 no", "mx", 0, 0, false},
      {DSN_FAILED, "e@f", "5.1.1", "550 no", "mx", 0, 0, false},
      {DSN_FAILED, "e@f", "5.9.1", "", "mx", 0, 0, false},
  };
  dsn_settings_t const settings = {.me = "us", .postmaster = "help@us", .texts = &texts};
  dsn_notice_t notice;
  notice_make(&notice, &message, &len, &(dsn_request_t){&entry, results, 3, NOTICE_ID, NOW},
              &settings);
  CHECK("name", strstr(message, "From: =?utf-8?q?Postm=C3=A4nner?= <MAILER-DAEMON@us>\n"));
  CHECK("subject", strstr(message, "\nSubject: Unzustellbar: x an a@b\n"));
  static char const head[] = "us-ascii\nContent-Transfer-Encoding: 7bit\n\n";
  char const *text = strstr(message, head);
  char const *end = text ? strstr(text, "\n--=_") : 0;
  char const wanted[] = " c@d\n e@f\n  Gibt es nicht. mx: 550 no\n\n e@f\n"
                        "Ende us help@us " ENTRY_ID " $ Fri, 20 Nov 2026 21:33:20 +0000\n";
  CHECK("a text part", text && end);
  if (text && end)
    CHECK_MEM("text", text + sizeof head - 1, (size_t)(end - text) - (sizeof head - 1), wanted,
              sizeof wanted - 1);
  queue_entry_close(&entry);
  free(message);
}

/* The example of bounce-texts(5) is one. */
static void example(void) {
  char path[512];
  dsn_texts_t texts = {0};
  size_t len, line;
  snprintf(path, sizeof path, "%s/cmd/queue/bounce-texts.5", getenv("TOP") ? getenv("TOP") : ".");
  int const fd = open(path, O_RDONLY | O_CLOEXEC);
  char *page = fd < 0 ? calloc(1, 1) : entry_read(fd, &len);
  char *begin = strstr(page, "\n[failed]"), *end = begin ? strstr(begin, "\n.Ed") : 0;
  CHECK("an example", end);
  if (end) *end = 0;
  if (end) CHECK_STR("is right", parse(&texts, begin, &line), 0);
  free(page);
  if (fd >= 0) close(fd);
}

static void loading(void) {
  dsn_texts_t loaded, texts;
  char path[] = "/tmp/texts.XXXXXX";
  char const *error = 0;
  size_t line;
  int const fd = mkstemp(path);
  CHECK_INT("a folder", dsn_texts_load(&texts, "/tmp", &line, &error), -1);
  CHECK_INT("is no text", line, 0);
  entry_write(fd, "[expired]\nToo late.\n", 20);
  CHECK_INT("a file", dsn_texts_load(&loaded, path, &line, &error), 0);
  entry_write(fd, "[\n", 2);
  CHECK_INT("a wrong one", dsn_texts_load(&texts, path, &line, &error), -1);
  CHECK_INT("its line", line, 3);
  unlink(path);
  CHECK_INT("no file", dsn_texts_load(&texts, path, &line, &error), 0);
  close(fd);
  free(loaded.file);
}

int main(void) {
  wrong();
  nul();
  in_use();
  example();
  loading();
  return unit_done();
}
