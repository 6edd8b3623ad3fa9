#include <string.h>
#include <strings.h>

#include "delivery/delivery.h"

#define CHUNK 4096

void delivery_loop_init(delivery_loop_t *loop, char const *recipient) {
  loop->recipient = recipient;
  loop->found = loop->ended = false;
  loop->seen = loop->len = 0;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/* Is the line at hand a Delivered-To of the recipient? */
static bool names_recipient(delivery_loop_t const *loop) {
  static char const name[] = "Delivered-To";
  size_t name_len = sizeof name - 1, recipient_len = strlen(loop->recipient);
  char const *s = loop->line, *end = s + loop->len;
  if (loop->len < name_len || strncasecmp(s, name, name_len) != 0) return false;
  s += name_len;
  while (s < end && is_blank(*s)) s++;
  if (s == end || *s++ != ':') return false;
  while (s < end && is_blank(*s)) s++;
  while (end > s && is_blank(end[-1])) end--;
  return (size_t)(end - s) == recipient_len && !strncasecmp(s, loop->recipient, recipient_len);
}

static void take_line(delivery_loop_t *loop) {
  bool is_empty = !loop->len || (loop->len == 1 && *loop->line == '\r');
  if (is_empty)
    loop->ended = true;
  else if (loop->len < sizeof loop->line)
    loop->found = names_recipient(loop);
  loop->len = 0;
}

static void take_bytes(delivery_loop_t *loop, char const *bytes, size_t len) {
  size_t room = sizeof loop->line - loop->len;
  if (len > room) len = room;
  memcpy(loop->line + loop->len, bytes, len);
  loop->len += len;
}

bool delivery_loop_feed(delivery_loop_t *loop, char const *bytes, size_t len) {
  char const *end = bytes + len;
  while (bytes < end && !loop->found && !loop->ended) {
    char const *newline = memchr(bytes, '\n', (size_t)(end - bytes));
    char const *stop = newline ? newline : end;
    take_bytes(loop, bytes, (size_t)(stop - bytes));
    if (newline) take_line(loop);
    bytes = newline ? newline + 1 : end;
  }
  loop->seen += len;
  return !loop->found && !loop->ended && loop->seen < DELIVERY_HEADER_MAX;
}

int delivery_is_loop(queue_entry_t const *entry, char const *recipient) {
  char bytes[CHUNK];
  delivery_loop_t loop;
  queue_stream_t stream = queue_entry_stream(entry);
  ssize_t n;
  delivery_loop_init(&loop, recipient);
  do {
    n = queue_stream_read(&stream, bytes, sizeof bytes);
    if (n < 0) return -1;
  } while (n && delivery_loop_feed(&loop, bytes, (size_t)n));
  if (!n && loop.len) take_line(&loop);
  return loop.found;
}
