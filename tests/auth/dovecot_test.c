/* lib/dovecot: what is asked, and what the answers mean. */
#include <errno.h>

#include "../unit.h"
#include "dovecot/dovecot.h"

static void test_request(void) {
  char text[DOVECOT_LINE_MAX];
  dovecot_request_t request = {.service = "smtp", .login = "tim", .password = "tanstaaftanstaaf"};
  ssize_t len = dovecot_request_format(text, sizeof text, &request);
  static char const want[] =
      "AUTH\t1\tPLAIN\tservice=smtp\tresp=AHRpbQB0YW5zdGFhZnRhbnN0YWFm\n"; /* RFC 4616, 4 */
  CHECK_MEM("only what is known", text, (size_t)len, want, sizeof want - 1);
  request.secured = 1;
  request.session = "a\tb\001c\rd\ne";
  request.local_ip = "192.0.2.1";
  request.local_port = "25";
  request.remote_ip = "2001:db8::1";
  request.remote_port = "1024";
  len = dovecot_request_format(text, sizeof text, &request);
  static char const all[] =
      "AUTH\t1\tPLAIN\tservice=smtp\tsecured\tsession=a\001tb\0011c\001rd\001ne"
      "\tlip=192.0.2.1\trip=2001:db8::1\tlport=25\trport=1024"
      "\tresp=AHRpbQB0YW5zdGFhZnRhbnN0YWFm\n";
  CHECK_MEM("all of it", text, (size_t)len, all, sizeof all - 1);
  CHECK_INT("one byte less", dovecot_request_format(text, sizeof all - 2, &request), -1);
  CHECK_INT("too long", errno, ERANGE);
  len = dovecot_hello_format(text, sizeof text, 17);
  CHECK_MEM("handshake", text, (size_t)len, "VERSION\t1\t2\nCPID\t17\n", 20);
}

static struct {
  char const *line;
  dovecot_answer_t answer;
  char const *user, *reason;
} const replies[] = {
    {"VERSION\t1\t2", DOVECOT_IGNORED, NULL, NULL},
    {"VERSION\t2\t0", DOVECOT_BROKEN, NULL, NULL},
    {"VERSION", DOVECOT_BROKEN, NULL, NULL},
    {"MECH\tPLAIN\tplaintext", DOVECOT_IGNORED, NULL, NULL},
    {"", DOVECOT_IGNORED, NULL, NULL},
    {"\t", DOVECOT_IGNORED, NULL, NULL},
    {"OKAY\t1", DOVECOT_IGNORED, NULL, NULL},
    {"DONE", DOVECOT_READY, NULL, NULL},
    {"OK\t1\tuser=alice", DOVECOT_RIGHT, "alice", NULL},
    {"OK\t1\toriginal_user=a\tuser=alice@b\tx", DOVECOT_RIGHT, "alice@b", NULL},
    {"OK\t1\tuser=a\001tb\0011c", DOVECOT_RIGHT, "a\tb\001c", NULL},
    {"OK\t1\tuser=alice\tnologin", DOVECOT_WRONG, "alice", NULL},
    {"OK\t1\tuser=alice\tnologin\tproxy\thost=h", DOVECOT_WRONG, "alice", NULL},
    {"OK\t1", DOVECOT_BROKEN, NULL, NULL},
    {"OK\t1\tuser=", DOVECOT_BROKEN, "", NULL},
    {"OK\t1\tuser=a\0010b", DOVECOT_BROKEN, NULL, NULL},
    {"OK\t1\tuser=a\001", DOVECOT_BROKEN, NULL, NULL},
    {"OK\t2\tuser=alice", DOVECOT_BROKEN, NULL, NULL},
    {"OK\t11\tuser=alice", DOVECOT_BROKEN, NULL, NULL},
    {"OK", DOVECOT_BROKEN, NULL, NULL},
    {"FAIL\t1", DOVECOT_WRONG, NULL, NULL},
    {"FAIL\t1\tuser=alice\treason=no more", DOVECOT_WRONG, NULL, "no more"},
    {"FAIL\t1\tuser=alice\tauthz", DOVECOT_WRONG, NULL, NULL},
    {"FAIL\t1\tuser=alice\tuser_disabled", DOVECOT_WRONG, NULL, NULL},
    {"FAIL\t1\tuser=alice\tcode=user_disabled", DOVECOT_WRONG, NULL, NULL},
    {"FAIL\t1\tuser=alice\tcode=pass_expired", DOVECOT_WRONG, NULL, NULL},
    {"FAIL\t1\tuser=alice\ttemp", DOVECOT_TEMPORARY, NULL, NULL},
    {"FAIL\t1\tuser=temp", DOVECOT_WRONG, NULL, NULL},
    {"FAIL\t1\tcode=temp_fail\treason=x", DOVECOT_TEMPORARY, NULL, "x"},
    {"FAIL\t2", DOVECOT_BROKEN, NULL, NULL},
    {"CONT\t1\t", DOVECOT_BROKEN, NULL, NULL},
};

static void test_replies(void) {
  for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
    char line[128];
    dovecot_reply_t reply;
    strcpy(line, replies[i].line);
    CHECK_INT("answer", dovecot_line_parse(&reply, line, strlen(line)), replies[i].answer);
    CHECK_STR("user", reply.user, replies[i].user);
    CHECK_STR("reason", reply.reason, replies[i].reason);
  }
  char nul[] = "OK\t1\tuser=a\0b";
  dovecot_reply_t reply;
  CHECK_INT("a NUL", dovecot_line_parse(&reply, nul, sizeof nul - 1), DOVECOT_BROKEN);
}

int main(void) {
  test_request();
  test_replies();
  return unit_done();
}
