#include <string.h>

#include <skalibs/types.h>

#include "queue/queue.h"

#define TARGET_DIGITS 16

/* FNV-1a, 64 bits. */
static uint64_t hash_string(uint64_t hash, char const *s) {
  do {
    hash = (hash ^ (unsigned char)*s) * UINT64_C(1099511628211);
  } while (*s++);
  return hash;
}

uint64_t queue_target(char const *channel, char const *argument, char const *address) {
  uint64_t hash = hash_string(UINT64_C(14695981039346656037), channel);
  hash = hash_string(hash_string(hash, argument), address);
  return hash == QUEUE_TARGET_ALL ? 1 : hash;
}

static size_t put_target(char *out, uint64_t target) {
  if (target == QUEUE_TARGET_ALL) return *out = '-', 1;
  return uint640_xfmt(out, target, TARGET_DIGITS);
}

static size_t put_text(char *out, char const *text, size_t max) {
  size_t len = strnlen(text, max);
  for (size_t i = 0; i < len; i++) {
    out[i] = text[i];
    if ((text[i] >= 0 && text[i] < ' ') || text[i] == 0x7f) out[i] = ' ';
  }
  return len;
}

size_t queue_record_format(char *out, queue_record_t const *record) {
  size_t len = uint64_fmt(out, record->time);
  out[len++] = ' ';
  out[len++] = (char)record->what;
  out[len++] = ' ';
  len += uint64_fmt(out + len, record->recipient);
  out[len++] = ' ';
  len += put_target(out + len, record->target);
  out[len++] = ' ';
  len += uint64_fmt(out + len, record->next);
  out[len++] = ' ';
  len += put_text(out + len, record->text, QUEUE_RECORD_MAX - 1 - len);
  out[len++] = '\n';
  return len;
}

/* Takes a number and the blank behind it; NULL if they are not there. */
static char *take_number(char *s, uint64_t *number) {
  size_t len = uint64_scan(s, number);
  return len && s[len] == ' ' ? s + len + 1 : NULL;
}

static char *take_target(char *s, uint64_t *target) {
  if (s[0] == '-' && s[1] == ' ') return *target = QUEUE_TARGET_ALL, s + 2;
  return uint64_xscan(s, target) == TARGET_DIGITS && s[TARGET_DIGITS] == ' ' ? s + TARGET_DIGITS + 1
                                                                             : NULL;
}

bool queue_is_settled(queue_what_t what) {
  return what == QUEUE_DELIVERED || what == QUEUE_DELIVERY_TOLD || what == QUEUE_FAILURE_TOLD;
}

/* The letters of queue_what_t. */
static char const letters[] = {
    QUEUE_DELIVERED,     QUEUE_DEFERRED,     QUEUE_FAILED,     QUEUE_EXPIRED,
    QUEUE_DELIVERY_TOLD, QUEUE_FAILURE_TOLD, QUEUE_DELAY_TOLD, QUEUE_ATTEMPTED,
    QUEUE_HELD,          QUEUE_RELEASED,     QUEUE_DROPPED,    QUEUE_BOUNCED,
};

int queue_record_parse(queue_record_t *record, char *line, size_t len) {
  uint64_t recipient;
  line[len] = 0;
  if (strlen(line) != len) return -1;
  char *s = take_number(line, &record->time);
  if (!s || !memchr(letters, *s, sizeof letters) || s[1] != ' ') return -1;
  record->what = (queue_what_t)*s;
  s = take_number(s + 2, &recipient);
  if (!s || recipient >= QUEUE_RECIPIENTS_MAX) return -1;
  record->recipient = (size_t)recipient;
  if (!(s = take_target(s, &record->target))) return -1;
  if (!(s = take_number(s, &record->next))) return -1;
  record->text = s;
  return 0;
}
