/* The fronts' side of the auth service against services that say all sorts of things; which
   mechanisms are offered on which channel; requests and records. */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"
#include "sasl/sasl.h"

/* ---- mechanisms ----------------------------------------------------------------------------- */

static void test_offered(void) {
  static char const list[] = "SCRAM-SHA-256-PLUS scram-sha-256  PLAIN EXTERNAL";
  sasl_channel_t const clear = {.tls = false}, tls = {.tls = true},
                       bound = {.tls = true, .end_point = true},
                       known = {.tls = true, .certificate = true}, weak = {.clear_text = true};
  CHECK("PLAIN over TLS", sasl_mechanism_offered(list, SASL_PLAIN, &tls));
  CHECK("no PLAIN without", !sasl_mechanism_offered(list, SASL_PLAIN, &clear));
  CHECK("but where it is wanted", sasl_mechanism_offered(list, SASL_PLAIN, &weak));
  CHECK("SCRAM anywhere", sasl_mechanism_offered(list, SASL_SCRAM_SHA_256, &clear));
  CHECK("-PLUS where the channel can be bound",
        sasl_mechanism_offered(list, SASL_SCRAM_SHA_256_PLUS, &bound));
  CHECK("not elsewhere", !sasl_mechanism_offered(list, SASL_SCRAM_SHA_256_PLUS, &tls));
  CHECK("EXTERNAL with a certificate", sasl_mechanism_offered(list, SASL_EXTERNAL, &known));
  CHECK("not without", !sasl_mechanism_offered(list, SASL_EXTERNAL, &bound));
  CHECK("none that is not listed", !sasl_mechanism_offered(list, SASL_LOGIN, &tls));
  CHECK("nor none at all", !sasl_mechanism_offered(list, SASL_MECHANISMS, &tls));
  CHECK_INT("names in any case", sasl_mechanism_find("Plain", 5), SASL_PLAIN);
  CHECK_INT("whole names", sasl_mechanism_find("PLAINT", 6), SASL_MECHANISMS);
  CHECK_INT("no beginnings", sasl_mechanism_find("PLAI", 4), SASL_MECHANISMS);
}

/* ---- requests ------------------------------------------------------------------------------- */

static char *parse(sasl_request_t *request, char const *line) {
  static char text[128];
  strcpy(text, line);
  return sasl_request_parse(request, text) == 0 ? text : NULL;
}

static void test_requests(void) {
  static char const *const bad[] = {"",
                                    "AUTH",
                                    "AUTH ",
                                    "AUTH  PLAIN",
                                    "AUTH PLAIN ",
                                    "AUTH PLAIN x y",
                                    "auth PLAIN",
                                    "APOP <x> alice",
                                    "APOP <x> alice 123 4",
                                    "HAND"};
  sasl_request_t request;
  CHECK("without initial response", parse(&request, "AUTH PLAIN"));
  CHECK_STR("the mechanism", request.mechanism, "PLAIN");
  CHECK_STR("and nothing", request.initial, NULL);
  CHECK("with an empty one", parse(&request, "AUTH EXTERNAL ="));
  CHECK_STR("which stands there", request.initial, "=");
  CHECK("APOP", parse(&request, "APOP <x@y> alice 0123"));
  CHECK("is APOP", request.apop);
  CHECK_STR("its timestamp", request.timestamp, "<x@y>");
  CHECK_STR("its name", request.name, "alice");
  CHECK_STR("its digest", request.digest, "0123");
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    CHECK(*bad[i] ? bad[i] : "an empty line", !parse(&request, bad[i]));
}

/* ---- records -------------------------------------------------------------------------------- */

#define TOKEN "0123456789abcdef0123456789abcdef"
#define HEAD  "\0sasl-ok " TOKEN "\0"

static void test_records(void) {
  static char const *const facts[] = {"AUTH_USER=m\xc3\xbcller", "AUTH_UID=0", NULL};
  static char const *const line_end[] = {"AUTH_USER=a\nAUTH_UID=0", NULL};
  static char const *const no_value[] = {"AUTH_USER=", NULL};
  static char big[SASL_RECORD_MAX + 1] = "AUTH_USER=";
  char const *const too_big[] = {big, NULL};
  char record[SASL_RECORD_MAX];
  char const *first;
  size_t const len = sasl_record_format(record, TOKEN, facts);
  CHECK_MEM("a record", record, len, HEAD "AUTH_USER=m\xc3\xbcller\0AUTH_UID=0\0", 72);
  CHECK("is one", sasl_record_parse(record, len, TOKEN, &first));
  CHECK_STR("its first fact", first, facts[0]);
  for (size_t cut = 0; cut < len; cut++)
    if (sasl_record_parse(record, cut, TOKEN, &first)) CHECK_INT("a part of it is one", cut, len);
  CHECK_INT("a line end", sasl_record_format(record, TOKEN, line_end), 0);
  CHECK_INT("no value", sasl_record_format(record, TOKEN, no_value), 0);
  memset(big + 10, 'x', sizeof big - 11);
  CHECK_INT("too much", sasl_record_format(record, TOKEN, too_big), 0);
  CHECK_INT("and why", errno, E2BIG);

  static struct {
    char const *name, *bytes;
    size_t len;
    bool want;
  } const cases[] = {
#define BYTES(s) s, sizeof(s) - 1
      {"no facts", BYTES(HEAD "\0"), true},
      {"no end", BYTES(HEAD "AUTH_USER=a"), false},
      {"one end", BYTES(HEAD "AUTH_USER=a\0"), false},
      {"more than one record", BYTES(HEAD "AUTH_USER=a\0\0" HEAD "\0"), false},
      {"something before", BYTES("x" HEAD "AUTH_USER=a\0\0"), false},
      {"something behind", BYTES(HEAD "AUTH_USER=a\0\0x"), false},
      {"another token",
       BYTES("\0sasl-ok "
             "fedcba9876543210fedcba9876543210"
             "\0AUTH_USER=a\0\0"),
       false},
      {"a fact in lower case", BYTES(HEAD "auth_user=a\0\0"), false},
      {"a line end in a fact", BYTES(HEAD "AUTH_USER=a\nb\0\0"), false},
      {"what the environment looks like", BYTES("SASL_OK_TOKEN=" TOKEN "\0USER=a\0\0"), false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    CHECK_INT(cases[i].name, sasl_record_parse(cases[i].bytes, cases[i].len, TOKEN, &first),
              cases[i].want);
}

/* ---- a service ------------------------------------------------------------------------------ */

static char folder[] = "/tmp/sasl.XXXXXX";
static char path[64];
static pid_t service_pid;

/* A process that takes one connection, reads what is said up to each empty line or request, and
   says one of the answers for each; then it waits until the other side has gone. */
static void play(int listener, char const *const *answers, size_t answer_len) {
  char bytes[65536];
  int const fd = accept(listener, 0, 0);
  for (ssize_t n; *answers && (n = read(fd, bytes, sizeof bytes)) > 0;) {
    if (n >= 2 && !memcmp(bytes + n - 2, "\n\n", 2)) continue; /* the facts alone */
    size_t const len = answer_len ? answer_len : strlen(*answers);
    for (size_t sent = 0; sent < len; sent += 7) {
      size_t const rest = len - sent;
      if (write(fd, *answers + sent, rest < 7 ? rest : 7) < 0) _exit(0);
    }
    answers++;
  }
  while (read(fd, bytes, sizeof bytes) > 0) continue;
  _exit(0);
}

static void start_service(char const *const *answers, size_t answer_len) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  int const listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  unlink(path);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1) < 0)
    abort();
  service_pid = fork();
  if (!service_pid) play(listener, answers, answer_len);
  close(listener);
}

static void end_service(sasl_service_t *service) {
  sasl_service_close(service);
  while (waitpid(service_pid, 0, 0) < 0 && errno == EINTR) continue;
}

static sasl_service_t service;

static void open_service(unsigned int milliseconds) {
  static char const *const facts[] = {"SERVICE=smtp", "REMOTEIP=192.0.2.7", NULL};
  CHECK_INT("connects", sasl_service_open(&service, path, facts, milliseconds), 0);
}

static void test_dialogue(void) {
  static char const *const answers[] = {"+ VXNlcm5hbWU6\n",
                                        "+\n",
                                        "OK\nAUTH_USER=alice\nAUTH_METHOD=LOGIN\n\n",
                                        "NO failed no such luck\n",
                                        "NO temporary\n",
                                        NULL};
  start_service(answers, 0);
  open_service(20000);
  CHECK_INT("a challenge", sasl_service_start(&service, "LOGIN", 0), SASL_CHALLENGE);
  CHECK_STR("which is", service.text, "VXNlcm5hbWU6");
  CHECK_INT("another", sasl_service_answer(&service, "YWxpY2U="), SASL_CHALLENGE);
  CHECK_STR("which is empty", service.text, "");
  CHECK_INT("a success", sasl_service_answer(&service, "c2VjcmV0"), SASL_SUCCESS);
  CHECK_STR("who it is", sasl_service_fact(&service, "AUTH_USER"), "alice");
  CHECK_STR("how", sasl_service_fact(&service, "AUTH_METHOD"), "LOGIN");
  CHECK_STR("nothing of others", sasl_service_fact(&service, "AUTH"), NULL);
  CHECK_INT("another attempt", sasl_service_start(&service, "PLAIN", "="), SASL_FAILED);
  CHECK_STR("its text", service.text, "no such luck");
  CHECK_STR("no facts any more", sasl_service_fact(&service, "AUTH_USER"), NULL);
  CHECK_INT("and another", sasl_service_apop(&service, "<a@b>", "alice", "0123"), SASL_TEMPORARY);
  CHECK("the connection is good", service.fd >= 0);
  end_service(&service);
}

static void test_words(void) {
  static char const *const answers[] = {
      "NO malformed x\n", "NO cancelled x\n", "NO unknown x\n",  "NO unfit x\n",
      "NO weak x\n",      "NO throttled x\n", "NO whatever x\n", NULL};
  static sasl_result_t const want[] = {SASL_MALFORMED, SASL_CANCELLED, SASL_UNKNOWN,  SASL_UNFIT,
                                       SASL_TOO_WEAK,  SASL_THROTTLED, SASL_TEMPORARY};
  start_service(answers, 0);
  open_service(20000);
  for (size_t i = 0; answers[i]; i++)
    CHECK_INT(sasl_result_word(want[i]), sasl_service_start(&service, "PLAIN", 0), want[i]);
  end_service(&service);
}

/* What a front must not say is not said, and what the service waits for is. */
static void test_lines(void) {
  static char line[SASL_LINE_MAX + 2];
  static char const *const answers[] = {"+ \n", "NO cancelled x\n", "+ \n", "NO cancelled x\n",
                                        NULL};
  static char const *const facts[] = {"SERVICE=smtp\nREMOTEIP=127.0.0.1", NULL};
  memset(line, 'A', sizeof line - 1);
  start_service(answers, 0);
  open_service(20000);
  CHECK_INT("a mechanism of two words", sasl_service_start(&service, "PLAIN x", 0), SASL_UNKNOWN);
  CHECK_INT("a mechanism with a line end", sasl_service_start(&service, "PLAIN\n", 0),
            SASL_UNKNOWN);
  CHECK_INT("an initial response with one", sasl_service_start(&service, "PLAIN", "x\ny"),
            SASL_MALFORMED);
  CHECK_INT("one that is too long", sasl_service_start(&service, "PLAIN", line), SASL_MALFORMED);
  CHECK_INT("a challenge", sasl_service_start(&service, "PLAIN", 0), SASL_CHALLENGE);
  CHECK_INT("an answer with a line end", sasl_service_answer(&service, "x\nOK"), SASL_MALFORMED);
  CHECK_INT("a challenge", sasl_service_start(&service, "PLAIN", 0), SASL_CHALLENGE);
  CHECK_INT("an answer that is too long", sasl_service_answer(&service, line), SASL_MALFORMED);
  end_service(&service);
  start_service(answers, 0);
  CHECK_INT("a fact with a line end", sasl_service_open(&service, path, facts, 20000), -1);
  CHECK_INT("is none", errno, EINVAL);
  end_service(&service);
}

static void test_strange_services(void) {
  static char flood[65536];
  static struct {
    char const *name, *answer;
    size_t len;
  } const cases[] = {
      {"words of its own", "HELLO\n", 0},
      {"success without a record", "OK\n\n", 0},
      {"success without a user", "OK\nAUTH_METHOD=PLAIN\n\n", 0},
      {"facts of others", "OK\nAUTH_USER=alice\nPATH=/tmp\n\n", 0},
      {"no fact", "OK\nAUTH_USER=alice\nAUTH_ADMIN\n\n", 0},
      {"a NUL", "+ a\0b\n", 6},
      {"no end", flood, sizeof flood},
  };
  memset(flood, '+', sizeof flood);
  signal(SIGPIPE, SIG_IGN);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char const *const answers[] = {cases[i].answer, NULL};
    start_service(answers, cases[i].len);
    open_service(20000);
    CHECK_INT(cases[i].name, sasl_service_start(&service, "PLAIN", "="), SASL_TEMPORARY);
    end_service(&service);
  }
}

static void test_absence(void) {
  static char const *const nothing[] = {"", NULL}, *const half[] = {"OK\nAUTH_USER=alice\n", NULL};
  static char const *const facts[] = {NULL};
  unlink(path);
  CHECK_INT("no service", sasl_service_open(&service, path, facts, 20000), -1);
  CHECK_INT("and why", errno, ENOENT);
  CHECK_INT("asked all the same", sasl_service_start(&service, "PLAIN", 0), SASL_TEMPORARY);
  start_service(nothing, 0);
  open_service(50);
  CHECK_INT("a silent one", sasl_service_start(&service, "PLAIN", 0), SASL_TEMPORARY);
  CHECK_INT("and why", errno, ETIMEDOUT);
  CHECK_INT("is asked no more", service.fd, -1);
  end_service(&service);
  start_service(half, 0);
  open_service(50);
  CHECK_INT("half a record", sasl_service_start(&service, "PLAIN", 0), SASL_TEMPORARY);
  CHECK_STR("says nothing", sasl_service_fact(&service, "AUTH_USER"), NULL);
  end_service(&service);
}

int main(void) {
  if (!mkdtemp(folder)) return 111;
  snprintf(path, sizeof path, "%s/socket", folder);
  test_offered();
  test_requests();
  test_records();
  test_dialogue();
  test_words();
  test_lines();
  test_strange_services();
  test_absence();
  unlink(path);
  rmdir(folder);
  return unit_done();
}
