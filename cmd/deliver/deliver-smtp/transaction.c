#include <stdlib.h>
#include <string.h>

#include <skalibs/strerr.h>

#include "../shared/fair.h"
#include "connection.h"
#include "log/log.h"

/* ---- what is said ---- */

static void fill_recipients(connection_t *connection) {
  delivery_t const *const delivery = connection->delivery;
  relay_recipient_t *recipient = connection->recipients;
  for (job_t const *job = delivery->jobs; job; job = job->next, recipient++) {
    *recipient = (relay_recipient_t){
        .address = job->recipient, .notify = job->wishes.notify, .orcpt = job->wishes.orcpt};
  }
}

static void fill_transaction(connection_t *connection) {
  message_t const *const message = connection->delivery->message;
  queue_envelope_t const *const envelope = &message->entry.envelope;
  bool const timed = delivery_by(&connection->by, &message->entry, delivery_now());
  connection->transaction =
      (relay_transaction_t){.sender = message->sender,
                            .ret = queue_envelope_value(envelope, "", "RET"),
                            .envid = queue_envelope_value(envelope, "", "ENVID"),
                            .priority = delivery_priority(&message->entry),
                            .auth = queue_envelope_value(envelope, "", "AUTH"),
                            .by = timed ? &connection->by : NULL,
                            .utf8 = queue_entry_fact(&message->entry, "SMTP_UTF8") != NULL,
                            .message = queue_entry_stream(&message->entry),
                            .count = connection->delivery->count,
                            .recipients = connection->recipients};
}

static void transact(connection_t *connection, uint64_t now) {
  fill_recipients(connection);
  fill_transaction(connection);
  connection->fair = now + fair_time(settings.opening, &connection->transaction);
  connection->phase = DELIVERING;
  relay_transact(connection->relay, &connection->transaction, now);
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

void transaction_next(connection_t *connection, uint64_t now) {
  destination_t *const destination = connection->destination;
  connection->phase = IDLE;
  connection->idle_end = now + settings.idle;
  if (connection->messages && is_used_up(connection)) {
    connection_quit(connection, now);
    return;
  }
  delivery_t *const delivery = destination_take(destination, recipients_limit(connection));
  if (!delivery) return;
  connection->recipients = calloc(delivery->count, sizeof *connection->recipients);
  if (!connection->recipients) {
    delivery_fail(delivery, &no_memory);
    return;
  }
  connection->delivery = delivery;
  transact(connection, now);
}

/* ---- results ---- */

/* What is said of an acceptance by a host that will not tell the sender all that is to be told
   (lib/worker); NULL: it will. */
static char const *silence(connection_t const *connection) {
  bool const *const has = relay_offers(connection->relay)->has;
  if (!has[RELAY_DSN]) return WORKER_NO_DSN;
  return connection->transaction.by && !has[RELAY_DELIVERBY] ? WORKER_NO_DELIVERBY : NULL;
}

/* "mx[...] said: ..." below the codes that it said. */
static void word(connection_t const *connection, chain_verdict_t const *said,
                 chain_verdict_t *verdict) {
  char const *const before = said->kind == CHAIN_ACCEPT ? silence(connection) : NULL;
  *verdict = *said;
  verdict->text[0] = 0;
  if (said->code && !*said->enhanced) {
    strcpy(verdict->enhanced, "x.0.0");
    verdict->enhanced[0] = (char)('0' + said->code / 100);
  }
  if (before) {
    verdict_add(verdict, before);
    verdict_add(verdict, ": ");
  }
  verdict_add(verdict, connection->where);
  verdict_add(verdict, said->code ? " said: " : ": ");
  verdict_add(verdict, said->text);
}

/* RFC 5321, 4.5.3.1.10; lib/relay has made it of the 552 that some say. */
static bool is_too_many(chain_verdict_t const *verdict) {
  return verdict->code == 452;
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
         !relay_message_was_sent(connection->relay) &&
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

void transaction_finish(connection_t *connection, relay_state_t state) {
  log_transaction(connection);
  report(connection, state);
  connection->delivery = NULL;
  free(connection->recipients);
  connection->recipients = NULL;
  connection->messages++;
}
