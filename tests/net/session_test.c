/* The table of sessions: counts by origin, against a plain model, at every fill. */
#include "../unit.h"
#include "net/net.h"

#define MAX   37
#define TURNS 20000

static net_origin_t origin_of(char const *address, unsigned int bits) {
  net_origin_t origin;
  ip46 ip;
  if (net_address_parse(&ip, address) < 0) abort();
  net_origin_of_ip(&origin, &ip, bits);
  return origin;
}

static bool is_same(char const *a, char const *b, unsigned int bits) {
  net_origin_t const x = origin_of(a, bits), y = origin_of(b, bits);
  return !memcmp(&x, &y, sizeof x);
}

static void test_origins(void) {
  CHECK("an address", is_same("192.0.2.1", "192.0.2.1", 32));
  CHECK("another", !is_same("192.0.2.1", "192.0.2.2", 32));
  CHECK("a /24", is_same("192.0.2.1", "192.0.2.2", 24));
  CHECK("all of IPv4", is_same("192.0.2.1", "10.0.0.1", 0));
  CHECK("a /64", is_same("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", 64));
  CHECK("another /64", !is_same("2001:db8::1", "2001:db8:0:1::1", 64));
  CHECK("v4-mapped is IPv4", is_same("::ffff:192.0.2.1", "192.0.2.1", 32));
  net_origin_t const zero = origin_of("0.0.0.0", 0), six = origin_of("::", 0);
  CHECK("all of IPv4 is not all of IPv6", memcmp(&zero, &six, sizeof zero));
  net_origin_t user;
  net_origin_of_uid(&user, 0);
  CHECK("nor is a user", memcmp(&zero, &user, sizeof zero) && memcmp(&six, &user, sizeof six));
}

static void test_full(void) {
  net_sessions_t sessions;
  net_origin_t const origin = origin_of("192.0.2.1", 32), other = origin_of("192.0.2.2", 32);
  CHECK_INT("init", net_sessions_init(&sessions, 2), 0);
  net_session_t *const first = net_sessions_add(&sessions, &origin, 10);
  CHECK("first", first && first->pid == 10);
  CHECK("second", net_sessions_add(&sessions, &origin, 11) != NULL);
  CHECK("no third", !net_sessions_add(&sessions, &other, 12));
  CHECK_INT("from there", net_sessions_from(&sessions, &origin), 2);
  CHECK_INT("from elsewhere", net_sessions_from(&sessions, &other), 0);
  CHECK("found", net_sessions_find(&sessions, 10) == first);
  CHECK("not found", !net_sessions_find(&sessions, 12));
  CHECK_INT("one is left", net_sessions_remove(&sessions, first), 1);
  CHECK("gone", !net_sessions_find(&sessions, 10));
  CHECK("room again", net_sessions_add(&sessions, &other, 12) != NULL);
  CHECK_INT("in all", sessions.count, 2);
  net_sessions_free(&sessions);
}

/* Comings and goings in no order, a small number of pids and networks, so that chains are long. */
static void test_against_model(void) {
  net_sessions_t sessions;
  net_origin_t origins[5];
  unsigned int from[5] = {0}, origin_of_pid[100] = {0}, count = 0, random = 1;
  bool good = true, there[100] = {false};
  for (unsigned int i = 0; i < 5; i++) net_origin_of_uid(&origins[i], i);
  CHECK_INT("init", net_sessions_init(&sessions, MAX), 0);
  for (unsigned int turn = 0; turn < TURNS; turn++) {
    random = random * 1103515245 + 12345;
    unsigned int const pid = (random >> 16) % 99 + 1, o = (random >> 8) % 5;
    net_session_t *const session = net_sessions_find(&sessions, (pid_t)pid);
    good = good && !session == !there[pid];
    if (session) {
      unsigned int const its = origin_of_pid[pid];
      good = good && net_sessions_remove(&sessions, session) == --from[its];
      there[pid] = false;
      count--;
    } else if (net_sessions_add(&sessions, &origins[o], (pid_t)pid)) {
      there[pid] = true;
      origin_of_pid[pid] = o;
      from[o]++;
      count++;
    } else {
      good = good && count == MAX;
    }
    for (unsigned int i = 0; i < 5; i++)
      good = good && net_sessions_from(&sessions, &origins[i]) == from[i];
    good = good && sessions.count == count;
  }
  CHECK("as the model", good);
  net_sessions_free(&sessions);
}

int main(void) {
  test_origins();
  test_full();
  test_against_model();
  return unit_done();
}
