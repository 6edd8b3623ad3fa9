#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* The commands of a course. */
enum { COMMAND_RSET, COMMAND_MAIL, COMMAND_RCPT };

static size_t data_command(relay_t const *relay) {
  return COMMAND_RCPT + relay->transaction->count;
}

static bool uses_chunks(relay_t const *relay) {
  return relay->offers.has[RELAY_CHUNKING];
}

/* ---- verdicts ---- */

static void decide(relay_recipient_t *recipient, chain_verdict_t const *verdict) {
  recipient->verdict = *verdict;
  if (recipient->progress != RELAY_SKIPPED) recipient->progress = RELAY_DECIDED;
}

void relay_settle(relay_transaction_t *transaction, chain_verdict_t const *verdict) {
  chain_verdict_t late = *verdict;
  if (late.kind == CHAIN_ACCEPT) late.kind = CHAIN_DEFER;
  for (size_t i = 0; i < transaction->count; i++)
    if (transaction->recipients[i].progress < RELAY_SKIPPED)
      decide(&transaction->recipients[i], &late);
}

static void note_refused(relay_t *relay, relay_recipient_t const *recipient) {
  if (!relay->transaction->refused) relay->transaction->refused = recipient;
}

/* A recipient that the server need not hear of. */
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

/* ---- before it begins: what the message needs ---- */

/* The next bytes of headers and message. */
static ssize_t read_message(relay_t *relay, char *buffer, size_t size) {
  relay_transaction_t const *const transaction = relay->transaction;
  relay_course_t *const course = &relay->course;
  size_t const rest = transaction->headers_len - course->headers_at;
  if (!rest) return queue_stream_read(&course->stream, buffer, size);
  if (size > rest) size = rest;
  memcpy(buffer, transaction->headers + course->headers_at, size);
  course->headers_at += size;
  return (ssize_t)size;
}

static void rewind_message(relay_t *relay) {
  relay->course.stream = relay->transaction->message;
  relay->course.headers_at = 0;
}

static int look(relay_t *relay) {
  char buffer[RELAY_READ_SIZE];
  ssize_t n;
  rewind_message(relay);
  while ((n = read_message(relay, buffer, sizeof buffer)) > 0)
    relay_content_feed(&relay->course.content, buffer, (size_t)n);
  relay_content_end(&relay->course.content);
  relay->course.size = relay->course.content.wire_size;
  return n < 0 ? -1 : 0;
}

/* One pass of the encoder; what comes out is looked at, too. */
static int encode_all(relay_t *relay, relay_encode_pass_t pass, relay_content_t *content) {
  char buffer[RELAY_READ_CODED], out[RELAY_ENCODE_MAX(RELAY_READ_CODED)];
  ssize_t n;
  rewind_message(relay);
  relay_encode_begin(&relay->encode, pass);
  while ((n = read_message(relay, buffer, sizeof buffer)) > 0)
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
    if (recipient->progress == RELAY_SKIPPED) note_refused(relay, recipient);
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

/* False: there is nothing to be said to the server, all recipients have their verdict. */
static bool prepare(relay_t *relay) {
  for (size_t i = 0; i < relay->transaction->count; i++)
    relay->transaction->recipients[i].progress = RELAY_WAITING;
  if (!sender_is_good(relay->transaction) || !read_through(relay)) return false;
  if (!check_utf8(relay) || !check_size(relay)) return false;
  check_recipients(relay);
  for (size_t i = 0; i < relay->transaction->count; i++)
    if (relay->transaction->recipients[i].progress == RELAY_WAITING) return true;
  return false;
}

void relay_transact(relay_t *relay, relay_transaction_t *transaction, uint64_t now) {
  if (relay->state != RELAY_READY) return;
  relay->now = now;
  relay->transaction = transaction;
  transaction->refused = NULL;
  memset(&relay->course, 0, sizeof relay->course);
  if (!prepare(relay)) {
    relay->transaction = NULL;
    return;
  }
  rewind_message(relay);
  relay->course.wire.dots = !uses_chunks(relay);
  size_t const first = relay->needs_reset ? COMMAND_RSET : COMMAND_MAIL;
  relay->course.sent = relay->course.answered = first;
  bool const in_row = !uses_chunks(relay) && !transaction->all_or_none;
  relay->course.end = data_command(relay) + in_row;
  relay->needs_reset = true;
  relay->state = RELAY_BUSY;
  relay_enter(relay, PHASE_ENVELOPE, RELAY_MAIL);
  relay_produce(relay);
}

static void finish(relay_t *relay) {
  relay->transaction = NULL;
  relay_ready(relay);
}

/* ---- the envelope ---- */

/* Moves a cursor over recipients that are not said. */
static void pass_skipped(relay_t const *relay, size_t *cursor) {
  while (*cursor >= COMMAND_RCPT && *cursor < data_command(relay) &&
         relay->transaction->recipients[*cursor - COMMAND_RCPT].progress == RELAY_SKIPPED)
    ++*cursor;
}

static void say_command(relay_t *relay, size_t command) {
  if (command == COMMAND_RSET)
    relay_say(relay, (char const *const[]){"RSET", NULL});
  else if (command == COMMAND_MAIL)
    relay_say_mail(relay);
  else if (command < data_command(relay))
    relay_say_rcpt(relay, &relay->transaction->recipients[command - COMMAND_RCPT]);
  else
    relay_say(relay, (char const *const[]){"DATA", NULL});
}

static void arm_for(relay_t *relay, size_t command) {
  if (command <= COMMAND_MAIL)
    relay_arm(relay, RELAY_MAIL);
  else
    relay_arm(relay, command < data_command(relay) ? RELAY_RCPT : RELAY_DATA);
}

/* Without PIPELINING each command waits for the answer before. */
static void say_commands(relay_t *relay) {
  relay_course_t *const course = &relay->course;
  for (;;) {
    pass_skipped(relay, &course->sent);
    pass_skipped(relay, &course->answered);
    if (course->sent >= course->end || relay_room(relay) < RELAY_COMMAND_MAX) return;
    if (course->sent > course->answered && !relay->offers.has[RELAY_PIPELINING]) return;
    if (course->sent == course->answered) arm_for(relay, course->sent);
    say_command(relay, course->sent++);
  }
}

static void begin_content(relay_t *relay) {
  if (relay->course.coded) relay_encode_begin(&relay->encode, RELAY_ENCODE_WRITE);
  relay_enter(relay, PHASE_CONTENT, RELAY_BLOCK);
}

static void say_chunk(relay_t *relay) {
  char command[64];
  snprintf(command, sizeof command, "BDAT %llu LAST", (unsigned long long)relay->course.size);
  relay_say(relay, (char const *const[]){command, NULL});
  begin_content(relay);
}

/* A server that wants data for nobody gets none (RFC 2920, 3.1); an LMTP server would not answer
   its end. */
static void say_nothing(relay_t *relay) {
  if (relay->settings.protocol == RELAY_LMTP) {
    relay_fail(relay, "4.5.0", "the server wants the message for no recipient", NULL);
    return;
  }
  relay_say(relay, (char const *const[]){".", NULL});
  relay_enter(relay, PHASE_FINAL, RELAY_FINAL);
}

/* One that was refused, if that means that nobody gets the message. */
static relay_recipient_t const *find_obstacle(relay_transaction_t const *transaction) {
  for (size_t i = 0; transaction->all_or_none && i < transaction->count; i++)
    if (transaction->recipients[i].progress >= RELAY_SKIPPED) return &transaction->recipients[i];
  return NULL;
}

/* Recipients were accepted, and DATA was not said yet. */
static void go_on(relay_t *relay) {
  relay_recipient_t const *const obstacle = find_obstacle(relay->transaction);
  if (obstacle) {
    relay_settle(relay->transaction, &obstacle->verdict);
    finish(relay);
  } else if (uses_chunks(relay)) {
    say_chunk(relay);
  } else {
    relay->course.end = data_command(relay) + 1;
    say_commands(relay);
  }
}

/* All commands were answered. */
static void envelope_done(relay_t *relay) {
  relay_course_t const *const course = &relay->course;
  bool const said_data = course->end > data_command(relay);
  bool const data_welcome = said_data && !course->data_refused;
  if (data_welcome && course->accepted)
    begin_content(relay);
  else if (data_welcome)
    say_nothing(relay);
  else if (!said_data && course->accepted)
    go_on(relay);
  else
    finish(relay);
}

static void mail_answer(relay_t *relay, chain_verdict_t const *verdict) {
  relay_course_t *const course = &relay->course;
  if (verdict->kind == CHAIN_ACCEPT) return;
  relay_settle(relay->transaction, verdict);
  course->end = course->sent;
}

/* 552 was once said for too many recipients (RFC 5321, 4.5.3.1.10). */
static void rcpt_answer(relay_t *relay, relay_recipient_t *recipient, chain_verdict_t *verdict) {
  if (recipient->progress == RELAY_DECIDED) return;
  if (verdict->kind == CHAIN_ACCEPT) {
    recipient->progress = RELAY_TAKEN;
    relay->course.accepted++;
    return;
  }
  if (verdict->code == 552 && (!*verdict->enhanced || !strcmp(verdict->enhanced, "5.5.3"))) {
    verdict->kind = CHAIN_DEFER;
    verdict->code = 452;
    stpcpy(verdict->enhanced, "4.5.3");
  }
  note_refused(relay, recipient);
  decide(recipient, verdict);
}

static void data_answer(relay_t *relay, chain_verdict_t const *verdict) {
  if (relay->reply.code / 100 == 3) return;
  relay->course.data_refused = true;
  relay_settle(relay->transaction, verdict);
}

/* True if no server can mean it: 3xx is for DATA alone, and DATA is no success. */
static bool is_nonsense(relay_t const *relay, size_t command) {
  unsigned int const class = relay->reply.code / 100;
  return command == data_command(relay) ? class == 2 : class == 3;
}

void relay_envelope_answer(relay_t *relay) {
  relay_course_t *const course = &relay->course;
  size_t const command = course->answered;
  chain_verdict_t verdict;
  relay_reply_verdict(&relay->reply, &verdict);
  if (command == course->sent || is_nonsense(relay, command) ||
      (command == COMMAND_RSET && verdict.kind != CHAIN_ACCEPT)) {
    relay_fail(relay, "4.5.0", "the server's answer makes no sense", relay->reply.text);
    return;
  }
  course->answered++;
  if (command == COMMAND_MAIL)
    mail_answer(relay, &verdict);
  else if (command >= COMMAND_RCPT && command < data_command(relay))
    rcpt_answer(relay, &relay->transaction->recipients[command - COMMAND_RCPT], &verdict);
  else if (command == data_command(relay))
    data_answer(relay, &verdict);
  pass_skipped(relay, &course->answered);
  pass_skipped(relay, &course->sent);
  arm_for(relay, course->answered);
  bool const last_of_all = command == data_command(relay);
  bool const nobody = course->answered == data_command(relay) && !course->accepted &&
                      course->sent == course->answered;
  if (nobody) course->end = course->sent;
  if (last_of_all || course->answered >= course->end) envelope_done(relay);
}

/* ---- the message ---- */

/* What a chunk was announced with it must have: more would be taken for commands. */
static void count_out(relay_t *relay, size_t len) {
  if (uses_chunks(relay) && len > relay->course.size - relay->course.said)
    relay_fail(relay, "4.3.0", "the message has grown", NULL);
  relay->course.said += len;
  relay->out_end += len;
}

static void put_piece(relay_t *relay, char const *piece, size_t len) {
  char *const out = relay->out + relay->out_end;
  count_out(relay, relay_wire_feed(&relay->course.wire, piece, len, out));
}

/* These two put the next piece of the message into out. False at its end. */
static bool put_plain(relay_t *relay) {
  char piece[RELAY_READ_SIZE];
  ssize_t const n = read_message(relay, piece, sizeof piece);
  if (n < 0) relay_fail(relay, "4.3.0", "the message cannot be read", strerror(errno));
  if (n > 0) put_piece(relay, piece, (size_t)n);
  return n > 0;
}

static bool put_encoded(relay_t *relay) {
  char piece[RELAY_READ_CODED], coded[RELAY_ENCODE_MAX(RELAY_READ_CODED)];
  ssize_t const n = read_message(relay, piece, sizeof piece);
  if (n < 0) relay_fail(relay, "4.3.0", "the message cannot be read", strerror(errno));
  if (n < 0) return false;
  size_t const len = n ? relay_encode_feed(&relay->encode, piece, (size_t)n, coded)
                       : relay_encode_end(&relay->encode, coded);
  put_piece(relay, coded, len);
  return n;
}

static void end_content(relay_t *relay) {
  count_out(relay, relay_wire_end(&relay->course.wire, relay->out + relay->out_end));
  if (uses_chunks(relay) && relay->course.said < relay->course.size)
    relay_fail(relay, "4.3.0", "the message has shrunk", NULL);
  if (relay->phase == PHASE_ENDED) return;
  if (!uses_chunks(relay)) relay_say(relay, (char const *const[]){".", NULL});
  relay_enter(relay, PHASE_FINAL, RELAY_FINAL);
}

/* When all before has gone out. A server that takes nothing more has its say until it closes. */
static void say_content(relay_t *relay) {
  if (!relay_is_drained(relay)) return;
  relay_arm(relay, RELAY_BLOCK);
  bool const more = relay->course.coded ? put_encoded(relay) : put_plain(relay);
  if (!more && relay->phase == PHASE_CONTENT) end_content(relay);
}

bool relay_produce(relay_t *relay) {
  if (relay->out_start == relay->out_end) relay->out_start = relay->out_end = 0;
  size_t const before = relay->out_end;
  if (relay->phase == PHASE_ENVELOPE) say_commands(relay);
  if (relay->phase == PHASE_CONTENT) say_content(relay);
  return relay->out_end != before;
}

/* ---- the answer to it ---- */

/* Before the end of the message there can only be a refusal; where the server stands in the message
   is then anybody's guess. */
void relay_content_answer(relay_t *relay) {
  chain_verdict_t verdict;
  relay_reply_verdict(&relay->reply, &verdict);
  if (verdict.kind == CHAIN_ACCEPT)
    relay_fail(relay, "4.5.0", "the server answers before the message's end", relay->reply.text);
  else
    relay_end(relay, &verdict);
}

static relay_recipient_t *next_taken(relay_t *relay) {
  relay_transaction_t *const transaction = relay->transaction;
  while (relay->course.next < transaction->count) {
    relay_recipient_t *const recipient = &transaction->recipients[relay->course.next++];
    if (recipient->progress == RELAY_TAKEN) return recipient;
  }
  return NULL;
}

/* LMTP answers for each recipient that it took, in their order (RFC 2033, 4.2). */
static void lmtp_answer(relay_t *relay, chain_verdict_t const *verdict) {
  relay_recipient_t *const recipient = next_taken(relay);
  if (recipient) decide(recipient, verdict);
  relay->course.accepted--;
  relay_arm(relay, RELAY_FINAL);
  if (relay->course.accepted) return;
  relay->needs_reset = false;
  finish(relay);
}

void relay_final_answer(relay_t *relay) {
  chain_verdict_t verdict;
  relay_reply_verdict(&relay->reply, &verdict);
  if (!relay_is_drained(relay)) {
    relay_content_answer(relay);
    return;
  }
  if (relay->reply.code / 100 == 3) {
    relay_fail(relay, "4.5.0", "the server's answer makes no sense", relay->reply.text);
    return;
  }
  if (relay->settings.protocol == RELAY_LMTP) {
    lmtp_answer(relay, &verdict);
    return;
  }
  for (relay_recipient_t *recipient; (recipient = next_taken(relay));) decide(recipient, &verdict);
  relay->needs_reset = false;
  finish(relay);
}
