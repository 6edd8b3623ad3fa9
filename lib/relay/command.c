#include <stdio.h>
#include <string.h>

#include <skalibs/types.h>

#include "internal.h"
#include "smtp/smtp.h"

size_t relay_room(relay_t const *relay) {
  return sizeof relay->out - relay->out_end;
}

static void put(relay_t *relay, char const *s) {
  size_t const len = strnlen(s, relay_room(relay));
  memcpy(relay->out + relay->out_end, s, len);
  relay->out_end += len;
}

/* Everything behind start is a command. */
static void end_line(relay_t *relay, size_t start) {
  if (relay->settings.trace && relay->phase != PHASE_LOGIN)
    relay->settings.trace(false, relay->out + start, relay->out_end - start);
  put(relay, "\r\n");
}

void relay_say(relay_t *relay, char const *const *words) {
  size_t const start = relay->out_end;
  for (; *words; words++) put(relay, *words);
  end_line(relay, start);
}

int relay_path(char *out, size_t size, char const *address) {
  char text[SMTP_ADDRESS_MAX + 3];
  smtp_path_t path;
  size_t taken;
  int const n = snprintf(text, sizeof text, "<%s>", address);
  if (n < 0 || (size_t)n >= sizeof text) return -1;
  smtp_path_status_t const status = smtp_path_parse(
      &path, text, (size_t)n, SMTP_PATH_NULL | SMTP_PATH_POSTMASTER | SMTP_PATH_UTF8_OK, &taken);
  if (status != SMTP_PATH_OK || taken != (size_t)n) return -1;
  return (size_t)snprintf(out, size, "<%s>", path.address) < size ? 0 : -1;
}

/* Parameters are xtext or keywords: anything else would be a word of its own, or a line. */
static bool is_word(char const *s) {
  size_t const len = strlen(s);
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f) return false;
  return len && len <= SMTP_ORCPT_MAX;
}

static void put_parameter(relay_t *relay, char const *name, char const *value) {
  if (!value || !is_word(value)) return;
  put(relay, name);
  put(relay, value);
}

static void put_size(relay_t *relay, uint64_t size) {
  char number[UINT64_FMT];
  number[uint64_fmt(number, size)] = 0;
  put_parameter(relay, " SIZE=", number);
}

static void put_by(relay_t *relay, smtp_by_t const *by) {
  char value[SMTP_BY_SIZE];
  smtp_by_format(value, by);
  put_parameter(relay, " BY=", value);
}

void relay_say_mail(relay_t *relay) {
  relay_transaction_t const *const transaction = relay->transaction;
  relay_course_t const *const course = &relay->course;
  bool const *const has = relay->offers.has;
  bool const eight_bit = course->content.eight_bit_body || course->content.eight_bit_header;
  size_t const start = relay->out_end;
  char path[SMTP_ADDRESS_MAX + 3];
  if (relay_path(path, sizeof path, transaction->sender) < 0) path[0] = 0;
  put(relay, "MAIL FROM:");
  put(relay, path);
  if (has[RELAY_SIZE]) put_size(relay, course->size);
  if (has[RELAY_8BITMIME] && eight_bit) put(relay, " BODY=8BITMIME");
  if (course->utf8) put(relay, " SMTPUTF8");
  if (has[RELAY_DSN]) {
    put_parameter(relay, " RET=", transaction->ret);
    put_parameter(relay, " ENVID=", transaction->envid);
  }
  if (has[RELAY_MT_PRIORITY]) put_parameter(relay, " MT-PRIORITY=", transaction->priority);
  if (has[RELAY_DELIVERBY] && transaction->by) put_by(relay, transaction->by);
  if (relay->settings.login) put_parameter(relay, " AUTH=", transaction->auth);
  end_line(relay, start);
}

void relay_say_rcpt(relay_t *relay, relay_recipient_t const *recipient) {
  size_t const start = relay->out_end;
  char path[SMTP_ADDRESS_MAX + 3];
  if (relay_path(path, sizeof path, recipient->address) < 0) path[0] = 0;
  put(relay, "RCPT TO:");
  put(relay, path);
  if (relay->offers.has[RELAY_DSN]) {
    put_parameter(relay, " NOTIFY=", recipient->notify);
    put_parameter(relay, " ORCPT=", recipient->orcpt);
  }
  end_line(relay, start);
}
