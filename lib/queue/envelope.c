#include <errno.h>
#include <string.h>
#include <strings.h>

#include "queue/format.h"

char const *queue_take(queue_cursor_t *cursor) {
  char const *s = cursor->at;
  char const *nul = memchr(s, 0, (size_t)(cursor->end - s));
  if (!nul) return NULL;
  cursor->at = nul + 1;
  return s;
}

char const *queue_take_record(queue_cursor_t *cursor, char letter) {
  if (cursor->at == cursor->end || *cursor->at != letter) return NULL;
  char const *s = queue_take(cursor);
  return s ? s + 1 : NULL;
}

/* Control bytes are in no address that SMTP can say (RFC 5321 4.1.2), and would end lines in logs
   and headers. */
static bool is_clean(char const *s) {
  for (; *s; s++)
    if ((unsigned char)*s < ' ' || *s == 0x7f) return false;
  return true;
}

static int check_address(char const *s) {
  if (strlen(s) > QUEUE_ADDRESS_MAX) return errno = ENAMETOOLONG, -1;
  return is_clean(s) ? 0 : (errno = EBADMSG, -1);
}

int queue_take_addresses(queue_cursor_t *cursor, queue_envelope_t *envelope) {
  envelope->sender = queue_take_record(cursor, 'F');
  if (!envelope->sender) return errno = EBADMSG, -1;
  if (check_address(envelope->sender) < 0) return -1;
  envelope->recipients = cursor->at;
  envelope->count = 0;
  for (char const *s; (s = queue_take_record(cursor, 'T')); envelope->count++) {
    if (!*s) return errno = EBADMSG, -1;
    if (check_address(s) < 0) return -1;
    if (envelope->count == QUEUE_RECIPIENTS_MAX) return errno = EMSGSIZE, -1;
  }
  envelope->recipients_len = (size_t)(cursor->at - envelope->recipients);
  return envelope->count ? 0 : (errno = EBADMSG, -1);
}

/* NAME=value, NAME an esmtp-keyword (RFC 5321 4.1.2). */
static bool is_parameter(char const *s) {
  size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");
  return n && *s != '-' && s[n] == '=' && is_clean(s + n);
}

int queue_take_parameters(queue_cursor_t *cursor, queue_envelope_t *envelope) {
  envelope->parameters = cursor->at;
  for (char const *s; (s = queue_take_record(cursor, 'P'));) {
    if (check_address(s) < 0) return -1;
    while ((s = queue_take(cursor)) && *s)
      if (!is_parameter(s)) return errno = EBADMSG, -1;
    if (!s) return errno = EBADMSG, -1;
  }
  envelope->parameters_len = (size_t)(cursor->at - envelope->parameters);
  return 0;
}

int queue_envelope_parse(queue_envelope_t *envelope, char const *bytes, size_t len) {
  if (len > QUEUE_ENVELOPE_MAX) return errno = EMSGSIZE, -1;
  queue_cursor_t cursor = {bytes, bytes + len};
  if (queue_take_addresses(&cursor, envelope) < 0) return -1;
  char const *end = queue_take(&cursor);
  if (!end || *end) return errno = EBADMSG, -1;
  if (queue_take_parameters(&cursor, envelope) < 0) return -1;
  return cursor.at == cursor.end ? 0 : (errno = EBADMSG, -1);
}

char const *queue_envelope_next(queue_envelope_t const *envelope, size_t *position) {
  if (*position >= envelope->recipients_len) return NULL;
  char const *address = envelope->recipients + *position + 1;
  *position += strlen(address) + 2;
  return address;
}

/* A position that is neither 0 nor the end is inside a block of this recipient's. */
char const *queue_envelope_parameter(queue_envelope_t const *envelope, char const *recipient,
                                     size_t *position) {
  queue_cursor_t cursor = {envelope->parameters + *position,
                           envelope->parameters + envelope->parameters_len};
  bool inside = *position > 0;
  char const *found = NULL;
  while (!found && cursor.at < cursor.end) {
    char const *s = inside ? queue_take(&cursor) : queue_take_record(&cursor, 'P');
    if (inside && *s)
      found = s;
    else if (inside)
      inside = false;
    else if (!strcmp(s, recipient))
      inside = true;
    else
      while (*queue_take(&cursor)) continue;
  }
  *position = (size_t)(cursor.at - envelope->parameters);
  return found;
}

char const *queue_envelope_value(queue_envelope_t const *envelope, char const *recipient,
                                 char const *name) {
  size_t position = 0, len = strlen(name);
  for (char const *s; (s = queue_envelope_parameter(envelope, recipient, &position));)
    if (!strncasecmp(s, name, len) && s[len] == '=') return s + len + 1;
  return NULL;
}
