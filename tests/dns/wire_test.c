/* Questions and answers as bytes. */
#include "../unit.h"
#include "dns/wire.h"

#define BYTES(s) (s), sizeof(s) - 1

/* A response with RA and a code, or AD as well, one question, and count answers. */
#define REPLY(code, count) "\0\1\x81" code "\0\1\0" count "\0\0\0\0"
#define QUESTION           "\1a\1b\0\0\1\0\1" /* a.b at offset 12 */
#define TTL                "\0\0\1\x2c"
#define RR(type, len)      "\xc0\x0c\0" type "\0\1" TTL "\0" len

typedef struct answer_case {
  char const *what;
  dns_type_t type;
  char const *message;
  size_t len;
  dns_status_t status;
  size_t count;
  char const *data; /* of the first record: a name, a text, the octets of an address */
  size_t data_len;
} answer_case_t;

static answer_case_t const answers[] = {
    {"A", DNS_A, BYTES(REPLY("\x80", "\1") QUESTION RR("\1", "\4") "\x7f\0\0\2"), DNS_FOUND, 1,
     BYTES("\x7f\0\0\2")},
    {"two A", DNS_A,
     BYTES(REPLY("\x80", "\2") QUESTION RR("\1", "\4") "\x7f\0\0\2" RR("\1", "\4") "\x7f\0\0\3"),
     DNS_FOUND, 2, BYTES("\x7f\0\0\2")},
    {"AAAA", DNS_AAAA, BYTES(REPLY("\x80", "\1") QUESTION RR("\x1c", "\x10") "0123456789abcdef"),
     DNS_FOUND, 1, BYTES("0123456789abcdef")},
    {"MX", DNS_MX, BYTES(REPLY("\x80", "\1") QUESTION RR("\xf", "\7") "\0\x0a\2mx\xc0\x0c"),
     DNS_FOUND, 1, BYTES("mx.a.b")},
    {"a null MX", DNS_MX, BYTES(REPLY("\x80", "\1") QUESTION RR("\xf", "\3") "\0\0\0"), DNS_FOUND,
     1, BYTES("")},
    {"TXT of two strings", DNS_TXT,
     BYTES(REPLY("\x80", "\1") QUESTION RR("\x10", "\6") "\2v=\2\0x"), DNS_FOUND, 1,
     BYTES("v=\0x")},
    {"TXT without strings", DNS_TXT, BYTES(REPLY("\x80", "\1") QUESTION RR("\x10", "\0")),
     DNS_FOUND, 1, BYTES("")},
    {"TLSA", DNS_TLSA, BYTES(REPLY("\x80", "\1") QUESTION RR("\x34", "\5") "\3\1\1\xff\0"),
     DNS_FOUND, 1, BYTES("\3\1\1\xff\0")},
    {"PTR", DNS_PTR, BYTES(REPLY("\x80", "\1") QUESTION RR("\xc", "\3") "\1x\0"), DNS_FOUND, 1,
     BYTES("x")},
    {"a name that hides a dot is left out", DNS_PTR,
     BYTES(REPLY("\x80", "\2") QUESTION RR("\xc", "\5") "\3x.y\0" RR("\xc", "\3") "\1z\0"),
     DNS_FOUND, 1, BYTES("z")},
    {"and when there is no other", DNS_PTR,
     BYTES(REPLY("\x80", "\1") QUESTION RR("\xc", "\5") "\3x.y\0"), DNS_NO_DATA, 0, BYTES("")},
    {"behind a CNAME", DNS_A,
     BYTES(REPLY("\x80", "\2") QUESTION RR("\5", "\4") "\1c\xc0\x0e"
                                                       "\1C\1B\0\0\1\0\1" TTL "\0\4\x7f\0\0\2"),
     DNS_FOUND, 1, BYTES("\x7f\0\0\2")},
    {"behind a CNAME, in the wrong order", DNS_A,
     BYTES(REPLY("\x80", "\2") QUESTION "\1c\1b\0\0\1\0\1" TTL
                                        "\0\4\x7f\0\0\2" RR("\5", "\4") "\1c\xc0\x0e"),
     DNS_FOUND, 1, BYTES("\x7f\0\0\2")},
    {"a CNAME that leads nowhere", DNS_A,
     BYTES(REPLY("\x80", "\1") QUESTION RR("\5", "\4") "\1c\xc0\x0e"), DNS_NO_DATA, 0, BYTES("")},
    {"a CNAME that is asked for", DNS_CNAME,
     BYTES(REPLY("\x80", "\1") QUESTION RR("\5", "\4") "\1c\xc0\x0e"), DNS_FOUND, 1, BYTES("c.b")},
    {"a CNAME to itself", DNS_A, BYTES(REPLY("\x80", "\1") QUESTION RR("\5", "\2") "\xc0\x0c"),
     DNS_TROUBLE, 0, BYTES("")},
    {"of another name", DNS_A,
     BYTES(REPLY("\x80", "\1") QUESTION "\1x\1b\0\0\1\0\1" TTL "\0\4\x7f\0\0\2"), DNS_NO_DATA, 0,
     BYTES("")},
    {"of another type", DNS_A, BYTES(REPLY("\x80", "\1") QUESTION RR("\x10", "\0")), DNS_NO_DATA, 0,
     BYTES("")},
    {"of another class", DNS_A,
     BYTES(REPLY("\x80", "\1") QUESTION "\xc0\x0c\0\1\0\3" TTL "\0\4\x7f\0\0\2"), DNS_NO_DATA, 0,
     BYTES("")},
    {"nothing", DNS_A, BYTES(REPLY("\x80", "\0") QUESTION), DNS_NO_DATA, 0, BYTES("")},
    {"NXDOMAIN", DNS_A, BYTES(REPLY("\x83", "\0") QUESTION), DNS_NO_NAME, 0, BYTES("")},
    {"SERVFAIL", DNS_A, BYTES(REPLY("\x82", "\0") QUESTION), DNS_TROUBLE, 0, BYTES("")},
    {"REFUSED", DNS_A, BYTES(REPLY("\x85", "\0") QUESTION), DNS_TROUBLE, 0, BYTES("")},
    {"a question, not an answer", DNS_A, BYTES("\0\1\1\0\0\1\0\0\0\0\0\0" QUESTION), DNS_TROUBLE, 0,
     BYTES("")},
    {"no question", DNS_A, BYTES("\0\1\x81\x80\0\0\0\0\0\0\0\0"), DNS_TROUBLE, 0, BYTES("")},
    {"fewer answers than it says", DNS_A,
     BYTES(REPLY("\x80", "\2") QUESTION RR("\1", "\4") "\x7f\0\0\2"), DNS_TROUBLE, 0, BYTES("")},
    {"an address of three octets", DNS_A,
     BYTES(REPLY("\x80", "\1") QUESTION RR("\1", "\3") "\x7f\0\0"), DNS_TROUBLE, 0, BYTES("")},
    {"data that end too soon", DNS_A, BYTES(REPLY("\x80", "\1") QUESTION RR("\1", "\4") "\x7f\0\0"),
     DNS_TROUBLE, 0, BYTES("")},
    {"a string longer than its record", DNS_TXT,
     BYTES(REPLY("\x80", "\1") QUESTION RR("\x10", "\2") "\2v"), DNS_TROUBLE, 0, BYTES("")},
    {"a name longer than its record", DNS_PTR,
     BYTES(REPLY("\x80", "\1") QUESTION RR("\xc", "\2") "\1x\0"), DNS_TROUBLE, 0, BYTES("")},
    {"a name shorter than its record", DNS_PTR,
     BYTES(REPLY("\x80", "\1") QUESTION RR("\xc", "\4") "\1x\0\0"), DNS_TROUBLE, 0, BYTES("")},
    {"a pointer to itself", DNS_PTR, BYTES(REPLY("\x80", "\1") QUESTION RR("\xc", "\2") "\xc0\x20"),
     DNS_TROUBLE, 0, BYTES("")},
    {"a pointer forwards", DNS_PTR, BYTES(REPLY("\x80", "\1") QUESTION RR("\xc", "\2") "\xc0\x30"),
     DNS_TROUBLE, 0, BYTES("")},
    {"a label of a reserved kind", DNS_PTR,
     BYTES(REPLY("\x80", "\1") QUESTION RR("\xc", "\3") "\x41x\0"), DNS_TROUBLE, 0, BYTES("")},
};

static void test_answer(answer_case_t const *example) {
  dns_answer_t answer;
  char *message = malloc(example->len); /* so that sanitizers see its end */
  memcpy(message, example->message, example->len);
  void *storage =
      dns_answer_read(&answer, (uint8_t const *)message, example->len, "a.b", example->type);
  free(message);
  CHECK_INT(example->what, answer.status, example->status);
  CHECK_INT(example->what, answer.count, example->count);
  if (answer.count && (example->type == DNS_A || example->type == DNS_AAAA))
    CHECK_MEM(example->what, answer.records->ip.ip, example->data_len, example->data,
              example->data_len);
  else if (answer.count)
    CHECK_MEM(example->what, answer.records->data, answer.records->len, example->data,
              example->data_len);
  free(storage);
}

static void test_fields(void) {
  static char const mx[] = REPLY("\xa0", "\2") QUESTION "\xc0\x0c\0\xf\0\1\0\0\1\0\0\5\1\2\1x\0"
                                                        "\xc0\x0c\0\xf\0\1\0\0\0\7\0\5\1\3\1y\0";
  dns_answer_t answer;
  void *storage = dns_answer_read(&answer, (uint8_t const *)mx, sizeof mx - 1, "a.b", DNS_MX);
  CHECK("the AD bit", answer.authentic);
  CHECK_INT("the least TTL", answer.ttl, 7);
  CHECK_INT("records in their order", answer.count, 2);
  CHECK_INT("a preference", answer.records[0].preference, 258);
  CHECK_STR("the second", answer.records[1].data, "y");
  free(storage);
}

/* As many records as a message holds. */
static void test_many(void) {
  enum { MANY = DNS_RECORDS_MAX + 10, RECORD = 16 };
  static char const head[] = "\0\1\x81\x80\0\1\0\0\0\0\0\0" QUESTION;
  static char const record[] = RR("\1", "\4") "\x7f\0\0\2";
  static char message[sizeof head - 1 + (size_t)MANY * RECORD];
  memcpy(message, head, sizeof head - 1);
  message[6] = (char)(MANY >> 8);
  message[7] = (char)(MANY & 255);
  for (size_t i = 0; i < MANY; i++) memcpy(message + sizeof head - 1 + i * RECORD, record, RECORD);
  dns_answer_t answer;
  void *storage = dns_answer_read(&answer, (uint8_t const *)message, sizeof message, "a.b", DNS_A);
  CHECK_INT("no more records than the cap", answer.count, DNS_RECORDS_MAX);
  CHECK("and the answer says that it is cut", answer.cut);
  free(storage);
}

/* Pointers that lead from one to the next as often as a message has room for it are not followed
   to the end. */
static void test_pointer_chain(void) {
  static char message[16384];
  static char const head[] = REPLY("\x80", "\1") QUESTION;
  size_t len = sizeof head - 1;
  memcpy(message, head, len);
  static char const owner[] = "\xc0\x0c\0\xa\0\1" TTL "\x3f\0"; /* a NULL record full of pointers */
  memcpy(message + len, owner, sizeof owner - 1);
  len += sizeof owner - 1;
  for (size_t i = 0; i < 0x3f00; i += 2, len += 2) {
    size_t target = i ? len - 2 : 12;
    message[len] = (char)(0xc0 | target >> 8);
    message[len + 1] = (char)target;
  }
  message[7] = 2;
  size_t last = len - 2;
  char record[] = "\0\0\0\xc\0\1" TTL "\0\0";
  record[0] = (char)(0xc0 | last >> 8);
  record[1] = (char)last;
  memcpy(message + len, record, sizeof record - 1);
  len += sizeof record - 1;
  dns_answer_t answer;
  void *storage = dns_answer_read(&answer, (uint8_t const *)message, len, "a.b", DNS_PTR);
  CHECK_INT("a long chain of pointers", answer.status, DNS_TROUBLE);
  free(storage);
}

static void test_query(void) {
  static char const want[] = "\x12\x34\1\x20\0\1\0\0\0\0\0\1\1a\7example\0\0\x10\0\1"
                             "\0\0\x29\4\xd0\0\0\0\0\0\0";
  uint8_t out[DNS_QUERY_MAX];
  char name[260];
  size_t len = dns_query_write(out, 0x1234, "A.example.", DNS_TXT);
  CHECK_MEM("a question", (char *)out, len, want, sizeof want - 1);
  CHECK_INT("of what is no name", dns_query_write(out, 1, "a..b", DNS_A), 0);
  memset(name, 'a', 253);
  name[253] = 0;
  for (size_t i = 60; i < 253; i += 60) name[i] = '.';
  CHECK_INT("of the longest name", dns_query_write(out, 1, name, DNS_A), DNS_QUERY_MAX);
}

int main(void) {
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) test_answer(answers + i);
  test_fields();
  test_many();
  test_pointer_chain();
  test_query();
  return unit_done();
}
