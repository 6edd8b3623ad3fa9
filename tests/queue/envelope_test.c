/* Envelopes: what qmail-queue takes, the caps, and the parameters behind it. */
#include <errno.h>

#include "../unit.h"
#include "queue/queue.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BYTES(s)     (s), sizeof(s) - 1

static void forms(void) {
  static struct {
    char const *name, *bytes;
    size_t len;
    int error;
    size_t count;
  } const cases[] = {
      {"one recipient", BYTES("Fa@b\0Tc@d\0\0"), 0, 1},
      {"two", BYTES("Fa@b\0Tc@d\0Te@f\0\0"), 0, 2},
      {"null sender", BYTES("F\0Tc@d\0\0"), 0, 1},
      {"UTF-8", BYTES("F\xc3\xa4@b\0Tc@d\0\0"), 0, 1},
      {"parameters", BYTES("Fa\0Tc\0\0P\0RET=HDRS\0\0Pc\0NOTIFY=NEVER\0ORCPT=rfc822;c\0\0"), 0, 1},
      {"a block without parameters", BYTES("Fa\0Tc\0\0Pc\0\0"), 0, 1},
      {"parameters of a stranger", BYTES("Fa\0Tc\0\0Pnobody\0A=b\0\0"), 0, 1},
      {"an empty value", BYTES("Fa\0Tc\0\0P\0A=\0\0"), 0, 1},
      {"empty", BYTES(""), EBADMSG, 0},
      {"no sender", BYTES("Tc@d\0\0"), EBADMSG, 0},
      {"no recipient", BYTES("Fa@b\0\0"), EBADMSG, 0},
      {"empty recipient", BYTES("Fa@b\0T\0\0"), EBADMSG, 0},
      {"not ended", BYTES("Fa@b\0Tc@d\0"), EBADMSG, 0},
      {"cut in a recipient", BYTES("Fa@b\0Tc@d"), EBADMSG, 0},
      {"cut in the sender", BYTES("Fa@b"), EBADMSG, 0},
      {"two senders", BYTES("Fa\0Fb\0Tc\0\0"), EBADMSG, 0},
      {"another letter", BYTES("Fa\0Xc\0Tc\0\0"), EBADMSG, 0},
      {"LF in a sender", BYTES("Fa\nb\0Tc\0\0"), EBADMSG, 0},
      {"CR in a recipient", BYTES("Fa\0Tc\rd\0\0"), EBADMSG, 0},
      {"DEL in a recipient", BYTES("Fa\0Tc\x7f\0\0"), EBADMSG, 0},
      {"bytes behind", BYTES("Fa\0Tc\0\0x"), EBADMSG, 0},
      {"a NUL behind", BYTES("Fa\0Tc\0\0\0"), EBADMSG, 0},
      {"parameters not ended", BYTES("Fa\0Tc\0\0Pc\0A=b\0"), EBADMSG, 0},
      {"parameters cut", BYTES("Fa\0Tc\0\0Pc\0A=b"), EBADMSG, 0},
      {"a parameter without a name", BYTES("Fa\0Tc\0\0Pc\0=b\0\0"), EBADMSG, 0},
      {"a parameter without =", BYTES("Fa\0Tc\0\0Pc\0A\0\0"), EBADMSG, 0},
      {"a blank in a name", BYTES("Fa\0Tc\0\0Pc\0A B=c\0\0"), EBADMSG, 0},
      {"a dash before a name", BYTES("Fa\0Tc\0\0Pc\0-A=c\0\0"), EBADMSG, 0},
      {"LF in a value", BYTES("Fa\0Tc\0\0Pc\0A=b\nc\0\0"), EBADMSG, 0},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    queue_envelope_t envelope;
    errno = 0;
    int result = queue_envelope_parse(&envelope, cases[i].bytes, cases[i].len);
    CHECK_INT(cases[i].name, result ? errno : 0, cases[i].error);
    if (!result) CHECK_INT("recipients", envelope.count, cases[i].count);
  }
}

/* An envelope with count recipients of len bytes each. */
static int parse_many(size_t count, size_t len, size_t extra) {
  size_t total = 2 + count * (len + 2) + 1 + extra;
  char *bytes = malloc(total), *s = bytes;
  queue_envelope_t envelope;
  memcpy(s, "F", 2);
  s += 2;
  for (size_t i = 0; i < count; i++) {
    *s++ = 'T';
    memset(s, 'a', len);
    s[len] = 0;
    s += len + 1;
  }
  memset(s, 0, 1 + extra);
  int result = queue_envelope_parse(&envelope, bytes, total) ? errno : 0;
  free(bytes);
  return result;
}

static void caps(void) {
  CHECK_INT("the longest address", parse_many(1, QUEUE_ADDRESS_MAX, 0), 0);
  CHECK_INT("a longer one", parse_many(1, QUEUE_ADDRESS_MAX + 1, 0), ENAMETOOLONG);
  CHECK_INT("the most recipients", parse_many(QUEUE_RECIPIENTS_MAX, 3, 0), 0);
  CHECK_INT("one more", parse_many(QUEUE_RECIPIENTS_MAX + 1, 3, 0), EMSGSIZE);
  CHECK_INT("too many bytes", parse_many(1, 3, QUEUE_ENVELOPE_MAX), EMSGSIZE);
}

static void steps(void) {
  static char const bytes[] = "Ffrom\0Tone\0Ttwo\0\0P\0RET=FULL\0ENVID=x\0\0"
                              "Ptwo\0NOTIFY=NEVER\0\0Pone\0\0Ptwo\0ORCPT=rfc822;two\0";
  queue_envelope_t e;
  size_t position = 0;
  CHECK_INT("parses", queue_envelope_parse(&e, bytes, sizeof bytes), 0);
  CHECK_STR("sender", e.sender, "from");
  CHECK_STR("first", queue_envelope_next(&e, &position), "one");
  CHECK_STR("second", queue_envelope_next(&e, &position), "two");
  CHECK_STR("no third", queue_envelope_next(&e, &position), 0);
  position = 0;
  CHECK_STR("of the message", queue_envelope_parameter(&e, "", &position), "RET=FULL");
  CHECK_STR("another", queue_envelope_parameter(&e, "", &position), "ENVID=x");
  CHECK_STR("no more", queue_envelope_parameter(&e, "", &position), 0);
  CHECK_STR("still none", queue_envelope_parameter(&e, "", &position), 0);
  position = 0;
  CHECK_STR("of one", queue_envelope_parameter(&e, "one", &position), 0);
  position = 0;
  CHECK_STR("of two", queue_envelope_parameter(&e, "two", &position), "NOTIFY=NEVER");
  CHECK_STR("in a later block", queue_envelope_parameter(&e, "two", &position), "ORCPT=rfc822;two");
  CHECK_STR("no more of two", queue_envelope_parameter(&e, "two", &position), 0);
  CHECK_STR("by its name", queue_envelope_value(&e, "two", "ORCPT"), "rfc822;two");
  CHECK_STR("in any case", queue_envelope_value(&e, "", "envid"), "x");
  CHECK_STR("not by a part of it", queue_envelope_value(&e, "", "ENV"), 0);
  CHECK_STR("nor as another's", queue_envelope_value(&e, "one", "ORCPT"), 0);
}

int main(void) {
  forms();
  caps();
  steps();
  return unit_done();
}
