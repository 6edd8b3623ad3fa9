#include "report.h"

#include <sys/wait.h>

#include "attempt.h"
#include "channel.h"
#include "destination.h"
#include "job.h"
#include "log/log.h"
#include "recipient.h"
#include "worker.h"

static void start(log_line_t *line, char const *event) {
  log_start(line, "queue-send", event);
}

/* The id and the session, so that one id tells a message's whole story. */
static void start_entry(log_line_t *line, char const *event, queue_entry_t const *entry) {
  log_session(queue_entry_fact(entry, "SESSION_ID"));
  start(line, event);
  log_session(NULL);
  log_str(line, "id", entry->id);
}

static void log_delay(log_line_t *line, queue_entry_t const *entry) {
  uint64_t now = time_now(), born = chain_id_time(entry->id);
  log_uint(line, "delay", now > born ? (now - born) / 1000 : 0);
}

static char const *event_of(chain_kind_t kind) {
  switch (kind) {
  case CHAIN_ACCEPT: return "delivered";
  case CHAIN_DEFER: return "deferred";
  case CHAIN_REJECT: break;
  }
  return "failed";
}

void report_job(job_t const *job) {
  log_line_t line;
  queue_entry_t const *entry = &job->recipient->attempt->entry;
  start_entry(&line, event_of(job->kind), entry);
  log_str(&line, "rcpt", job->recipient->address);
  log_str(&line, "channel", route_kinds[job->channel].word);
  log_str(&line, "to", job->argument);
  log_delay(&line, entry);
  if (job->text && *job->text) log_str(&line, "text", job->text);
  log_send(&line);
}

void report_recipient(recipient_t const *recipient, chain_kind_t kind, char const *text) {
  log_line_t line;
  queue_entry_t const *entry = &recipient->attempt->entry;
  start_entry(&line, event_of(kind), entry);
  log_str(&line, "rcpt", recipient->address);
  log_delay(&line, entry);
  log_str(&line, "text", text);
  log_send(&line);
}

static void start_destination(log_line_t *line, char const *event,
                              destination_t const *destination) {
  start(line, event);
  log_str(line, "channel", destination->worker->channel->word);
  log_str(line, "to", destination->argument);
}

void report_down(destination_t const *destination, unsigned failures, uint64_t pause) {
  log_line_t line;
  start_destination(&line, "down", destination);
  log_uint(&line, "failures", failures);
  log_uint(&line, "next", pause / SECOND);
  log_str(&line, "text", destination_text(destination));
  log_send(&line);
}

void report_up(destination_t const *destination) {
  log_line_t line;
  start_destination(&line, "up", destination);
  log_send(&line);
}

void report_hold(attempt_t const *attempt) {
  log_line_t line;
  start_entry(&line, "hold", &attempt->entry);
  log_uint(&line, "next", time_until(attempt->terms.release, time_now()) / SECOND);
  log_send(&line);
}

void report_waiting(attempt_t const *attempt, unsigned attempts, uint64_t next) {
  log_line_t line;
  uint64_t now = time_now();
  start_entry(&line, "waiting", &attempt->entry);
  log_uint(&line, "attempts", attempts);
  log_uint(&line, "next", time_until(next, now) / SECOND);
  log_delay(&line, &attempt->entry);
  log_send(&line);
}

void report_notice(attempt_t const *attempt, char const *id, size_t results) {
  log_line_t line;
  start_entry(&line, "notice", &attempt->entry);
  log_str(&line, "notice", id);
  log_uint(&line, "results", results);
  log_send(&line);
}

void report_untold(attempt_t const *attempt) {
  log_line_t line;
  start_entry(&line, "undeliverable", &attempt->entry);
  log_str(&line, "from", attempt->entry.envelope.sender);
  log_send(&line);
}

void report_order(char const *event, char const *name, char const *reason) {
  log_line_t line;
  start(&line, event);
  log_bytes(&line, "id", name, CHAIN_ID_SIZE);
  if (*reason) log_str(&line, "reason", reason);
  log_send(&line);
}

void report_entry(char const *event, char const *name, int error) {
  log_line_t line;
  start(&line, event);
  log_bytes(&line, "id", name, CHAIN_ID_SIZE);
  log_errno(&line, error);
  log_send(&line);
}

void report_count(char const *event, char const *folder, uint64_t count) {
  log_line_t line;
  start(&line, event);
  log_str(&line, "folder", folder);
  log_uint(&line, "count", count);
  log_send(&line);
}

void report_trouble(char const *event, char const *key, char const *value, int error) {
  log_line_t line;
  start(&line, event);
  log_str(&line, key, value);
  if (error) log_errno(&line, error);
  log_send(&line);
}

void report_exit(char const *program, int wait_status) {
  log_line_t line;
  start(&line, "worker-ended");
  log_str(&line, "program", program);
  if (WIFSIGNALED(wait_status))
    log_uint(&line, "signal", (uint64_t)WTERMSIG(wait_status));
  else
    log_uint(&line, "exit", (uint64_t)WEXITSTATUS(wait_status));
  log_send(&line);
}

void report_clock(int64_t by) {
  log_line_t line;
  start(&line, "clock-set");
  log_str(&line, "to", by < 0 ? "earlier" : "later");
  log_uint(&line, "seconds", (uint64_t)(by < 0 ? -by : by) / SECOND);
  log_send(&line);
}
