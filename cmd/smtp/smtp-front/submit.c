#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queue/queue.h"
#include "session.h"

/* ---- what the chain is given ---- */

/* T...\0 is there already: the empty string that ends them, then the parameters. */
static int finish_envelope(session_t *session) {
  spill_t *envelope = &session->envelope;
  return spill_put(envelope, "", 1) < 0 ? -1 : spill_append(envelope, &session->parameters);
}

/* The chain gets it as a file that nobody can write to. */
static int seal_envelope(session_t *session) {
  spill_t *envelope = &session->envelope;
  return spill_flush(envelope) < 0 ? -1 : chain_memfd_seal(envelope->fd);
}

#define MESSAGE_FILE "MESSAGE_FILE="

/* Tells queue-inject which file it may trust. */
static int name_message_file(int fd, char *fact) {
  struct stat status;
  if (fstat(fd, &status) < 0) return -1;
  queue_spool_fact(stpcpy(fact, MESSAGE_FILE), &status);
  return 0;
}

/* The chain's first link, found once in PATH. */
static char const *find_chain(char const *name) {
  static char path[4096];
  if (!*path && chain_find(name, path, sizeof path) < 0) return NULL;
  return path;
}

/* ---- LMTP: a verdict for each recipient, kept in a memfd by index ---- */

static void keep_result(void *data, size_t index, chain_verdict_t const *verdict) {
  session_t *session = data;
  if (index >= session->transaction.recipients) return;
  if (session->results < 0) session->results = chain_memfd();
  ssize_t n = pwrite(session->results, verdict, sizeof *verdict, (off_t)(index * sizeof *verdict));
  if (n != sizeof *verdict) session->results_lost = true;
}

static chain_verdict_t const *result_of(session_t *session, size_t index,
                                        chain_verdict_t const *common) {
  static chain_verdict_t verdict;
  ssize_t n = -1;
  if (session->results >= 0)
    n = pread(session->results, &verdict, sizeof verdict, (off_t)(index * sizeof verdict));
  return n == sizeof verdict && verdict.kind ? &verdict : common; /* a hole is nobody's verdict */
}

/* ---- running it ---- */

static int call_chain(session_t *session, chain_verdict_t *verdict) {
  static chain_reader_t reader;
  char fact[sizeof MESSAGE_FILE + QUEUE_SPOOL_FACT_SIZE];
  int message_fd = session->transaction.message.fd;
  chain_reader_init(&reader);
  if (session->options.lmtp) {
    reader.recipient = keep_result;
    reader.data = session;
  }
  char const *path = find_chain(session->options.chain[0]);
  if (!path || seal_envelope(session) < 0 || name_message_file(message_fd, fact) < 0) return -1;
  link_call_t const call = {.path = path,
                            .argv = session->options.chain,
                            .message_fd = message_fd,
                            .envelope_fd = session->envelope.fd,
                            .timeout = CONF_TIMEOUT_CHAIN,
                            .fact = fact};
  return link_run(session, &call, &reader, verdict);
}

/* Gives the message away; the verdict is what became of it. 0, or -1 with errno. */
static int hand_over(session_t *session, chain_verdict_t *verdict) {
  if (finish_envelope(session) < 0) return -1;
  return session->options.chain ? call_chain(session, verdict) : message_inject(session, verdict);
}

static void log_trouble(session_t const *session, int error) {
  log_line_t line;
  log_start(&line, PROGRAM, "chain-failed");
  log_str(&line, "id", session->transaction.id);
  if (session->options.chain) log_str(&line, "chain", session->options.chain[0]);
  log_errno(&line, error);
  log_send(&line);
}

static reply_t reply_of(chain_verdict_t const *verdict) {
  switch (verdict->kind) {
  case CHAIN_ACCEPT: return reply_from_verdict(verdict, REPLY_QUEUED);
  case CHAIN_REJECT: return reply_from_verdict(verdict, REPLY_CHAIN_REJECT);
  default: return reply_from_verdict(verdict, REPLY_CHAIN_DEFER);
  }
}

static void log_message(session_t const *session, reply_t const *reply, int64_t began) {
  transaction_t const *transaction = &session->transaction;
  log_line_t line;
  log_start(&line, PROGRAM, "message");
  log_str(&line, "id", transaction->id);
  log_str(&line, "from", transaction->sender.address);
  log_uint(&line, "recipients", transaction->recipients);
  log_uint(&line, "bytes", transaction->message.size);
  log_uint(&line, "verdict", reply->code);
  log_str(&line, "text", reply->text);
  log_uint(&line, "ms", (uint64_t)(clock_milliseconds() - began));
  log_send(&line);
}

reply_t message_refuse(session_t *session, reply_t reply) {
  if (!session->options.lmtp) return reply;
  for (size_t i = 0; i < session->transaction.recipients; i++) session_reply(session, &reply);
  return (reply_t){0};
}

/* RFC 2033 4.2: after DATA a reply for each recipient, in the order of the RCPTs. */
static reply_t reply_to_each(session_t *session, chain_verdict_t const *common) {
  /* Who was refused may not be told of an acceptance: better that someone gets it twice. */
  static chain_verdict_t const unknown = {.kind = CHAIN_DEFER};
  if (session->results_lost) common = &unknown;
  for (size_t i = 0; i < session->transaction.recipients; i++) {
    reply_t const reply = reply_of(result_of(session, i, common));
    session_reply(session, &reply);
  }
  return (reply_t){0};
}

/* Why the message is not accepted before anyone has judged it: REPLY_NONE if that was done, in
 *verdict. */
static reply_name_t judge(session_t *session, chain_verdict_t *verdict) {
  if (session->transaction.message.failure) return session->transaction.message.failure;
  if (hand_over(session, verdict) == 0) return REPLY_NONE;
  log_trouble(session, errno);
  return REPLY_CHAIN_DEFER;
}

reply_t message_submit(session_t *session) {
  static chain_verdict_t verdict; /* the reply's text is in it */
  int64_t began = clock_milliseconds();
  reply_name_t failure = judge(session, &verdict);
  reply_t const reply = failure ? reply_get(failure, NULL) : reply_of(&verdict);
  log_message(session, &reply, began);
  if (failure) return message_refuse(session, reply);
  if (verdict.kind == CHAIN_ACCEPT) session->messages++;
  return session->options.lmtp ? reply_to_each(session, &verdict) : reply;
}
