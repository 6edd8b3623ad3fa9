#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <skalibs/fmtscan.h>
#include <skalibs/socket.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "deliver-smtp.h"
#include "log/log.h"

#define AVOIDED_MS 60000 /* an address that has failed is the last choice for so long */
#define WHERE_MAX  (DNS_NAME_MAX + IP46_FMT + 3)

typedef enum phase { OPENING, IDLE, DELIVERING, QUITTING, PHASES } phase_t;

struct connection {
  connection_t *next;
  destination_t *destination;
  phase_t phase;
  size_t address;
  bool tried[MX_ADDRESSES_MAX];
  char where[WHERE_MAX]; /* "mx.example[192.0.2.1]" */
  security_t security;
  relay_t *relay;
  struct pollfd *poll;
  uint64_t deadline;
  unsigned int messages; /* that went over it */
  delivery_t *delivery;
  relay_transaction_t transaction;
  relay_recipient_t *recipients;
};

connection_t *connections;
size_t connections_count;

/* ---- the end of one ---- */

static void connection_free(connection_t *connection) {
  connection_t **at = &connections;
  while (*at != connection) at = &(*at)->next;
  *at = connection->next;
  connections_count--;
  connection->destination->connections--;
  if (connection->phase == QUITTING) connection->destination->quitting--;
  relay_free(connection->relay);
  free(connection->recipients);
  free(connection);
}

/* From now on it is no connection that deliveries could wait for. */
static void connection_quit(connection_t *connection, uint64_t now) {
  connection->phase = QUITTING;
  connection->destination->quitting++;
  relay_quit(connection->relay, now);
}

/* ---- verdicts ---- */

static void write_where(connection_t *connection, mx_address_t const *address) {
  char *end = stpcpy(connection->where, address->host);
  *end++ = '[';
  end += ip46_fmt(end, &address->ip);
  strcpy(end, "]");
}

/* Appends to a text what still fits. */
static void add_text(chain_verdict_t *verdict, char const *s) {
  size_t const len = strlen(verdict->text), room = CHAIN_TEXT_MAX - len, n = strnlen(s, room);
  memcpy(verdict->text + len, s, n);
  verdict->text[len + n] = 0;
}

/* How what ends a session at each stage is told on: the destination's own failures have no reply
   code (lib/worker), and what an administrator can mend is never for good. */
static struct {
  bool may_reject;
  char const *deferred, *rejected;
} const stages[RELAY_STAGES] = {[RELAY_STAGE_CONNECT] = {false, "4.4.1", ""},
                                [RELAY_STAGE_GREETING] = {true, "4.4.1", "5.3.2"},
                                [RELAY_STAGE_HELLO] = {true, "4.4.1", "5.5.0"},
                                [RELAY_STAGE_TLS] = {false, "4.7.5", ""},
                                [RELAY_STAGE_LOGIN] = {false, "4.7.8", ""},
                                [RELAY_STAGE_READY] = {false, "4.4.2", ""}};

static void session_verdict(connection_t const *connection, chain_verdict_t *verdict) {
  relay_stage_t const stage = relay_stage(connection->relay);
  chain_verdict_t const *const said = relay_verdict(connection->relay);
  bool const rejected = stages[stage].may_reject && said->kind == CHAIN_REJECT;
  char code[UINT_FMT];
  *verdict = (chain_verdict_t){.kind = rejected ? CHAIN_REJECT : CHAIN_DEFER};
  strcpy(verdict->enhanced, rejected ? stages[stage].rejected : stages[stage].deferred);
  add_text(verdict, connection->where);
  add_text(verdict, said->code ? " said: " : ": ");
  if (said->code) {
    code[uint_fmt(code, said->code)] = 0;
    add_text(verdict, code);
    add_text(verdict, " ");
    add_text(verdict, said->enhanced);
    add_text(verdict, *said->enhanced ? " " : "");
  }
  add_text(verdict, said->text);
}

static void log_trouble(connection_t const *connection, char const *stage,
                        chain_verdict_t const *verdict) {
  log_line_t line;
  log_start(&line, PROG, "trouble");
  log_str(&line, "destination", connection->destination->name);
  log_str(&line, "host", connection->where);
  log_str(&line, "at", stage);
  log_str(&line, "status", verdict->enhanced);
  log_str(&line, "reason", verdict->text);
  log_send(&line);
}

/* ---- opening ---- */

static bool bind_source(int fd, ip46 const *ip) {
  int const yes = 1, family = ip46_is6(ip) ? 1 : 0;
  if (!settings.has_source[family]) return true;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  return socket_bind46(fd, &settings.sources[family], 0) == 0;
}

/* A socket that is connecting. -1 with errno. */
static int connect_to(ip46 const *ip, uint16_t port) {
  int const yes = 1;
  int const fd = ip46_is6(ip) ? socket_tcp6_nbcoe() : socket_tcp4_nbcoe();
  if (fd < 0) return -1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (bind_source(fd, ip) && (socket_connect46(fd, ip, port) == 0 || errno == EINPROGRESS))
    return fd;
  int const saved = errno;
  close(fd);
  errno = saved;
  return -1;
}

/* Begins a session with the address that was chosen. 0, or -1 and why not. */
static int begin_session(connection_t *connection, uint64_t now, chain_verdict_t *why) {
  destination_t *const destination = connection->destination;
  mx_address_t const *const address = &destination->list.addresses[connection->address];
  write_where(connection, address);
  if (security_choose(&connection->security, destination, address, why) < 0) return -1;
  if (destination->experience[connection->address].clear)
    connection->security.relay.security = RELAY_PLAIN;
  int const fd = connect_to(&address->ip, destination->place.port);
  if (fd >= 0) connection->relay = relay_start(&connection->security.relay, fd, now);
  if (connection->relay) return 0;
  *why = (chain_verdict_t){.kind = CHAIN_DEFER, .enhanced = "4.4.1"};
  add_text(why, connection->where);
  add_text(why, ": ");
  add_text(why, strerror(errno));
  if (fd >= 0) close(fd);
  return -1;
}

/* The next address to try: the first that did not fail lately, or else the first. */
static bool choose_address(connection_t *connection, uint64_t now) {
  destination_t const *const destination = connection->destination;
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < destination->list.count; i++) {
      uint64_t const failed = destination->experience[i].failed;
      if (connection->tried[i] || (pass == 0 && failed && now - failed < AVOIDED_MS)) continue;
      connection->tried[i] = true;
      connection->address = i;
      return true;
    }
  }
  return false;
}

static void note_failure(connection_t *connection, char const *stage,
                         chain_verdict_t const *verdict, uint64_t now) {
  connection->destination->experience[connection->address].failed = now;
  destination_note(connection->destination, verdict);
  log_trouble(connection, stage, verdict);
}

/* Goes through the addresses until a session begins. When there is none left, the last connection
   of a destination that has none takes its deliveries with it. */
static void try_addresses(connection_t *connection, uint64_t now) {
  chain_verdict_t why;
  while (choose_address(connection, now)) {
    if (begin_session(connection, now, &why) == 0) return;
    note_failure(connection, relay_stage_name(RELAY_STAGE_CONNECT), &why, now);
  }
  destination_t *const destination = connection->destination;
  destination->opening--;
  connection_free(connection);
  if (destination->connections == destination->quitting)
    destination_fail(destination, &destination->failure);
}

void connection_open(destination_t *destination, uint64_t now) {
  connection_t *const connection = calloc(1, sizeof *connection);
  if (!connection) {
    static chain_verdict_t const no_memory = {CHAIN_DEFER, 0, "4.3.0", "out of memory"};
    destination_fail(destination, &no_memory);
    return;
  }
  connection->destination = destination;
  connection->next = connections;
  connections = connection;
  connections_count++;
  if (destination->connections == destination->quitting) destination->has_failure = false;
  destination->connections++;
  destination->opening++;
  try_addresses(connection, now);
}

bool connection_room(void) {
  if (connections_count < settings.in_all) return true;
  for (connection_t *connection = connections; connection; connection = connection->next) {
    if (connection->phase != IDLE) continue;
    relay_quit(connection->relay, relay_now()); /* the answer is not waited for */
    relay_step(connection->relay, relay_now());
    connection_free(connection);
    return true;
  }
  return false;
}

/* ---- transactions ---- */

/* The value of a parameter of recipient's, or of the message's (""). */
static char const *parameter(message_t const *message, char const *recipient, char const *name) {
  queue_envelope_t const *const envelope = &message->entry.envelope;
  size_t position = 0;
  size_t const len = strlen(name);
  for (char const *s; (s = queue_envelope_parameter(envelope, recipient, &position));)
    if (!strncasecmp(s, name, len) && s[len] == '=') return s + len + 1;
  return NULL;
}

static void fill_recipients(connection_t *connection) {
  delivery_t const *const delivery = connection->delivery;
  relay_recipient_t *recipient = connection->recipients;
  for (job_t const *job = delivery->jobs; job; job = job->next, recipient++) {
    recipient->address = job->recipient;
    recipient->notify = parameter(delivery->message, job->recipient, "NOTIFY");
    recipient->orcpt = parameter(delivery->message, job->recipient, "ORCPT");
  }
}

static void transact(connection_t *connection, uint64_t now) {
  message_t const *const message = connection->delivery->message;
  relay_transaction_t *const transaction = &connection->transaction;
  fill_recipients(connection);
  *transaction =
      (relay_transaction_t){.sender = message->sender,
                            .ret = parameter(message, "", "RET"),
                            .envid = parameter(message, "", "ENVID"),
                            .priority = parameter(message, "", "MT-PRIORITY"),
                            .utf8 = queue_entry_fact(&message->entry, "SMTP_UTF8") != NULL,
                            .count = connection->delivery->count,
                            .recipients = connection->recipients};
  queue_entry_stream(&message->entry, &transaction->message);
  connection->phase = DELIVERING;
  relay_transact(connection->relay, transaction, now);
}

static size_t recipients_limit(connection_t const *connection) {
  unsigned int const theirs = relay_offers(connection->relay)->recipients;
  return theirs && theirs < settings.recipients ? theirs : settings.recipients;
}

static bool is_used_up(connection_t const *connection) {
  unsigned int const theirs = relay_offers(connection->relay)->mails;
  return connection->messages >= settings.messages || (theirs && connection->messages >= theirs) ||
         (connections_count >= settings.in_all && destinations_starve());
}

/* Takes what waits; with nothing there, it is idle. */
static void next_delivery(connection_t *connection, uint64_t now) {
  destination_t *const destination = connection->destination;
  connection->phase = IDLE;
  connection->deadline = now + settings.idle;
  if (connection->messages && is_used_up(connection)) {
    connection_quit(connection, now);
    return;
  }
  delivery_t *const delivery = destination_take(destination, recipients_limit(connection));
  if (!delivery) return;
  connection->recipients = calloc(delivery->count, sizeof *connection->recipients);
  connection->delivery = delivery;
  if (connection->recipients) {
    transact(connection, now);
    return;
  }
  static chain_verdict_t const no_memory = {CHAIN_DEFER, 0, "4.3.0", "out of memory"};
  delivery_fail(delivery, &no_memory);
}

/* ---- results ---- */

/* "mx[...] said: ..." below the codes that it said. What was accepted by a host that will send no
   notice of it says so (lib/worker). */
static void word(connection_t const *connection, chain_verdict_t const *said,
                 chain_verdict_t *verdict) {
  bool const notifies = relay_offers(connection->relay)->has[RELAY_DSN];
  *verdict = *said;
  verdict->text[0] = 0;
  if (said->code && !*said->enhanced) {
    strcpy(verdict->enhanced, "x.0.0");
    verdict->enhanced[0] = (char)('0' + said->code / 100);
  }
  if (said->kind == CHAIN_ACCEPT && !notifies) add_text(verdict, WORKER_RELAYED);
  add_text(verdict, connection->where);
  add_text(verdict, said->code ? " said: " : ": ");
  add_text(verdict, said->text);
}

/* RFC 5321, 4.5.3.1.10: 452, which many say as 552. */
static bool is_too_many(chain_verdict_t const *verdict) {
  if (verdict->code == 452) return true;
  return verdict->code == 552 && (!*verdict->enhanced || !strcmp(verdict->enhanced, "5.5.3"));
}

static size_t count_kind(connection_t const *connection, chain_kind_t kind) {
  size_t count = 0;
  for (size_t i = 0; i < connection->delivery->count; i++)
    count += connection->recipients[i].verdict.kind == kind;
  return count;
}

static void log_transaction(connection_t const *connection) {
  tls_client_t const *const tls = relay_tls(connection->relay);
  log_line_t line;
  log_start(&line, PROG, "transaction");
  log_str(&line, "id", connection->delivery->message->entry.id);
  log_str(&line, "destination", connection->destination->name);
  log_str(&line, "host", connection->where);
  if (tls) log_str(&line, "tls", tls_client_report(tls)->protocol);
  if (tls) log_str(&line, "cipher", tls_client_report(tls)->cipher);
  log_str(&line, "policy", remote_level_word(connection->security.level));
  log_uint(&line, "accepted", count_kind(connection, CHAIN_ACCEPT));
  log_uint(&line, "deferred", count_kind(connection, CHAIN_DEFER));
  log_uint(&line, "rejected", count_kind(connection, CHAIN_REJECT));
  log_send(&line);
}

/* True if it may be that the server had closed a connection that was kept, before we spoke: then
   another one is worth a try. */
static bool was_stale(connection_t const *connection, relay_state_t state) {
  return state == RELAY_ENDED && connection->messages && !connection->delivery->repeated &&
         count_kind(connection, CHAIN_DEFER) == connection->delivery->count;
}

/* Answers the jobs but those that a host that has taken others has no room for in this
   transaction: they go in the next one. */
static void report(connection_t *connection, relay_state_t state) {
  delivery_t *const delivery = connection->delivery;
  bool const some = count_kind(connection, CHAIN_ACCEPT) > 0, again = was_stale(connection, state);
  chain_verdict_t verdict;
  size_t const count = delivery->count;
  for (size_t i = 0; i < count; i++) {
    chain_verdict_t const *const said = &connection->recipients[i].verdict;
    job_t *const job = delivery_shift(delivery);
    if (again || (some && is_too_many(said))) {
      delivery_add(delivery, job);
      continue;
    }
    word(connection, said, &verdict);
    job_report(job, &verdict);
  }
  if (again) delivery->repeated = true;
  if (delivery->count)
    destination_return(connection->destination, delivery);
  else
    delivery_free(delivery);
}

static void finish_transaction(connection_t *connection, relay_state_t state) {
  log_transaction(connection);
  report(connection, state);
  connection->delivery = NULL;
  free(connection->recipients);
  connection->recipients = NULL;
  connection->messages++;
}

/* ---- steps: each takes a session that is RELAY_READY or RELAY_ENDED. False: leave it ---- */

/* TLS that cannot be had from a host where it need not be is done without, on a new connection. */
static bool falls_back(connection_t const *connection) {
  return connection->security.level == REMOTE_MAY && !connection->security.relay.login &&
         connection->security.relay.security == RELAY_OPPORTUNISTIC &&
         relay_stage(connection->relay) == RELAY_STAGE_TLS;
}

static bool opening_ended(connection_t *connection, uint64_t now) {
  chain_verdict_t verdict;
  session_verdict(connection, &verdict);
  if (falls_back(connection)) {
    connection->destination->experience[connection->address].clear = true;
    connection->tried[connection->address] = false;
    log_trouble(connection, relay_stage_name(RELAY_STAGE_TLS), &verdict);
  } else {
    note_failure(connection, relay_stage_name(relay_stage(connection->relay)), &verdict, now);
  }
  relay_free(connection->relay);
  connection->relay = NULL;
  try_addresses(connection, now);
  return false;
}

static bool opening_step(connection_t *connection, relay_state_t state, uint64_t now) {
  if (state == RELAY_ENDED) return opening_ended(connection, now);
  connection->destination->opening--;
  connection->destination->experience[connection->address].failed = 0;
  next_delivery(connection, now);
  return connection->phase != IDLE;
}

static bool idle_step(connection_t *connection, relay_state_t state, uint64_t now) {
  (void)now;
  if (state == RELAY_ENDED) connection_free(connection);
  return false;
}

static bool delivering_step(connection_t *connection, relay_state_t state, uint64_t now) {
  finish_transaction(connection, state);
  if (state == RELAY_ENDED) return idle_step(connection, state, now);
  next_delivery(connection, now);
  return connection->phase != IDLE;
}

static bool (*const steps[PHASES])(connection_t *, relay_state_t,
                                   uint64_t) = {[OPENING] = opening_step,
                                                [IDLE] = idle_step,
                                                [DELIVERING] = delivering_step,
                                                [QUITTING] = idle_step};

static void step(connection_t *connection, uint64_t now) {
  relay_state_t state;
  do {
    state = relay_step(connection->relay, now);
  } while (state != RELAY_BUSY && steps[connection->phase](connection, state, now));
}

void connections_feed(destination_t *destination, uint64_t now) {
  for (connection_t *connection = connections, *next; connection; connection = next) {
    next = connection->next;
    if (!destination->first) return;
    if (connection->destination != destination || connection->phase != IDLE) continue;
    next_delivery(connection, now);
    if (connection->phase != IDLE) step(connection, now);
  }
}

/* ---- the loop's ---- */

size_t connections_wait(struct pollfd *polls, uint64_t *deadline) {
  size_t count = 0;
  for (connection_t *connection = connections; connection; connection = connection->next) {
    connection->poll = polls + count++;
    uint64_t due = relay_wait(connection->relay, connection->poll);
    if (connection->phase != IDLE)
      connection->deadline = due;
    else if (connection->deadline < due)
      due = connection->deadline;
    if (due < *deadline) *deadline = due;
  }
  return count;
}

static void pass_time(connection_t *connection, uint64_t now) {
  bool const due = connection->deadline <= now;
  if (connection->phase == IDLE && due) connection_quit(connection, now);
  if (due || connection->poll->revents) step(connection, now);
}

/* A step ends no connection but its own. */
void connections_step(uint64_t now) {
  for (connection_t *connection = connections, *next; connection; connection = next) {
    next = connection->next;
    if (connection->poll) pass_time(connection, now);
  }
}

void connections_quit(uint64_t now) {
  for (connection_t *connection = connections, *next; connection; connection = next) {
    next = connection->next;
    if (connection->phase != IDLE) continue;
    connection_quit(connection, now);
    step(connection, now);
  }
}
