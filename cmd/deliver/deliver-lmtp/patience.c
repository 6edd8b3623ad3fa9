#include <string.h>

#include "../shared/fair.h"
#include "connection.h"

#define BARRED_MAX 256
#define BARRED_MS  300000 /* that a mailbox is left alone after a delivery without an answer */

/* ---- mailboxes: one that takes its time is not to have all connections of its server ---- */

static struct barred { uint64_t mailbox, until; } barred[BARRED_MAX];

static bool is_barred(job_t const *job, uint64_t now) {
  for (size_t i = 0; i < BARRED_MAX; i++)
    if (barred[i].mailbox == job->mailbox && now < barred[i].until) return true;
  return false;
}

/* Its own place, or the one that is over first. */
static struct barred *find_place(uint64_t mailbox) {
  struct barred *place = barred;
  for (size_t i = 0; i < BARRED_MAX; i++) {
    if (barred[i].mailbox == mailbox) return &barred[i];
    if (barred[i].until < place->until) place = &barred[i];
  }
  return place;
}

void mailbox_failed(job_t const *job, uint64_t now) {
  *find_place(job->mailbox) = (struct barred){job->mailbox, now + BARRED_MS};
}

void mailbox_answered(job_t const *job) {
  for (size_t i = 0; i < BARRED_MAX; i++)
    if (barred[i].mailbox == job->mailbox) barred[i].until = 0;
}

static bool delivers_to(connection_t const *connection, job_t const *job) {
  for (size_t i = 0; i < connection->count; i++)
    if (!connection->jobs[i]->answered && connection->jobs[i]->mailbox == job->mailbox) return true;
  return false;
}

bool mailbox_has_room(job_t const *job) {
  size_t count = 0;
  for (EACH_CONNECTION(connection))
    count += connection_serves(connection, job->server) && delivers_to(connection, job);
  return count < (settings.per_server + 1) / 2;
}

/* ---- who is slow ---- */

static uint64_t end_time(void) {
  return FAIR_END_TIMES * settings.opening;
}

/* When others need not wait for it any longer. */
static uint64_t slow_from(connection_t const *connection) {
  if (!connection->server) return UINT64_MAX;
  if (connection->phase != OPENING && connection->phase != DELIVERING) return UINT64_MAX;
  return connection->fair + (connection->heard ? end_time() : 0);
}

/* When a recipient has had the server wait for so long that other mail for him need not, too. */
static uint64_t stuck_from(connection_t const *connection) {
  return connection->heard ? connection->heard + end_time() : UINT64_MAX;
}

uint64_t patience_end(connection_t const *connection, uint64_t passed) {
  uint64_t const slow = slow_from(connection), stuck = stuck_from(connection);
  if (slow > passed && (slow < stuck || stuck <= passed)) return slow;
  return stuck > passed ? stuck : UINT64_MAX;
}

static void bar_stuck(uint64_t now) {
  for (EACH_CONNECTION(connection))
    if (stuck_from(connection) <= now) mailbox_failed(transaction_waits_for(connection), now);
}

void mailboxes_refuse(uint64_t now) {
  chain_verdict_t verdict;
  bar_stuck(now);
  verdict_set(&verdict, "4.2.0", "the last delivery there has not come to its end", NULL);
  for (job_t *job = jobs, *next; job; job = next) {
    next = job->next;
    if (is_barred(job, now)) job_refuse(job, &verdict);
  }
}

/* ---- while others wait ---- */

/* The one that has been slow for the longest time, if they have more than half of all connections.
 */
static connection_t *find_surplus(uint64_t now) {
  connection_t *slowest = NULL;
  size_t count = 0;
  for (EACH_CONNECTION(connection)) {
    if (slow_from(connection) > now) continue;
    count++;
    if (!slowest || slow_from(connection) < slow_from(slowest)) slowest = connection;
  }
  return count > 1 && count > settings.connections / 2 ? slowest : NULL;
}

static bool is_waited_for(char const *server) {
  for (job_t const *job = jobs; job; job = job->next)
    if (!strcmp(job->server, server)) return true;
  return false;
}

/* The same among those of one server that are stuck with a recipient. */
static connection_t *find_most_stuck(char const *server, uint64_t now) {
  connection_t *most = NULL;
  size_t count = 0;
  for (EACH_CONNECTION(connection)) {
    if (!connection_serves(connection, server) || stuck_from(connection) > now) continue;
    count++;
    if (!most || stuck_from(connection) < stuck_from(most)) most = connection;
  }
  return count > settings.per_server / 2 ? most : NULL;
}

static connection_t *find_stuck(uint64_t now) {
  for (EACH_CONNECTION(connection)) {
    if (stuck_from(connection) > now || !is_waited_for(connection->server)) continue;
    connection_t *const most = find_most_stuck(connection->server, now);
    if (most) return most;
  }
  return NULL;
}

static void cut_short(connection_t *connection, uint64_t now) {
  if (connection->phase == OPENING) {
    opening_cut_short(connection, now);
    return;
  }
  connection->was_used = false; /* the server is slow, the connection not stale */
  relay_give_up(connection->relay, TOO_SLOW);
  connection_step(connection, now);
}

bool patience_cut(bool starved, uint64_t now) {
  connection_t *const surplus = starved ? find_surplus(now) : NULL;
  connection_t *const slowest = surplus ? surplus : find_stuck(now);
  if (slowest) cut_short(slowest, now);
  return slowest;
}
