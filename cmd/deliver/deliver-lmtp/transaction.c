#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/strerr.h>

#include "../shared/fair.h"
#include "connection.h"

void verdict_set(chain_verdict_t *verdict, char const *enhanced, char const *text,
                 char const *what) {
  *verdict = (chain_verdict_t){.kind = CHAIN_DEFER};
  stpcpy(verdict->enhanced, enhanced);
  snprintf(verdict->text, sizeof verdict->text, "%s%s%.900s", text, what ? ": " : "",
           what ? what : "");
}

/* ---- what is said ---- */

static void fill_recipients(connection_t *connection) {
  size_t count = 0;
  dsn_asked_t *const asked = dsn_asked_make(&count, &connection->entry.envelope);
  if (!asked) strerr_diefu1sys(111, "read what was asked for");
  for (size_t i = 0; i < connection->count; i++) {
    job_t const *const job = connection->jobs[i];
    dsn_asked_t const own = dsn_asked_find(asked, count, job->original);
    delivery_wishes_t const wishes = delivery_wishes(&own, job->recipient, job->expanded, NULL);
    connection->recipients[i] = (relay_recipient_t){
        .address = job->recipient, .notify = wishes.notify, .orcpt = wishes.orcpt};
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
                                       .message = queue_entry_stream(&connection->entry),
                                       .count = connection->count,
                                       .recipients = connection->recipients};
}

/* The entry is read through the first job's descriptor, which stays the job's. */
static bool open_entry(connection_t *connection) {
  chain_verdict_t verdict;
  if (queue_entry_from_fd(&connection->entry, connection->jobs[0]->fd) == 0) return true;
  verdict_set(&verdict, "4.3.0", "unable to read the queue entry", strerror(errno));
  for (size_t i = 0; i < connection->count; i++) job_answer(connection->jobs[i], &verdict);
  connection->count = 0;
  return false;
}

void transaction_start(connection_t *connection, job_t const *like, uint64_t now) {
  unsigned int const offered = relay_offers(connection->relay)->recipients;
  size_t const max = offered && offered < BATCH_MAX ? offered : BATCH_MAX;
  connection->count = jobs_pick(connection->jobs, max, like, mailbox_has_room);
  if (!open_entry(connection)) return;
  fill_recipients(connection);
  fill_transaction(connection);
  connection->phase = DELIVERING;
  connection->fair = now + fair_time(settings.opening, &connection->transaction);
  relay_transact(connection->relay, &connection->transaction, now);
  connection_step(connection, now);
}

/* ---- what is answered ---- */

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
  if (said->code) {
    snprintf(named.text, sizeof named.text, "%s%.200s said: %.760s", passed, connection->server,
             said->text);
    mailbox_answered(connection->jobs[i]);
  }
  job_report(connection->jobs[i], &named);
}

job_t const *transaction_waits_for(connection_t const *connection) {
  size_t i = 0;
  while (connection->recipients[i].progress != RELAY_TAKEN) i++;
  return connection->jobs[i];
}

/* Before the end of the message was said nothing is told: the connection may turn out to be stale.
 */
void transaction_answer(connection_t *connection, uint64_t now) {
  if (!relay_awaits_end(connection->relay)) return;
  if (!connection->heard) connection->heard = now;
  for (size_t i = 0; i < connection->count; i++) {
    if (connection->recipients[i].progress < RELAY_SKIPPED || connection->jobs[i]->answered)
      continue;
    answer(connection, i);
    connection->heard = now;
  }
}

/* ---- the end ---- */

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

/* The server had the message, and has not answered for this recipient. */
static bool is_unheard(connection_t const *connection, size_t i) {
  relay_recipient_t const *const recipient = &connection->recipients[i];
  return relay_message_was_sent(connection->relay) && !recipient->verdict.code &&
         recipient->progress == RELAY_DECIDED && !connection->jobs[i]->answered;
}

/* That is the message's failure, or the recipient's, not the server's: others fare better. Those
   behind the first one may be delivered without him when they are tried again. */
static void blame_recipient(connection_t *connection, uint64_t now) {
  bool first = true;
  for (size_t i = 0; i < connection->count; i++) {
    if (!is_unheard(connection, i)) continue;
    if (first) mailbox_failed(connection->jobs[i], now);
    first = false;
    stpcpy(connection->recipients[i].verdict.enhanced, "4.2.0");
  }
}

static void answer_rest(connection_t *connection) {
  for (size_t i = 0; i < connection->count; i++) {
    if (!connection->jobs[i]->answered) answer(connection, i);
    free(connection->jobs[i]);
  }
}

void transaction_finish(connection_t *connection, relay_state_t state, uint64_t now) {
  connection->entry.fd = -1; /* it is the first job's */
  queue_entry_close(&connection->entry);
  if (was_stale(connection, state)) {
    repeat(connection);
  } else {
    if (state == RELAY_ENDED) blame_recipient(connection, now);
    answer_rest(connection);
  }
  connection->was_used = true;
  connection->heard = 0;
  connection->count = 0;
}
