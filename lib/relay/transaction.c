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

void relay_note_refused(relay_t *relay, relay_recipient_t const *recipient) {
  if (!relay->transaction->refused) relay->transaction->refused = recipient;
}

void relay_transact(relay_t *relay, relay_transaction_t *transaction, uint64_t now) {
  if (relay->state != RELAY_READY) return;
  relay->now = now;
  relay->transaction = transaction;
  transaction->refused = NULL;
  memset(&relay->course, 0, sizeof relay->course);
  if (!relay_prepare(relay)) {
    relay->transaction = NULL;
    return;
  }
  relay_rewind(relay);
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
  relay_note_refused(relay, recipient);
  decide(recipient, verdict);
}

static void data_answer(relay_t *relay, chain_verdict_t const *verdict) {
  if (relay_reply_class(relay) == 3) return;
  relay->course.data_refused = true;
  relay_settle(relay->transaction, verdict);
}

/* True if no server can mean it: 3xx is for DATA alone, and DATA is no success. */
static bool is_nonsense(relay_t const *relay, size_t command) {
  unsigned int const class = relay_reply_class(relay);
  return command == data_command(relay) ? class == 2 : class == 3;
}

void relay_envelope_answer(relay_t *relay) {
  relay_course_t *const course = &relay->course;
  size_t const command = course->answered;
  chain_verdict_t verdict;
  relay_reply_verdict(&relay->reply, &verdict);
  if (command == course->sent || is_nonsense(relay, command) ||
      (command == COMMAND_RSET && verdict.kind != CHAIN_ACCEPT)) {
    relay_nonsense(relay);
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
  ssize_t const n = relay_read(relay, piece, sizeof piece);
  if (n < 0) relay_fail(relay, "4.3.0", "the message cannot be read", strerror(errno));
  if (n > 0) put_piece(relay, piece, (size_t)n);
  return n > 0;
}

static bool put_encoded(relay_t *relay) {
  char piece[RELAY_READ_CODED], coded[RELAY_ENCODE_MAX(RELAY_READ_CODED)];
  ssize_t const n = relay_read(relay, piece, sizeof piece);
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
  if (relay_reply_class(relay) == 3) {
    relay_nonsense(relay);
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
