/* Before a transaction begins: what the message needs, and whether the server has it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* ---- recipients that the server need not hear of ---- */

static void skip(relay_recipient_t *recipient, chain_kind_t kind, char const *enhanced,
                 char const *text) {
  recipient->verdict = (chain_verdict_t){.kind = kind};
  stpcpy(recipient->verdict.enhanced, enhanced);
  snprintf(recipient->verdict.text, sizeof recipient->verdict.text, "%s", text);
  recipient->progress = RELAY_SKIPPED;
}

static void skip_all(relay_transaction_t *transaction, chain_kind_t kind, char const *enhanced,
                     char const *text) {
  for (size_t i = 0; i < transaction->count; i++)
    skip(&transaction->recipients[i], kind, enhanced, text);
}

/* ---- the message ---- */

ssize_t relay_read(relay_t *relay, char *buffer, size_t size) {
  relay_transaction_t const *const transaction = relay->transaction;
  relay_course_t *const course = &relay->course;
  size_t const rest = transaction->headers_len - course->headers_at;
  if (!rest) return queue_stream_read(&course->stream, buffer, size);
  if (size > rest) size = rest;
  memcpy(buffer, transaction->headers + course->headers_at, size);
  course->headers_at += size;
  return (ssize_t)size;
}

void relay_rewind(relay_t *relay) {
  relay->course.stream = relay->transaction->message;
  relay->course.headers_at = 0;
}

static int look(relay_t *relay) {
  char buffer[RELAY_READ_SIZE];
  ssize_t n;
  relay_rewind(relay);
  while ((n = relay_read(relay, buffer, sizeof buffer)) > 0)
    relay_content_feed(&relay->course.content, buffer, (size_t)n);
  relay_content_end(&relay->course.content);
  relay->course.size = relay->course.content.wire_size;
  return n < 0 ? -1 : 0;
}

/* One pass of the encoder; what comes out is looked at, too. */
static int encode_all(relay_t *relay, relay_encode_pass_t pass, relay_content_t *content) {
  char buffer[RELAY_READ_CODED], out[RELAY_ENCODE_MAX(RELAY_READ_CODED)];
  ssize_t n;
  relay_rewind(relay);
  relay_encode_begin(&relay->encode, pass);
  while ((n = relay_read(relay, buffer, sizeof buffer)) > 0)
    relay_content_feed(content, out, relay_encode_feed(&relay->encode, buffer, (size_t)n, out));
  relay_content_feed(content, out, relay_encode_end(&relay->encode, out));
  relay_content_end(content);
  return n < 0 ? -1 : 0;
}

static int measure_encoded(relay_t *relay) {
  relay_content_t nothing = {.wire_size = 0}, encoded = {.wire_size = 0};
  memset(&relay->encode, 0, sizeof relay->encode);
  relay->encode.allow_eight_bit = relay->offers.has[RELAY_8BITMIME];
  if (encode_all(relay, RELAY_ENCODE_LOOK, &nothing) < 0) return -1;
  if (encode_all(relay, RELAY_ENCODE_WRITE, &encoded) < 0) return -1;
  relay->course.size = encoded.wire_size;
  relay->course.content.eight_bit_body = encoded.eight_bit_body;
  return 0;
}

static bool must_encode(relay_t const *relay) {
  relay_content_t const *const content = &relay->course.content;
  return (content->long_lines && !relay->transaction->any_length) || content->strange ||
         (content->eight_bit_body && !relay->offers.has[RELAY_8BITMIME]);
}

static bool is_ascii(char const *s) {
  for (; *s; s++)
    if ((unsigned char)*s & 0x80) return false;
  return true;
}

static bool sender_is_good(relay_transaction_t *transaction) {
  char path[512];
  if (relay_path(path, sizeof path, transaction->sender) == 0) return true;
  skip_all(transaction, CHAIN_REJECT, "5.1.7", "this sender cannot be said in SMTP");
  return false;
}

static void check_recipients(relay_t *relay) {
  static char const no_utf8[] = "the server does not take addresses in UTF-8 (SMTPUTF8)";
  bool const takes_utf8 = relay->offers.has[RELAY_SMTPUTF8];
  char path[512];
  for (size_t i = 0; i < relay->transaction->count; i++) {
    relay_recipient_t *const recipient = &relay->transaction->recipients[i];
    bool const utf8 = !is_ascii(recipient->address);
    if (!*recipient->address || relay_path(path, sizeof path, recipient->address) < 0)
      skip(recipient, CHAIN_REJECT, "5.1.3", "this address cannot be said in SMTP");
    else if (utf8 && !takes_utf8)
      skip(recipient, CHAIN_REJECT, "5.6.7", no_utf8);
    else if (utf8)
      relay->course.utf8 = true;
    if (recipient->progress == RELAY_SKIPPED) relay_note_refused(relay, recipient);
  }
}

/* True if it may go on. */
static bool check_utf8(relay_t *relay) {
  relay_transaction_t *const transaction = relay->transaction;
  bool const needed = !is_ascii(transaction->sender) ||
                      (transaction->utf8 && relay->course.content.eight_bit_header);
  if (needed) relay->course.utf8 = true;
  if (!needed || relay->offers.has[RELAY_SMTPUTF8]) return true;
  skip_all(transaction, CHAIN_REJECT, "5.6.7",
           "the message needs SMTPUTF8, and the server has not got it");
  return false;
}

static bool check_size(relay_t *relay) {
  uint64_t const max = relay->offers.has[RELAY_SIZE] ? relay->offers.size : 0;
  if (!max || relay->course.size <= max) return true;
  char text[160];
  snprintf(text, sizeof text, "the message has %llu bytes, and the server takes %llu",
           (unsigned long long)relay->course.size, (unsigned long long)max);
  skip_all(relay->transaction, CHAIN_REJECT, "5.3.4", text);
  return false;
}

/* What must be back in time goes only to those who see to that (RFC 2852 4.1). An LMTP server
   delivers while we wait. */
static bool check_by(relay_t *relay) {
  smtp_by_t const *const by = relay->transaction->by;
  if (!by || !by->returns || relay->settings.protocol == RELAY_LMTP) return true;
  if (by->seconds <= 0)
    skip_all(relay->transaction, CHAIN_REJECT, "5.4.7", "the time for its delivery (BY) is over");
  else if (!relay->offers.has[RELAY_DELIVERBY])
    skip_all(relay->transaction, CHAIN_REJECT, "5.3.3",
             "the message is to be returned when it is late, and the server has not got DELIVERBY");
  else if ((uint64_t)by->seconds < relay->offers.by_min)
    skip_all(relay->transaction, CHAIN_REJECT, "5.4.7",
             "the server cannot deliver in the time that is left (BY)");
  else
    return true;
  return false;
}

static bool read_through(relay_t *relay) {
  if (look(relay) == 0) {
    relay->course.coded = must_encode(relay);
    if (!relay->course.coded || measure_encoded(relay) == 0) return true;
  }
  char text[128];
  snprintf(text, sizeof text, "the message cannot be read: %s", strerror(errno));
  skip_all(relay->transaction, CHAIN_DEFER, "4.3.0", text);
  return false;
}

bool relay_prepare(relay_t *relay) {
  for (size_t i = 0; i < relay->transaction->count; i++)
    relay->transaction->recipients[i].progress = RELAY_WAITING;
  if (!sender_is_good(relay->transaction) || !check_by(relay)) return false;
  if (!read_through(relay)) return false;
  if (!check_utf8(relay) || !check_size(relay)) return false;
  check_recipients(relay);
  for (size_t i = 0; i < relay->transaction->count; i++)
    if (relay->transaction->recipients[i].progress == RELAY_WAITING) return true;
  return false;
}
