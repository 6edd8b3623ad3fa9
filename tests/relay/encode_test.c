/* The encoder as a filter for tests/deliver/encode.sh, and what it makes of single messages. With
   an argument, "8" or "7", it encodes fd 0 to fd 1: 8-bit bytes may stay, or not. */

#include "../../lib/relay/encode.h"
#include "../unit.h"

static relay_encode_t encode;

static size_t pass(relay_encode_pass_t which, char const *s, size_t len, char *out) {
  relay_encode_begin(&encode, which);
  size_t n = relay_encode_feed(&encode, s, len, out);
  return n + relay_encode_end(&encode, out + n);
}

static size_t run(char const *s, size_t len, char *out, bool allow) {
  memset(&encode, 0, sizeof encode);
  encode.allow_eight_bit = allow;
  pass(RELAY_ENCODE_LOOK, s, len, out);
  return pass(RELAY_ENCODE_WRITE, s, len, out);
}

static int filter(bool allow) {
  static char in[1 << 22], out[RELAY_ENCODE_MAX(1 << 22)];
  size_t len = fread(in, 1, sizeof in, stdin);
  return fwrite(out, 1, run(in, len, out, allow), stdout) ? 0 : 1;
}

static struct {
  char const *name, *in, *out;
} const cases[] = {
    {"nothing to do", "Subject: x\nContent-Transfer-Encoding: 8bit\n\nabc\n",
     "Subject: x\nContent-Transfer-Encoding: 8bit\n\nabc\n"},
    {"empty", "", ""},
    {"a blank at the end of a line", "MIME-Version: 1.0\nContent-Type: text/plain\n\n\xe4 \n a\n",
     "MIME-Version: 1.0\nContent-Type: text/plain\nContent-Transfer-Encoding: "
     "quoted-printable\n\n=E4=20\n a\n"},
    {"a blank at the end of all", "MIME-Version: 1.0\nContent-Type: text/plain\n\n\xe4 ",
     "MIME-Version: 1.0\nContent-Type: text/plain\nContent-Transfer-Encoding: "
     "quoted-printable\n\n=E4=20"},
    {"parts that need it",
     "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n"
     "Content-Transfer-Encoding: 8bit\n\n--b\n\nplain\n--b\n"
     "Content-Type: text/html\nContent-Transfer-Encoding: 8bit\n\n\xe4\n--b--\n",
     "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n"
     "Content-Transfer-Encoding: 7bit\n\n--b\n\nplain\n--b\n"
     "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n=E4\n--b--\n"},
    {"a message in a message",
     "MIME-Version: 1.0\nContent-Type: message/rfc822\n\nSubject: y\n"
     "MIME-Version: 1.0\nContent-Type: text/plain\n\n\xe4\n",
     "MIME-Version: 1.0\nContent-Type: message/rfc822\n\nSubject: y\n"
     "MIME-Version: 1.0\nContent-Type: text/plain\nContent-Transfer-Encoding: "
     "quoted-printable\n\n=E4\n"},
    {"encoded already", "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nw6Q=\n",
     "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nw6Q=\n"},
};

static void test_cases(void) {
  static char out[RELAY_ENCODE_MAX(4096)];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t const len = run(cases[i].in, strlen(cases[i].in), out, false);
    CHECK_MEM(cases[i].name, out, len, cases[i].out, strlen(cases[i].out));
  }
}

/* A line that is broken must not make a boundary. */
static void test_boundary(void) {
  static char in[4096], out[RELAY_ENCODE_MAX(4096)];
  char *at = stpcpy(in, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n");
  for (int i = 0; i < 200; i++) at = stpcpy(at, "\xe4--b");
  stpcpy(at, "\n--b--\n");
  size_t const len = run(in, strlen(in), out, false);
  out[len] = 0;
  char const *const first = strstr(out, "\n--b\n"), *const last = strstr(out, "\n--b--\n");
  CHECK("the first boundary", first);
  CHECK("the last", last && last + strlen("\n--b--\n") == out + len);
  CHECK("and none between", first && strstr(first + 1, "\n--b") == last);
}

int main(int argc, char **argv) {
  if (argc > 1) return filter(*argv[1] == '8');
  test_cases();
  test_boundary();
  return unit_done();
}
