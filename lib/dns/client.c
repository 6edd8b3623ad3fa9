#include <ares.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>

#include "clock/clock.h"
#include "dns/servers.h"
#include "dns/wire.h"

/* What was asked. It stays until the resolver is closed: that is the cache. */
typedef struct question {
  dns_type_t type;
  bool is_answered;
  dns_answer_t answer;
  void *storage; /* of the answer's records */
  char name[DNS_NAME_MAX + 1];
} question_t;

typedef struct client {
  dns_resolver_t resolver; /* the first member: dns_resolver_t * is client_t * */
  dns_settings_t settings;
  dns_servers_t servers;
  ares_channel channel; /* NULL before the first question */
  uint64_t deadline;    /* milliseconds of the monotonic clock; 0 before the first question */
  size_t count;
  question_t *questions[DNS_QUERIES_MAX];
} client_t;

static dns_answer_t const trouble = {.status = DNS_TROUBLE};
static dns_answer_t const no_memory = {.status = DNS_TROUBLE, .error = ENOMEM};

static uint64_t now_ms(void) {
  return (uint64_t)clock_milliseconds();
}

/* ---- the channel --------------------------------------------------------------------------- */

static int set_servers(client_t *client) {
  struct ares_addr_port_node nodes[DNS_SERVERS_MAX];
  memset(nodes, 0, sizeof nodes);
  for (size_t i = 0; i < client->servers.count; i++) {
    dns_server_t const *server = client->servers.list + i;
    bool is6 = ip46_is6(&server->ip);
    nodes[i].next = i + 1 < client->servers.count ? nodes + i + 1 : NULL;
    nodes[i].family = is6 ? AF_INET6 : AF_INET;
    nodes[i].udp_port = nodes[i].tcp_port = server->port;
    memcpy(&nodes[i].addr, server->ip.ip, is6 ? 16 : 4);
  }
  return ares_set_servers_ports(client->channel, nodes);
}

/* Every option is given, so that c-ares reads no file but for its random numbers. */
static bool open_channel(client_t *client) {
  struct ares_options options = {.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_STAYOPEN,
                                 .timeout = (int)client->settings.query_ms,
                                 .tries = (int)client->settings.tries,
                                 .ndots = 1,
                                 .lookups = "b",
                                 .ednspsz = DNS_UDP_SIZE};
  int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
              ARES_OPT_LOOKUPS | ARES_OPT_EDNSPSZ | ARES_OPT_SERVERS | ARES_OPT_DOMAINS |
              ARES_OPT_SORTLIST;
  if (client->channel) return true;
  if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) return false;
  if (ares_init_options(&client->channel, &options, given) == ARES_SUCCESS) {
    if (set_servers(client) == ARES_SUCCESS) return true;
    ares_destroy(client->channel);
    client->channel = NULL;
  }
  ares_library_cleanup();
  return false;
}

static void close_channel(client_t *client) {
  if (!client->channel) return;
  ares_destroy(client->channel); /* calls take_answer for what is still under way */
  ares_library_cleanup();
}

/* ---- one question -------------------------------------------------------------------------- */

static void take_answer(void *data, int status, int timeouts, unsigned char *bytes, int len) {
  question_t *question = data;
  (void)timeouts;
  question->is_answered = true;
  question->answer = status == ARES_ENOMEM ? no_memory : trouble;
  if (status == ARES_SUCCESS && len > 0)
    question->storage =
        dns_answer_read(&question->answer, bytes, (size_t)len, question->name, question->type);
}

static void send_question(client_t *client, question_t *question) {
  uint8_t bytes[DNS_QUERY_MAX];
  uint16_t id;
  size_t len = 0;
  if (getrandom(&id, sizeof id, 0) == sizeof id && open_channel(client))
    len = dns_query_write(bytes, id, question->name, question->type);
  if (len) {
    ares_send(client->channel, bytes, (int)len, take_answer, question);
  } else {
    question->is_answered = true;
    question->answer = no_memory;
  }
}

static question_t *find(client_t const *client, char const *name, dns_type_t type) {
  for (size_t i = 0; i < client->count; i++) {
    question_t *question = client->questions[i];
    if (question->type == type && strcmp(question->name, name) == 0) return question;
  }
  return NULL;
}

/* The question, sent if it is new; NULL if there are too many. */
static question_t *ask(client_t *client, char const *name, dns_type_t type) {
  question_t *question = find(client, name, type);
  if (question || client->count == DNS_QUERIES_MAX) return question;
  if (!client->deadline) client->deadline = now_ms() + client->settings.total_ms;
  question = calloc(1, sizeof *question);
  if (!question) return NULL;
  question->type = type;
  strcpy(question->name, name);
  client->questions[client->count++] = question;
  send_question(client, question);
  return question;
}

/* The answer to what could not be asked. */
static dns_answer_t const *unasked(client_t const *client) {
  return client->count == DNS_QUERIES_MAX ? &trouble : &no_memory;
}

/* ---- waiting ------------------------------------------------------------------------------- */

static size_t list_sockets(client_t *client, struct pollfd fds[ARES_GETSOCK_MAXNUM]) {
  ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
  int bits = ares_getsock(client->channel, sockets, ARES_GETSOCK_MAXNUM);
  size_t count = 0;
  for (unsigned int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
    unsigned int readable = (unsigned int)bits >> i & 1;
    unsigned int writable = (unsigned int)bits >> (i + ARES_GETSOCK_MAXNUM) & 1;
    if (!readable && !writable) break;
    fds[count].fd = sockets[i];
    fds[count++].events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
  }
  return count;
}

static int wait_limit(client_t *client, uint64_t now) {
  uint64_t left = client->deadline - now;
  struct timeval longest = {.tv_sec = (time_t)(left / 1000),
                            .tv_usec = (suseconds_t)(left % 1000 * 1000)};
  struct timeval buffer;
  struct timeval const *limit = ares_timeout(client->channel, &longest, &buffer);
  return (int)(limit->tv_sec * 1000 + (limit->tv_usec + 999) / 1000);
}

/* Without an event: what has timed out is asked again. */
static void process(client_t *client, struct pollfd const *fds, size_t count) {
  bool idle = true;
  for (size_t i = 0; i < count; i++) {
    bool readable = fds[i].revents & (POLLIN | POLLERR | POLLHUP);
    bool writable = fds[i].revents & POLLOUT;
    if (!readable && !writable) continue;
    idle = false;
    ares_process_fd(client->channel, readable ? fds[i].fd : ARES_SOCKET_BAD,
                    writable ? fds[i].fd : ARES_SOCKET_BAD);
  }
  if (idle) ares_process_fd(client->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* Waits for an answer, or until something has timed out. */
static void wait_some(client_t *client, uint64_t now) {
  struct pollfd fds[ARES_GETSOCK_MAXNUM];
  size_t count = list_sockets(client, fds);
  int ready = poll(fds, count, wait_limit(client, now));
  process(client, fds, ready > 0 ? count : 0);
}

/* ---- the resolver -------------------------------------------------------------------------- */

static bool is_over(client_t const *client, uint64_t now) {
  return client->deadline && now >= client->deadline;
}

static void client_prefetch(dns_resolver_t *self, char const *name, dns_type_t type) {
  client_t *client = (client_t *)self;
  if (!is_over(client, now_ms())) ask(client, name, type);
}

static dns_answer_t const *client_get(dns_resolver_t *self, char const *name, dns_type_t type) {
  client_t *client = (client_t *)self;
  question_t *question = find(client, name, type);
  if (question && question->is_answered) return &question->answer;
  uint64_t now = now_ms();
  if (!question && is_over(client, now)) return &trouble;
  if (!question) question = ask(client, name, type);
  if (!question) return unasked(client);
  for (; !question->is_answered; now = now_ms()) {
    if (is_over(client, now)) return &trouble;
    wait_some(client, now);
  }
  return &question->answer;
}

static dns_answer_t const *client_peek(dns_resolver_t *self, char const *name, dns_type_t type) {
  client_t *client = (client_t *)self;
  uint64_t now = now_ms();
  question_t *question = find(client, name, type);
  bool const over = is_over(client, now);
  if (!question && !over) question = ask(client, name, type);
  if (question && question->is_answered) return &question->answer;
  if (over) return &trouble;
  return question ? NULL : unasked(client);
}

_Static_assert(DNS_SOCKETS_MAX == ARES_GETSOCK_MAXNUM, "c-ares has so many sockets");

size_t dns_wait(dns_resolver_t *resolver, struct pollfd fds[DNS_SOCKETS_MAX], int *ms) {
  client_t *client = (client_t *)resolver;
  size_t count = client->channel ? list_sockets(client, fds) : 0;
  uint64_t now = now_ms();
  *ms = !count ? -1 : is_over(client, now) ? 0 : wait_limit(client, now);
  return count;
}

void dns_step(dns_resolver_t *resolver, struct pollfd const *fds, size_t count) {
  client_t *client = (client_t *)resolver;
  if (client->channel) process(client, fds, count);
}

dns_resolver_t *dns_open(dns_settings_t const *settings) {
  static dns_settings_t const preset = DNS_SETTINGS_DEFAULT;
  client_t *client = calloc(1, sizeof *client);
  if (!client) return NULL;
  client->resolver =
      (dns_resolver_t){.prefetch = client_prefetch, .get = client_get, .peek = client_peek};
  client->settings = settings ? *settings : preset;
  if (dns_servers_find(&client->servers, client->settings.servers) < 0) {
    free(client);
    errno = EINVAL;
    return NULL;
  }
  return &client->resolver;
}

void dns_close(dns_resolver_t *resolver) {
  client_t *client = (client_t *)resolver;
  if (!client) return;
  close_channel(client);
  for (size_t i = 0; i < client->count; i++) {
    free(client->questions[i]->storage);
    free(client->questions[i]);
  }
  free(client);
}

unsigned int dns_asked(dns_resolver_t const *resolver) {
  return (unsigned int)((client_t const *)resolver)->count;
}
