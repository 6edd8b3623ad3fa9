#include <stdlib.h>
#include <string.h>

#include "mime/mime.h"
#include "submission.h"

static struct {
  char const *name;
  bool once; /* RFC 5322 3.6 */
  bool gone; /* left out */
} const known[FIELDS] = {
    [FIELD_DATE] = {"Date", true, false},
    [FIELD_FROM] = {"From", true, false},
    [FIELD_SENDER] = {"Sender", true, false},
    [FIELD_REPLY_TO] = {"Reply-To", true, false},
    [FIELD_TO] = {"To", true, false},
    [FIELD_CC] = {"Cc", true, false},
    [FIELD_BCC] = {"Bcc", true, true},
    [FIELD_MESSAGE_ID] = {"Message-ID", true, false},
    [FIELD_IN_REPLY_TO] = {"In-Reply-To", true, false},
    [FIELD_REFERENCES] = {"References", true, false},
    [FIELD_SUBJECT] = {"Subject", true, false},
    [FIELD_RESENT_FROM] = {"Resent-From", false, false},
    [FIELD_RESENT_SENDER] = {"Resent-Sender", false, false},
    [FIELD_RESENT_BCC] = {"Resent-Bcc", false, true},
    [FIELD_RETURN_PATH] = {"Return-Path", false, true},
    [FIELD_AUTHENTICATED] = {"X-Authenticated-User", false, false},
};

static field_name_t name_find(char const *message, mime_field_t const *field) {
  unsigned int name = 0;
  while (name < FIELDS && !mime_field_is(message, field, known[name].name)) name++;
  return (field_name_t)name;
}

/* Notes one field. Its name, or FIELDS if nobody asks for it. */
static field_name_t note(head_t *head, char const *message, mime_field_t const *field) {
  if (mime_field_width(message, field) > MIME_LINE_MAX) head->long_line = true;
  field_name_t const name = name_find(message, field);
  if (name == FIELDS) return name;
  field_t *found = &head->fields[name];
  if (!found->count++) {
    found->value = message + field->value_begin;
    found->len = field->value_end - field->value_begin;
  } else if (known[name].once) {
    head->too_often = true;
  }
  return name;
}

/* What other links have added. */
static void read_added(head_t *head, char const *lines) {
  size_t const len = strlen(lines);
  mime_field_t field;
  for (size_t at = 0; mime_field_next(lines, len, &at, &field) > 0;) note(head, lines, &field);
}

/* Ranges that other links have cut, and the first of them that ends behind what was asked last. */
typedef struct gaps {
  queue_range_t ranges[QUEUE_RANGES_MAX];
  size_t count, next;
} gaps_t;

static bool is_cut(gaps_t *gaps, size_t at) {
  while (gaps->next < gaps->count && gaps->ranges[gaps->next].end <= at) gaps->next++;
  return gaps->next < gaps->count && gaps->ranges[gaps->next].start <= at;
}

static int read_gaps(gaps_t *gaps, size_t len) {
  char const *list = getenv("CUT_RANGES");
  ssize_t const count = list ? queue_ranges_parse(gaps->ranges, QUEUE_RANGES_MAX, list, len) : 0;
  gaps->count = count < 0 ? 0 : (size_t)count;
  gaps->next = 0;
  return count < 0 ? -1 : 0;
}

static void read_message_field(head_t *head, char const *message, mime_field_t const *field,
                               field_name_t replaced) {
  field_name_t const name = note(head, message, field);
  if (name == FIELDS) return;
  field_t *first = &head->fields[name];
  if (first->count == 1) {
    first->begin = field->begin;
    first->end = field->end;
  }
  bool const gone = known[name].gone || name == replaced;
  if (gone && queue_cuts_add(&head->cuts, field->begin, field->end) < 0) head->too_many_cuts = true;
}

int head_read(head_t *head, char const *message, size_t len, field_name_t replaced) {
  static gaps_t gaps;
  char const *added = getenv("ADD_HEADERS");
  mime_field_t field;
  int found;
  if (read_gaps(&gaps, len) < 0) return -1;
  if (added) read_added(head, added);
  for (size_t at = 0; (found = mime_field_next(message, len, &at, &field)) > 0;)
    if (!is_cut(&gaps, field.begin)) read_message_field(head, message, &field, replaced);
  head->broken = found < 0;
  return 0;
}
