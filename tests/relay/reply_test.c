/* Replies, offers, servers: what comes out of what a server says. */
#include "../unit.h"
#include "relay/relay.h"

static relay_reply_t reply;

static relay_reply_status_t feed(char const *text, size_t len, size_t *taken) {
  relay_reply_init(&reply, NULL, NULL);
  return relay_reply_feed(&reply, text, len, taken);
}

static struct {
  char const *name, *said;
  relay_reply_status_t status;
  unsigned int code;
  char const *text;
} const cases[] = {
    {"one line", "250 ok\r\n", RELAY_REPLY_WHOLE, 250, "ok"},
    {"no text", "354\r\n", RELAY_REPLY_WHOLE, 354, ""},
    {"LF alone", "250 ok\n", RELAY_REPLY_WHOLE, 250, "ok"},
    {"lines are joined", "220-a\r\n220-\r\n220 b\r\n", RELAY_REPLY_WHOLE, 220, "a b"},
    {"one enhanced code", "550-5.1.1 no\r\n550 5.1.1 user\r\n", RELAY_REPLY_WHOLE, 550,
     "5.1.1 no user"},
    {"other enhanced codes stay", "550-5.1.1 no\r\n550 5.1.2 user\r\n", RELAY_REPLY_WHOLE, 550,
     "5.1.1 no 5.1.2 user"},
    {"the last code of a class", "450-a\r\n451 b\r\n", RELAY_REPLY_WHOLE, 451, "a b"},
    {"codes of two classes", "250-a\r\n550 b\r\n", RELAY_REPLY_BAD, 0, NULL},
    {"controls are blanks", "250 a\tb\033c\r\r\n", RELAY_REPLY_WHOLE, 250, "a b c "},
    {"what is no UTF-8", "250 \xc3\xa4\xff\xc3\r\n", RELAY_REPLY_WHOLE, 250, "\xc3\xa4??"},
    {"nor an over-long form", "250 \xe0\x80\xaf\r\n", RELAY_REPLY_WHOLE, 250, "???"},
    {"nor a control beyond ASCII", "250 \xc2\x9b\r\n", RELAY_REPLY_WHOLE, 250, "??"},
    {"not complete", "250-a\r\n250 b", RELAY_REPLY_MORE, 0, NULL},
    {"no code", "hello\r\n", RELAY_REPLY_BAD, 0, NULL},
    {"no such code", "650 x\r\n", RELAY_REPLY_BAD, 0, NULL},
    {"no class of replies", "150 x\r\n", RELAY_REPLY_BAD, 0, NULL},
    {"no separator", "250x\r\n", RELAY_REPLY_BAD, 0, NULL},
    {"an empty line", "\r\n", RELAY_REPLY_BAD, 0, NULL},
};

static void test_cases(void) {
  size_t taken;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    relay_reply_status_t const status = feed(cases[i].said, strlen(cases[i].said), &taken);
    CHECK_INT(cases[i].name, status, cases[i].status);
    if (status != RELAY_REPLY_WHOLE) continue;
    CHECK_INT(cases[i].name, reply.code, cases[i].code);
    CHECK_STR(cases[i].name, reply.text, cases[i].text);
  }
}

static void test_caps(void) {
  static char const two[] = "250 a\r\n354 b\r\n";
  static char bytes[2 * RELAY_REPLY_BYTES];
  size_t taken, at = 0;
  memset(bytes, 'x', sizeof bytes);
  memcpy(bytes, "250 ", 4);
  CHECK_INT("a line too long", feed(bytes, sizeof bytes, &taken), RELAY_REPLY_BAD);
  for (size_t i = 0; i + 6 <= sizeof bytes; i += 6) memcpy(bytes + i, "250-a\n", 6);
  CHECK_INT("lines without end", feed(bytes, sizeof bytes, &taken), RELAY_REPLY_BAD);
  memset(bytes, 'x', 3000);
  memcpy(bytes, "250 ", 4);
  bytes[2999] = '\n';
  CHECK_INT("a long line", feed(bytes, 3000, &taken), RELAY_REPLY_WHOLE);
  CHECK_INT("of which some is kept", (intmax_t)reply.text_len, CHAIN_TEXT_MAX);
  CHECK_INT("two at once", feed(two, 14, &taken), RELAY_REPLY_WHOLE);
  CHECK_INT("are taken one by one", (intmax_t)taken, 7);
  at = taken;
  CHECK_INT("the second", relay_reply_feed(&reply, two + at, 14 - at, &taken), RELAY_REPLY_WHOLE);
  CHECK_INT("has its own code", reply.code, 354);
}

static void test_verdicts(void) {
  chain_verdict_t verdict;
  size_t taken;
  feed("550 5.1.1 no such user\r\n", 24, &taken);
  relay_reply_verdict(&reply, &verdict);
  CHECK_INT("5xx rejects", verdict.kind, CHAIN_REJECT);
  CHECK_STR("with its enhanced code", verdict.enhanced, "5.1.1");
  feed("354 go\r\n", 8, &taken);
  relay_reply_verdict(&reply, &verdict);
  CHECK_INT("3xx accepts", verdict.kind, CHAIN_ACCEPT);
}

static void offer(relay_offers_t *offers, char const *line) {
  relay_offers_add(offers, line, strlen(line));
}

static void test_offers(void) {
  relay_offers_t offers = {.size = 0};
  offer(&offers, "SIZE 35882577");
  offer(&offers, "size");
  CHECK("any case", offers.has[RELAY_SIZE] && !offers.size);
  offer(&offers, "SIZE 1000");
  CHECK_INT("a size", (intmax_t)offers.size, 1000);
  offer(&offers, "AUTH=LOGIN");
  CHECK_INT("the old AUTH", offers.mechanisms, 1u << SASL_LOGIN);
  offer(&offers, "AUTH PLAIN  X-NONE scram-sha-256");
  CHECK_INT("mechanisms", offers.mechanisms,
            1u << SASL_LOGIN | 1u << SASL_PLAIN | 1u << SASL_SCRAM_SHA_256);
  offer(&offers, "LIMITS RCPTMAX=5 MAILMAX=2 RCPTDOMAINMAX=1");
  CHECK("limits", offers.recipients == 5 && offers.mails == 2);
  offer(&offers, "LIMITS RCPTMAX=99999999999999999999999");
  CHECK_INT("no limit that is none", offers.recipients, 5);
  offer(&offers, "DELIVERBY");
  CHECK("any time", offers.has[RELAY_DELIVERBY] && !offers.by_min);
  offer(&offers, "deliverby 120");
  CHECK_INT("the least time", (intmax_t)offers.by_min, 120);
  offer(&offers, "DELIVERBY soon");
  CHECK_INT("no time that is none", (intmax_t)offers.by_min, 0);
  offer(&offers, "PIPELININGS");
  offer(&offers, "");
  CHECK("no other word", !offers.has[RELAY_PIPELINING]);
}

static struct {
  char const *text;
  bool good, is_unix, is_address;
  char const *host;
  uint16_t port;
} const servers[] = {
    {"unix:/run/lmtp", true, true, false, "/run/lmtp", 24},
    {"unix:run", false, false, false, NULL, 0},
    {"mx.example", true, false, false, "mx.example", 24},
    {"mx.example:2424", true, false, false, "mx.example", 2424},
    {"192.0.2.1", true, false, true, "192.0.2.1", 24},
    {"192.0.2.1:25", true, false, true, "192.0.2.1", 25},
    {"[192.0.2.1]:25", true, false, true, "192.0.2.1", 25},
    {"[IPv6:2001:db8::1]", true, false, true, "2001:db8::1", 24},
    {"[2001:db8::1]:25", true, false, true, "2001:db8::1", 25},
    {"[mx.example]", false, false, false, NULL, 0},
    {"[]", false, false, false, NULL, 0},
    {"mx.example:0", false, false, false, NULL, 0},
    {"mx.example:65536", false, false, false, NULL, 0},
    {"mx.example:", false, false, false, NULL, 0},
    {"", false, false, false, NULL, 0},
    {"a b", false, false, false, NULL, 0},
};

static void test_servers(void) {
  relay_server_t server;
  for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
    char const *const text = servers[i].text;
    bool const good = relay_server_parse(&server, text, 24) == 0;
    CHECK_INT(*text ? text : "no server", good, servers[i].good);
    if (!good) continue;
    CHECK_STR(text, server.host, servers[i].host);
    CHECK(text, server.port == servers[i].port && server.is_unix == servers[i].is_unix &&
                    server.is_address == servers[i].is_address);
  }
}

int main(void) {
  test_cases();
  test_caps();
  test_verdicts();
  test_offers();
  test_servers();
  return unit_done();
}
