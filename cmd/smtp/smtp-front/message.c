#include <errno.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/types.h>

#include "queue/queue.h"
#include "session.h"

#define WRITE_BLOCK 65536 /* bytes that are gathered before they are written */
#define LARGE       16384 /* bytes of a message after which the input's memory is given back */
#define READ_ROOM   32768 /* bytes of the input that a read should find free */

static char trace[SMTP_TRACE_MAX];

/* ---- failures: the first one stays; the rest of the message is then only framed ---- */

static void fail(message_t *message, reply_name_t name) {
  if (message->failure) return;
  message->failure = name;
  if (message->fd >= 0) close(message->fd);
  message->fd = -1;
}

static void fail_storage(session_t *session, int error, char const *step) {
  log_line_t line;
  log_start(&line, PROGRAM, "storage");
  log_str(&line, "id", session->transaction.id);
  log_str(&line, "step", step);
  log_errno(&line, error);
  log_send(&line);
  bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  fail(&session->transaction.message, full ? REPLY_DISK_FULL : REPLY_STORAGE);
}

/* ---- the file ---- */

static size_t format_trace(session_t const *session) {
  transaction_t const *transaction = &session->transaction;
  bool tls = session->tls == TLS_ACTIVE;
  bool hidden = session->options.hide_client && *session->auth_user;
  smtp_trace_t const fields = {
      .helo = hidden ? NULL : unless_empty(session->helo),
      .remote_host = hidden ? NULL : unless_empty(environment_ucspi(session, "REMOTEHOST")),
      .remote_ip = hidden ? NULL : unless_empty(environment_ucspi(session, "REMOTEIP")),
      .auth_user = unless_empty(session->auth_user),
      .me = session->conf.text[CONF_ME],
      .protocol = environment_protocol(session),
      .tls_version = tls ? environment_get(session, "SSL_PROTOCOL") : NULL,
      .tls_cipher = tls ? environment_get(session, "SSL_CIPHER") : NULL,
      .id = transaction->id,
      .recipient = transaction->recipients == 1 ? transaction->recipient : NULL,
      .seconds = (uint64_t)time(NULL),
  };
  return smtp_trace_format(trace, &fields);
}

/* Opens the file and has the Received field ready. */
static void begin_message(session_t *session) {
  message_t *message = &session->transaction.message;
  session->transaction.limit = session_size_limit(session); /* a hook may have set DATABYTES */
  message->fd = queue_spool_open(conf_queue());
  if (message->fd < 0) fail_storage(session, errno, "open");
  message->trace_len = format_trace(session);
  smtp_header_scan_init(&message->header);
}

/* Writes at the file's end, the Received field first. 0, or -1 with errno. */
static int write_all(message_t *message, char const *s, size_t len) {
  struct iovec parts[2] = {{trace, message->trace_len}, {(char *)s, len}};
  for (size_t left = message->trace_len + len; left;) {
    ssize_t n = pwritev(message->fd, parts, 2, (off_t)message->written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    left -= (size_t)n;
    message->written += (uint64_t)n;
    for (size_t i = 0, gone = (size_t)n; i < 2; i++) {
      size_t part = gone < parts[i].iov_len ? gone : parts[i].iov_len;
      parts[i].iov_base = (char *)parts[i].iov_base + part;
      parts[i].iov_len -= part;
      gone -= part;
    }
  }
  message->trace_len = 0;
  return 0;
}

/* Writes what is kept in the input up to end. */
static void write_kept(session_t *session, size_t end) {
  message_t *message = &session->transaction.message;
  if (message->failure) return;
  if (write_all(message, session->wire.input + message->kept, end - message->kept) < 0)
    fail_storage(session, errno, "write");
}

/* ---- taking bytes off the wire ----

   The message is unstuffed in place: what goes into the file lies in the input from kept on, what
   is still raw begins at wire.start. When all was taken the two meet, and the next read goes right
   behind, so that nothing is moved. */

static void look_at(session_t *session, char const *s, size_t len) {
  transaction_t *transaction = &session->transaction;
  message_t *message = &transaction->message;
  message->size += len;
  if (transaction->limit && message->size > transaction->limit) fail(message, REPLY_TOO_BIG);
  if (message->body.bare) fail(message, REPLY_BARE);
  if (message->header.done) return;
  smtp_header_scan_feed(&message->header, s, len);
  if (message->header.received > session->conf.number[CONF_HOPS]) fail(message, REPLY_LOOP);
}

/* Takes len raw bytes, or those up to the message's end. Returns how many. */
static size_t take_bytes(session_t *session, size_t len) {
  wire_t *wire = &session->wire;
  size_t out, at = wire->start;
  size_t taken = smtp_body_feed(&session->transaction.message.body, wire->input + at, len, &out);
  look_at(session, wire->input + at, out);
  if (at + taken == wire->end) {
    wire->start = wire->end = at + out;
    return taken;
  }
  write_kept(session, at + out); /* commands follow: their bytes stay where they are */
  wire->start = at + taken;
  session->transaction.message.kept = wire->start;
  return taken;
}

/* Writes what is kept and begins again at the front of the input. All raw bytes must be taken. */
static void rewind_input(session_t *session) {
  wire_t *wire = &session->wire;
  write_kept(session, wire->start);
  wire->start = wire->end = session->transaction.message.kept = 0;
}

/* Reads more behind what is kept. */
static wire_status_t read_more(session_t *session) {
  wire_t *wire = &session->wire;
  size_t kept = wire->start - session->transaction.message.kept, got = 0;
  if (kept >= WRITE_BLOCK || WIRE_INPUT_SIZE - wire->end < READ_ROOM) rewind_input(session);
  unsigned int seconds = (unsigned int)session->conf.number[CONF_TIMEOUT_DATA];
  wire_status_t status =
      wire_read(wire, seconds, wire->input + wire->end, WIRE_INPUT_SIZE - wire->end, &got);
  wire->end += got;
  return status;
}

/* Takes everything up to CRLF.CRLF. */
static wire_status_t take_data(session_t *session) {
  wire_t *wire = &session->wire;
  message_t *message = &session->transaction.message;
  message->kept = wire->start;
  for (;;) {
    if (wire->end > wire->start) take_bytes(session, wire->end - wire->start);
    if (message->body.ended) break;
    wire_status_t status = read_more(session);
    if (status) return status;
  }
  if (message->kept < wire->start) rewind_input(session);
  return WIRE_OK;
}

/* Takes a chunk of so many octets; what the message needs of it is in the file then. */
static wire_status_t take_chunk(session_t *session, uint64_t left) {
  wire_t *wire = &session->wire;
  session->transaction.message.kept = wire->start;
  while (left) {
    size_t ready = wire->end - wire->start;
    if (ready) left -= take_bytes(session, ready < left ? ready : (size_t)left);
    wire_status_t status = left ? read_more(session) : WIRE_OK;
    if (status) return status;
  }
  if (wire->start == wire->end) rewind_input(session);
  return WIRE_OK;
}

/* A client that goes away in the middle leaves nothing behind. */
static reply_t break_off(session_t *session, wire_status_t status) {
  log_line_t line;
  log_start(&line, PROGRAM, "message");
  if (session->transaction.begun) log_str(&line, "id", session->transaction.id);
  log_str(&line, "verdict", "none");
  log_str(&line, "reason", "interrupted");
  log_uint(&line, "bytes", session->transaction.message.size);
  log_send(&line);
  session_break(session, status);
  return (reply_t){0};
}

/* ---- DATA ---- */

reply_name_t check_data(session_t *session, argument_t argument) {
  transaction_t const *transaction = &session->transaction;
  if (argument.len) return REPLY_ARGUMENT_UNWANTED;
  if (!transaction->begun) return REPLY_MAIL_FIRST;
  if (transaction->chunked) return REPLY_CHUNKS_ONLY;
  return transaction->recipients ? REPLY_NONE : REPLY_RCPT_FIRST;
}

static reply_t end_message(session_t *session) {
  message_t *message = &session->transaction.message;
  if (!message->failure && message->trace_len) write_kept(session, message->kept);
  reply_t reply = message_submit(session);
  if (message->size > LARGE) wire_relax(&session->wire);
  transaction_reset(session);
  return reply;
}

reply_t proceed_data(session_t *session, argument_t argument) {
  (void)argument;
  message_t *message = &session->transaction.message;
  reply_t refusal;
  if (hook_run(session, HOOK_DATA, NULL, &refusal) == HOOK_REFUSED) return refusal;
  begin_message(session);
  if (message->failure) {
    refusal = reply_get(message->failure, NULL);
    transaction_reset(session);
    return refusal;
  }
  smtp_body_data(&message->body);
  reply_t const go_on = reply_get(REPLY_DATA, NULL);
  session_reply(session, &go_on);
  wire_status_t status = take_data(session);
  return status ? break_off(session, status) : end_message(session);
}

/* ---- BDAT ---- */

reply_name_t check_bdat(session_t *session, argument_t argument) {
  (void)argument;
  transaction_t const *transaction = &session->transaction;
  if (!extension_offered(session, EXTENSION_CHUNKING)) return REPLY_NOT_IMPLEMENTED;
  if (!transaction->begun) return REPLY_MAIL_FIRST;
  if (!transaction->recipients) return REPLY_RCPT_FIRST;
  return transaction->message.failure ? REPLY_CHUNK_FAILED : REPLY_NONE;
}

/* The last chunk ends the transaction, refused or not. */
static reply_t refuse_message(session_t *session, reply_t reply) {
  if (session->transaction.recipients) reply = message_refuse(session, reply);
  transaction_reset(session);
  return reply;
}

/* Takes so many octets off the wire, for nobody. */
static wire_status_t skip_chunk(session_t *session, uint64_t left) {
  wire_t *wire = &session->wire;
  unsigned int seconds = (unsigned int)session->conf.number[CONF_TIMEOUT_DATA];
  while (left > wire->end - wire->start) {
    left -= wire->end - wire->start;
    wire->start = wire->end = 0;
    wire_status_t status = wire_read(wire, seconds, wire->input, WIRE_INPUT_SIZE, &wire->end);
    if (status) return status;
  }
  wire->start += (size_t)left;
  return WIRE_OK;
}

/* What a chunk holds must never be taken for commands. Where its size is not known there is no way
   on. */
reply_t refuse_bdat(session_t *session, argument_t argument, reply_name_t objection) {
  uint64_t size;
  bool last;
  if (smtp_bdat_parse(&size, &last, argument.s, argument.len) < 0)
    return reply_get(REPLY_BAD_CHUNK, NULL);
  wire_status_t status = skip_chunk(session, size);
  if (status) return break_off(session, status);
  reply_t const reply = reply_get(objection, NULL);
  return last ? refuse_message(session, reply) : reply;
}

/* The first chunk begins the message; the data hook is asked then. */
static reply_t begin_chunks(session_t *session) {
  transaction_t *transaction = &session->transaction;
  reply_t refusal = {0};
  if (transaction->chunked) return refusal;
  transaction->chunked = true;
  smtp_body_chunks(&transaction->message.body);
  if (hook_run(session, HOOK_DATA, NULL, &refusal) == HOOK_REFUSED)
    fail(&transaction->message, REPLY_CHUNK_FAILED);
  else
    begin_message(session);
  return refusal;
}

static reply_t chunk_taken(uint64_t size) {
  char octets[UINT64_FMT];
  octets[uint64_fmt(octets, size)] = 0;
  return reply_get(REPLY_CHUNK_OK, octets);
}

reply_t proceed_bdat(session_t *session, argument_t argument) {
  message_t *message = &session->transaction.message;
  uint64_t size;
  bool last;
  if (smtp_bdat_parse(&size, &last, argument.s, argument.len) < 0)
    return reply_get(REPLY_BAD_CHUNK, NULL);
  reply_t refusal = begin_chunks(session);
  wire_status_t status = take_chunk(session, size);
  if (status) return break_off(session, status);
  if (last) smtp_body_finish(&message->body);
  if (message->body.bare) fail(message, REPLY_BARE);
  if (refusal.code) return last ? refuse_message(session, refusal) : refusal;
  if (last) return end_message(session);
  return message->failure ? reply_get(message->failure, NULL) : chunk_taken(size);
}
