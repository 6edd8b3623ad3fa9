/* The resolver, against a name server that misbehaves as it is told. */
#include <time.h>

#include "../unit.h"
#include "dns/dns.h"
#include "server.h"

static char const zones[] = "record a.example A 192.0.2.1\n"
                            "record a.example AAAA 2001:db8::1\n"
                            "record a.example TXT v=spf1 -all\n"
                            "record a.example MX mx.example 10\n"
                            "record mx.example A 192.0.2.2\n"
                            "record a.example TYPE33 0001000203e9026161076578616d706c6500\n"
                            "record _25._tcp.a.example TLSA 030101ff\n"
                            "record 1.2.0.192.in-addr.arpa PTR a.example\n"
                            "record alias.example CNAME a.example\n"
                            "record loop.example CNAME loop.example\n"
                            "record quiet.example A 192.0.2.1\n"
                            "quirk quiet.example silent\n"
                            "record lossy.example A 192.0.2.1\n"
                            "quirk lossy.example silent 1\n"
                            "record lossy2.example A 192.0.2.1\n"
                            "quirk lossy2.example silent 1\n"
                            "record slow.example A 192.0.2.1\n"
                            "quirk slow.example slow 100\n"
                            "record fail.example A 192.0.2.1\n"
                            "quirk fail.example servfail\n"
                            "record once.example A 192.0.2.1\n"
                            "quirk once.example servfail-first\n"
                            "quirk refused.example refused\n"
                            "record cut.example A 192.0.2.1\n"
                            "quirk cut.example truncate\n"
                            "quirk noise.example garbage\n"
                            "record short.example A 192.0.2.1\n"
                            "quirk short.example short\n"
                            "record true.example A 192.0.2.1\n"
                            "quirk true.example authentic\n"
                            "record plain.example A 192.0.2.1\n"
                            "quirk plain.example no-edns\n"
                            "record spoofed.example A 192.0.2.1\n"
                            "quirk spoofed.example spoof\n"
                            "quirk large.example big 40\n"
                            "quirk huge.example big 2000\n";

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

typedef struct ask_case {
  char const *what;
  char const *name;
  dns_type_t type;
  dns_status_t status;
  size_t count;
} ask_case_t;

static ask_case_t const cases[] = {
    {"A", "a.example", DNS_A, DNS_FOUND, 1},
    {"AAAA", "a.example", DNS_AAAA, DNS_FOUND, 1},
    {"TXT", "a.example", DNS_TXT, DNS_FOUND, 1},
    {"MX", "a.example", DNS_MX, DNS_FOUND, 1},
    {"TLSA", "_25._tcp.a.example", DNS_TLSA, DNS_FOUND, 1},
    {"PTR", "1.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, 1},
    {"CNAME", "alias.example", DNS_CNAME, DNS_FOUND, 1},
    {"a type without a name", "a.example", (dns_type_t)33, DNS_FOUND, 1},
    {"by way of a CNAME", "alias.example", DNS_A, DNS_FOUND, 1},
    {"no such name", "nobody.example", DNS_A, DNS_NO_NAME, 0},
    {"no such type", "mx.example", DNS_MX, DNS_NO_DATA, 0},
    {"not a name", "a..example", DNS_A, DNS_BAD_NAME, 0},
    {"a CNAME loop", "loop.example", DNS_A, DNS_TROUBLE, 0},
    {"no answer at all", "quiet.example", DNS_A, DNS_TROUBLE, 0},
    {"an answer that comes late", "slow.example", DNS_A, DNS_FOUND, 1},
    {"SERVFAIL", "fail.example", DNS_A, DNS_TROUBLE, 0},
    {"SERVFAIL once", "once.example", DNS_A, DNS_FOUND, 1},
    {"REFUSED", "refused.example", DNS_A, DNS_TROUBLE, 0},
    {"a truncated answer, by TCP", "cut.example", DNS_A, DNS_FOUND, 1},
    {"noise", "noise.example", DNS_A, DNS_TROUBLE, 0},
    {"an answer cut off", "short.example", DNS_A, DNS_TROUBLE, 0},
    {"40 addresses", "large.example", DNS_A, DNS_FOUND, 40},
    {"2000 addresses", "huge.example", DNS_A, DNS_FOUND, DNS_RECORDS_MAX},
    /* the last: from now on c-ares takes nothing above 512 octets by UDP */
    {"who does not know EDNS0", "plain.example", DNS_A, DNS_FOUND, 1},
};

static dns_resolver_t *resolver_of(server_t const *server, unsigned int query_ms,
                                   unsigned int tries) {
  dns_settings_t settings = {
      .servers = server->address, .query_ms = query_ms, .tries = tries, .total_ms = 60000};
  dns_resolver_t *resolver = dns_open(&settings);
  if (!resolver) server_die("dns_open");
  return resolver;
}

/* What must come has time, and is asked once. */
static dns_resolver_t *patient(server_t const *server) {
  return resolver_of(server, 20000, 2);
}

/* A first question may get lost. */
static dns_resolver_t *persistent(server_t const *server) {
  return resolver_of(server, 1000, 5);
}

static dns_resolver_t *impatient(server_t const *server) {
  return resolver_of(server, 100, 2);
}

static void test_answers(server_t const *server) {
  dns_resolver_t *resolvers[] = {patient(server), impatient(server)};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dns_answer_t const *answer =
        dns_get(resolvers[cases[i].status == DNS_TROUBLE], cases[i].name, cases[i].type);
    CHECK_INT(cases[i].what, answer->status, cases[i].status);
    CHECK_INT(cases[i].what, answer->count, cases[i].count);
  }
  dns_close(resolvers[0]);
  dns_close(resolvers[1]);
}

static void test_lost(server_t const *server) {
  dns_resolver_t *resolver = persistent(server);
  CHECK_INT("a question that got lost", dns_get(resolver, "lossy.example", DNS_A)->status,
            DNS_FOUND);
  dns_close(resolver);
}

static void test_details(server_t const *server) {
  dns_resolver_t *resolver = patient(server);
  dns_answer_t const *answer = dns_get(resolver, "a.example", DNS_MX);
  CHECK_STR("an exchange", answer->records->data, "mx.example");
  CHECK_INT("its preference", answer->records->preference, 10);
  CHECK("an answer that is not said to be authentic", !answer->authentic);
  CHECK("one that is", dns_get(resolver, "true.example", DNS_A)->authentic);
  answer = dns_get(resolver, "spoofed.example", DNS_A);
  CHECK("answers to other questions are not taken",
        answer->status == DNS_FOUND && !memcmp(answer->records->ip.ip, "\xc0\0\2\1", 4));
  unsigned int asked = dns_asked(resolver);
  CHECK("what is known is not asked again", dns_get(resolver, "A.Example.", DNS_MX)->count == 1);
  CHECK_INT("what is known is not asked again", dns_asked(resolver), asked);
  dns_close(resolver);
}

/* Counts lines of the server's log that begin with text. */
static unsigned int count_log(server_t const *server, char const *text) {
  char line[1024];
  unsigned int count = 0;
  FILE *file = fopen(server->log, "r");
  if (!file) server_die("open the log");
  while (fgets(line, sizeof line, file)) count += strncmp(line, text, strlen(text)) == 0;
  fclose(file);
  return count;
}

static void test_log(server_t const *server) {
  CHECK("questions have EDNS0 and AD", count_log(server, "udp a.example A edns=1232 ad=1") > 0);
  CHECK_INT("a short answer needs no TCP", count_log(server, "tcp a.example"), 0);
  CHECK_INT("one TCP question for one that is cut", count_log(server, "tcp cut.example"), 1);
  CHECK_INT("40 addresses need no TCP with EDNS0", count_log(server, "tcp large.example"), 0);
  for (int i = 0; i < 6000 && count_log(server, "udp quiet.example") < 2; i++) usleep(10000);
  CHECK_INT("tries", count_log(server, "udp quiet.example"), 2);
}

static void test_prefetch(server_t const *server) {
  dns_resolver_t *resolver = patient(server);
  char name[32];
  for (int i = 0; i < 8; i++) {
    snprintf(name, sizeof name, "p%d.prefetch.example", i);
    dns_prefetch(resolver, name, DNS_A);
    dns_prefetch(resolver, name, DNS_A);
  }
  dns_prefetch(resolver, "slow.example", DNS_A);
  dns_prefetch(resolver, "not..a.name", DNS_A);
  CHECK_INT("each is asked once, before any is waited for", dns_asked(resolver), 9);
  for (int i = 0; i < 8; i++) {
    snprintf(name, sizeof name, "p%d.prefetch.example", i);
    CHECK_INT("an answer that was asked for ahead", dns_get(resolver, name, DNS_A)->status,
              DNS_NO_NAME);
  }
  CHECK_INT("a slow one among them", dns_get(resolver, "slow.example", DNS_A)->status, DNS_FOUND);
  CHECK_INT("asked once", dns_asked(resolver), 9);
  CHECK_INT("asked once", count_log(server, "udp p3.prefetch.example A"), 1);
  dns_close(resolver);
}

static void test_deadline(server_t const *server) {
  dns_settings_t settings = {
      .servers = server->address, .query_ms = 300, .tries = 2, .total_ms = 150};
  dns_resolver_t *resolver = dns_open(&settings);
  uint64_t start = now_ms();
  dns_prefetch(resolver, "quiet.example", DNS_AAAA);
  CHECK_INT("no answer in the time for all", dns_get(resolver, "quiet.example", DNS_A)->status,
            DNS_TROUBLE);
  uint64_t waited = now_ms() - start;
  CHECK("it waited for that time", waited >= 150);
  unsigned int asked = dns_asked(resolver);
  CHECK_INT("later questions are trouble", dns_get(resolver, "a.example", DNS_A)->status,
            DNS_TROUBLE);
  dns_prefetch(resolver, "b.example", DNS_A);
  CHECK_INT("and not asked", dns_asked(resolver), asked);
  CHECK_INT("nor waited for", dns_get(resolver, "quiet.example", DNS_AAAA)->status, DNS_TROUBLE);
  dns_close(resolver);
}

static void test_flood(server_t const *server) {
  dns_resolver_t *resolver = patient(server);
  char name[32];
  for (int i = 0; i < DNS_QUERIES_MAX; i++) {
    snprintf(name, sizeof name, "%d.flood.example", i);
    if (dns_get(resolver, name, DNS_A)->status != DNS_NO_NAME) CHECK(name, false);
  }
  CHECK_INT("one question too many", dns_get(resolver, "a.example", DNS_A)->status, DNS_TROUBLE);
  CHECK_INT("earlier ones are remembered", dns_get(resolver, "0.flood.example", DNS_A)->status,
            DNS_NO_NAME);
  CHECK_INT("no more went out", dns_asked(resolver), DNS_QUERIES_MAX);
  dns_close(resolver);
}

static void test_second_server(server_t const *server) {
  dns_settings_t settings = DNS_SETTINGS_DEFAULT;
  char servers[128];
  snprintf(servers, sizeof servers, "127.0.0.1:1 %s", server->address);
  settings.servers = servers;
  dns_resolver_t *resolver = dns_open(&settings);
  CHECK_INT("where nobody listens, the next is asked",
            dns_get(resolver, "a.example", DNS_A)->status, DNS_FOUND);
  dns_close(resolver);
  settings.servers = "127.0.0.1:1";
  resolver = dns_open(&settings);
  CHECK_INT("nobody to ask", dns_get(resolver, "a.example", DNS_A)->status, DNS_TROUBLE);
  dns_close(resolver);
}

/* With a loop of one's own. */
static dns_answer_t const *poll_for(dns_resolver_t *resolver, char const *name, dns_type_t type) {
  dns_answer_t const *answer;
  while (!(answer = dns_peek(resolver, name, type))) {
    struct pollfd fds[DNS_SOCKETS_MAX];
    int ms;
    size_t const count = dns_wait(resolver, fds, &ms);
    if (!count) return NULL;
    poll(fds, count, ms);
    dns_step(resolver, fds, count);
  }
  return answer;
}

static void test_peek(server_t const *server) {
  dns_resolver_t *resolver = persistent(server);
  struct pollfd fds[DNS_SOCKETS_MAX];
  int ms = 0;
  CHECK_INT("peek: nothing to wait for at first", dns_wait(resolver, fds, &ms), 0);
  CHECK_INT("peek: nor a time", ms, -1);
  CHECK("peek: no answer yet", !dns_peek(resolver, "slow.example", DNS_A));
  CHECK("peek: a socket to wait for", dns_wait(resolver, fds, &ms) > 0 && ms >= 0);
  CHECK_INT("peek: one that comes late", poll_for(resolver, "slow.example", DNS_A)->status,
            DNS_FOUND);
  CHECK("peek: it stays", dns_peek(resolver, "slow.example", DNS_A));
  CHECK_INT("peek: asked again", poll_for(resolver, "lossy2.example", DNS_A)->status, DNS_FOUND);
  CHECK_INT("peek: not a name", dns_peek(resolver, "a..b", DNS_A)->status, DNS_BAD_NAME);
  CHECK_INT("peek: each was asked once", dns_asked(resolver), 2);
  dns_close(resolver);
}

static void test_peek_at_nothing(server_t const *server) {
  dns_resolver_t *resolver = impatient(server);
  CHECK_INT("peek: never", poll_for(resolver, "quiet.example", DNS_A)->status, DNS_TROUBLE);
  dns_close(resolver);
  dns_settings_t settings = {
      .servers = server->address, .query_ms = 60000, .tries = 1, .total_ms = 300};
  resolver = dns_open(&settings);
  CHECK_INT("peek: the time is over", poll_for(resolver, "quiet.example", DNS_A)->status,
            DNS_TROUBLE);
  dns_close(resolver);
}

int main(void) {
  server_t server;
  server_start(&server, zones);
  test_answers(&server);
  test_lost(&server);
  test_details(&server);
  test_log(&server);
  test_prefetch(&server);
  test_peek(&server);
  test_peek_at_nothing(&server);
  test_deadline(&server);
  test_flood(&server);
  test_second_server(&server);
  server_stop(&server);
  return unit_done();
}
