/* What a notice says of when its sender wanted a message delivered: RFC 2852, RFC 4865. */

#include "_entry.h"

static struct {
  char const *name;
  bytes_t envelope;
  char const *said, *unsaid;
} const cases[] = {
    {"nothing was said", BYTES("Fs@x.test\0Tr@y.test\0"), "\nArrival-Date: ", "\nDeliver-By"},
    {"a time for the delivery", BYTES("Fs@x.test\0Tr@y.test\0\0P\0BY=60;R\0"),
     "\nArrival-Date: Fri, 20 Nov 2026 21:33:20 +0000\n"
     "Deliver-By-Date: Fri, 20 Nov 2026 21:34:20 +0000\n",
     "\nFuture-"},
    {"one that was over", BYTES("Fs@x.test\0Tr@y.test\0\0P\0BY=-60;N\0"),
     "\nDeliver-By-Date: Fri, 20 Nov 2026 21:32:20 +0000\n", "\nFuture-"},
    {"no such time", BYTES("Fs@x.test\0Tr@y.test\0\0P\0BY=soon\0"),
     "\nArrival-Date: ", "\nDeliver-By"},
    {"a hold for seconds", BYTES("Fs@x.test\0Tr@y.test\0\0P\0HOLDFOR=60\0"),
     "\nFuture-Release-Request: for;60\n", "\nDeliver-By"},
    {"a hold until a time", BYTES("Fs@x.test\0Tr@y.test\0\0P\0HOLDUNTIL=2026-11-20T21:34:20Z\0"),
     "\nFuture-Release-Request: until;2026-11-20T21:34:20Z\n", "\nDeliver-By"},
};

int main(void) {
  static char const *const no_facts[] = {0};
  dsn_settings_t const settings = {.me = "mail.example.org", .whole_max = 1000};
  dsn_result_t const failed = {
      .action = DSN_FAILED, .recipient = "r@y.test", .words = "5.4.7 late"};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    queue_entry_t entry;
    dsn_notice_t notice;
    char *message;
    size_t len;
    entry_make(&entry, (bytes_t)BYTES("Subject: x\n\n"), cases[i].envelope, no_facts);
    dsn_request_t const request = {&entry, &failed, 1, NOTICE_ID, NOW};
    if (notice_make(&notice, &message, &len, &request, &settings) != 1) abort();
    CHECK(cases[i].name, strstr(message, cases[i].said));
    CHECK("and no more than that", !strstr(message, cases[i].unsaid));
    free(message);
    queue_entry_close(&entry);
  }
  return unit_done();
}
