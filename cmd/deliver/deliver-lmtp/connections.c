#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/strerr.h>

#include "deliver.h"

#define LMTP_PORT 24
#define FULL_MS   60000 /* no further connection is tried where one was refused */

typedef struct connection {
  char *server; /* NULL: not in use */
  relay_dial_t dial;
  relay_t *relay;      /* NULL: the address is being looked up */
  uint64_t idle_end;   /* while it is idle */
  uint64_t alone_till; /* the server has refused another one */
  bool is_idle;
  bool was_used;              /* a transaction went over it */
  size_t poll_at, poll_count; /* its name servers' sockets */
  size_t count;               /* recipients of the transaction */
  job_t *jobs[BATCH_MAX];
  relay_recipient_t recipients[BATCH_MAX];
  queue_entry_t entry;
  relay_transaction_t transaction;
} connection_t;

static connection_t connections[CONNECTIONS_MAX];
static relay_settings_t session;

/* ---- verdicts ---- */

static void set_verdict(chain_verdict_t *verdict, char const *enhanced, char const *text,
                        char const *what) {
  *verdict = (chain_verdict_t){.kind = CHAIN_DEFER};
  stpcpy(verdict->enhanced, enhanced);
  snprintf(verdict->text, sizeof verdict->text, "%s%s%.900s", text, what ? ": " : "",
           what ? what : "");
}

/* Why a server cannot be spoken to at all: that says nothing about a recipient. */
static void set_failure(chain_verdict_t *verdict, connection_t const *connection) {
  chain_verdict_t const *const found = relay_verdict(connection->relay);
  char line[RELAY_VERDICT_MAX];
  *verdict = *found;
  if (!found->code) return;
  relay_verdict_format(line, found);
  set_verdict(verdict, "4.3.2", "the server refuses the connection", line);
}

/* ---- connections ---- */

static connection_t *free_connection(void) {
  for (size_t i = 0; i < settings.connections; i++)
    if (!connections[i].server) return &connections[i];
  return NULL;
}

static void close_connection(connection_t *connection) {
  relay_dial_end(&connection->dial);
  relay_free(connection->relay);
  free(connection->server);
  connection->server = NULL;
  connection->relay = NULL;
  connection->is_idle = false;
}

static bool serves(connection_t const *connection, char const *server) {
  return connection->server && !strcmp(connection->server, server);
}

static bool is_ready(connection_t const *connection) {
  return connection->relay && relay_stage(connection->relay) == RELAY_STAGE_READY;
}

/* There is no other connection that could take the server's jobs. */
static bool is_alone(connection_t const *connection) {
  for (size_t i = 0; i < settings.connections; i++)
    if (&connections[i] != connection && serves(&connections[i], connection->server) &&
        is_ready(&connections[i]))
      return false;
  return true;
}

/* A server that has let us in and refuses another connection means it. */
static void leave_others_alone(connection_t const *connection, uint64_t now) {
  for (size_t i = 0; i < settings.connections; i++)
    if (&connections[i] != connection && serves(&connections[i], connection->server))
      connections[i].alone_till = now + FULL_MS;
}

static void give_up(connection_t *connection, chain_verdict_t const *verdict, uint64_t now) {
  if (is_alone(connection))
    jobs_answer_all(connection->server, verdict);
  else
    leave_others_alone(connection, now);
  close_connection(connection);
}

/* Tries the next address. False with errno, of the last one: there is none left. */
static bool start_session(connection_t *connection, uint64_t now) {
  int fd, error = ENOENT;
  while ((fd = relay_dial_next(&connection->dial)) < 0 && errno != ENOENT) error = errno;
  if (fd < 0) return errno = error, false;
  connection->relay = relay_start(&session, fd, now);
  if (!connection->relay) strerr_diefu1sys(111, "begin a session");
  return true;
}

static void dial(connection_t *connection, uint64_t now) {
  chain_verdict_t verdict;
  int const found = relay_dial_step(&connection->dial);
  if (!found) return;
  int error = errno;
  if (found > 0 && start_session(connection, now)) return;
  if (found > 0) error = errno;
  set_verdict(&verdict, found > 0 ? "4.4.1" : "4.4.3",
              found > 0 ? "no connection" : "the server's name leads nowhere", strerror(error));
  give_up(connection, &verdict, now);
}

/* Only begins: what comes of it is step's. */
static void open_connection(connection_t *connection, char const *server, uint64_t now) {
  relay_server_t parsed;
  chain_verdict_t verdict;
  memset(&connection->dial, 0, sizeof connection->dial);
  connection->server = strdup(server);
  connection->is_idle = connection->was_used = false;
  connection->alone_till = 0;
  connection->count = 0;
  if (!connection->server) strerr_diefu1sys(111, "open a connection");
  if (relay_server_parse(&parsed, server, LMTP_PORT) < 0 ||
      relay_dial_start(&connection->dial, &parsed) < 0) {
    set_verdict(&verdict, "4.3.5", "not a server", server);
    give_up(connection, &verdict, now);
  }
}

static void step(connection_t *connection, uint64_t now);

/* ---- transactions ---- */

static void fill_recipients(connection_t *connection) {
  size_t count = 0;
  dsn_asked_t *const asked = dsn_asked_make(&count, &connection->entry.envelope);
  if (!asked) strerr_diefu1sys(111, "read what was asked for");
  for (size_t i = 0; i < connection->count; i++) {
    job_t const *const job = connection->jobs[i];
    dsn_asked_t const own = dsn_asked_find(asked, count, job->original);
    delivery_wishes_t const wishes = delivery_wishes(&own, job->recipient, job->expanded, NULL);
    connection->recipients[i].address = job->recipient;
    connection->recipients[i].notify = wishes.notify;
    connection->recipients[i].orcpt = wishes.orcpt;
  }
  free(asked);
}

static void fill_transaction(connection_t *connection) {
  relay_transaction_t *const transaction = &connection->transaction;
  queue_envelope_t const *const envelope = &connection->entry.envelope;
  char const *const utf8 = queue_entry_fact(&connection->entry, "SMTP_UTF8");
  *transaction = (relay_transaction_t){.sender = connection->jobs[0]->sender,
                                       .ret = queue_envelope_value(envelope, "", "RET"),
                                       .envid = queue_envelope_value(envelope, "", "ENVID"),
                                       .utf8 = utf8 && *utf8,
                                       .count = connection->count,
                                       .recipients = connection->recipients};
  queue_entry_stream(&connection->entry, &transaction->message);
}

/* The entry is read through the first job's descriptor, which stays the job's. */
static bool open_entry(connection_t *connection) {
  chain_verdict_t verdict;
  if (queue_entry_from_fd(&connection->entry, connection->jobs[0]->fd) == 0) return true;
  set_verdict(&verdict, "4.3.0", "unable to read the queue entry", strerror(errno));
  for (size_t i = 0; i < connection->count; i++) job_answer(connection->jobs[i], &verdict);
  connection->count = 0;
  return false;
}

static void rest(connection_t *connection, uint64_t now) {
  connection->is_idle = true;
  connection->idle_end = now + settings.idle;
}

/* True if the server has taken it, and knows what the sender is to be told. */
static bool will_tell(connection_t const *connection, relay_recipient_t const *recipient) {
  return recipient->verdict.kind == CHAIN_ACCEPT && recipient->notify &&
         relay_offers(connection->relay)->has[RELAY_DSN];
}

/* What the server said is told with its name: a bounce says who it was. */
static void answer(connection_t const *connection, size_t i) {
  relay_recipient_t const *const recipient = &connection->recipients[i];
  chain_verdict_t const *const said = &recipient->verdict;
  char const *const passed = will_tell(connection, recipient) ? WORKER_PASSED ": " : "";
  chain_verdict_t named = *said;
  if (said->code)
    snprintf(named.text, sizeof named.text, "%s%.200s said: %.760s", passed, connection->server,
             said->text);
  job_answer(connection->jobs[i], &named);
}

/* True if it may be that the server had closed a connection that was kept, before we spoke: then
   another one is worth a try. */
static bool was_stale(connection_t const *connection, relay_state_t state) {
  if (state != RELAY_ENDED || !connection->was_used) return false;
  if (relay_message_was_sent(connection->relay)) return false;
  for (size_t i = 0; i < connection->count; i++)
    if (connection->jobs[i]->repeated || connection->recipients[i].verdict.kind != CHAIN_DEFER)
      return false;
  return true;
}

static void repeat(connection_t *connection) {
  for (size_t i = 0; i < connection->count; i++) connection->jobs[i]->repeated = true;
  jobs_return(connection->jobs, connection->count);
}

static void finish_transaction(connection_t *connection, relay_state_t state) {
  connection->entry.fd = -1; /* it is the first job's */
  queue_entry_close(&connection->entry);
  if (was_stale(connection, state))
    repeat(connection);
  else
    for (size_t i = 0; i < connection->count; i++) answer(connection, i);
  connection->was_used = true;
  connection->count = 0;
}

static void start_transaction(connection_t *connection, job_t const *like, uint64_t now) {
  unsigned int const offered = relay_offers(connection->relay)->recipients;
  size_t const max = offered && offered < BATCH_MAX ? offered : BATCH_MAX;
  connection->count = jobs_pick(connection->jobs, max, like);
  if (!open_entry(connection)) return;
  fill_recipients(connection);
  fill_transaction(connection);
  connection->is_idle = false;
  relay_transact(connection->relay, &connection->transaction, now);
  step(connection, now);
}

/* ---- steps ---- */

static void end_session(connection_t *connection, uint64_t now) {
  chain_verdict_t verdict;
  if (is_ready(connection)) {
    close_connection(connection);
    return;
  }
  set_failure(&verdict, connection);
  bool const may_go_on = relay_stage(connection->relay) < RELAY_STAGE_HELLO;
  relay_free(connection->relay);
  connection->relay = NULL;
  if (!may_go_on || !start_session(connection, now)) give_up(connection, &verdict, now);
}

static void step(connection_t *connection, uint64_t now) {
  if (!connection->relay) {
    dial(connection, now);
    return;
  }
  relay_state_t const state = relay_step(connection->relay, now);
  if (state == RELAY_BUSY) return;
  if (connection->count) finish_transaction(connection, state);
  if (state == RELAY_ENDED) {
    end_session(connection, now);
  } else if (!connection->is_idle) {
    rest(connection, now);
  } else if (now >= connection->idle_end) {
    connection->is_idle = false;
    relay_quit(connection->relay, now);
  }
}

void connections_step(struct pollfd const *fds, uint64_t now) {
  for (size_t i = 0; i < settings.connections; i++) {
    connection_t *const connection = &connections[i];
    if (!connection->server) continue;
    if (connection->dial.resolver)
      dns_step(connection->dial.resolver, fds + connection->poll_at, connection->poll_count);
    step(connection, now);
  }
}

bool connections_are_busy(void) {
  for (size_t i = 0; i < settings.connections; i++)
    if (connections[i].server && connections[i].count) return true;
  return false;
}

/* ---- jobs to connections ---- */

static connection_t *idle_connection(char const *server) {
  for (size_t i = 0; i < settings.connections; i++)
    if (serves(&connections[i], server) && connections[i].is_idle) return &connections[i];
  return NULL;
}

/* One at a time is being opened. */
static bool may_open(char const *server, uint64_t now) {
  size_t open = 0;
  for (size_t i = 0; i < settings.connections; i++) {
    if (!serves(&connections[i], server)) continue;
    if (!is_ready(&connections[i]) || now < connections[i].alone_till) return false;
    open++;
  }
  return open < settings.per_server;
}

/* Another server's idle connection makes room. */
static void make_room(uint64_t now) {
  for (size_t i = 0; i < settings.connections; i++) {
    if (!connections[i].server || !connections[i].is_idle) continue;
    connections[i].is_idle = false;
    relay_quit(connections[i].relay, now);
    return;
  }
}

/* True if the list of jobs has changed. */
static bool serve(job_t const *job, uint64_t now) {
  connection_t *connection = idle_connection(job->server);
  if (connection) {
    start_transaction(connection, job, now);
    return true;
  }
  if (!may_open(job->server, now)) return false;
  connection = free_connection();
  if (!connection) {
    make_room(now);
    return false;
  }
  open_connection(connection, job->server, now);
  return !connection->server;
}

void connections_dispatch(uint64_t now) {
  session = (relay_settings_t){
      .protocol = RELAY_LMTP, .helo = settings.name, .patience = settings.patience};
  for (job_t const *job = jobs; job;) job = serve(job, now) ? jobs : job->next;
}

/* ---- waiting ---- */

static uint64_t earlier(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* A connection that has yet to begin is due at once. */
static uint64_t wait_for_name(connection_t *connection, struct pollfd *fds, size_t at,
                              uint64_t now) {
  int ms = 0;
  connection->poll_at = at;
  connection->poll_count = 0;
  if (connection->dial.resolver)
    connection->poll_count = dns_wait(connection->dial.resolver, fds + at, &ms);
  return ms < 0 ? UINT64_MAX : now + (uint64_t)ms;
}

size_t connections_wait(struct pollfd *fds, uint64_t *deadline, uint64_t now) {
  size_t count = 0;
  for (size_t i = 0; i < settings.connections; i++) {
    connection_t *const connection = &connections[i];
    if (!connection->server) continue;
    uint64_t due;
    if (connection->relay) {
      due = relay_wait(connection->relay, &fds[count++]);
      if (connection->is_idle) due = earlier(due, connection->idle_end);
    } else {
      due = wait_for_name(connection, fds, count, now);
      count += connection->poll_count;
    }
    *deadline = earlier(*deadline, due);
  }
  return count;
}
