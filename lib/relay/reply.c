#include <string.h>

#include "relay/relay.h"
#include "text/text.h"

#define PREFIX 4 /* "250-" */

void relay_reply_init(relay_reply_t *reply,
                      void (*line)(void *data, size_t index, char const *text, size_t len),
                      void *data) {
  memset(reply, 0, offsetof(relay_reply_t, buffer));
  reply->line = line;
  reply->data = data;
}

static void begin(relay_reply_t *reply) {
  relay_reply_init(reply, reply->line, reply->data);
}

/* ---- text ---- */

/* Appends whole characters as long as they fit. */
static void append(relay_reply_t *reply, char const *s, size_t len) {
  for (size_t at = 0; at < len;) {
    size_t const found = is_ascii(s[at]) ? 1 : utf8_length(s + at, len - at), n = found ? found : 1;
    if (reply->text_len + n > CHAIN_TEXT_MAX) break;
    memcpy(reply->text + reply->text_len, s + at, n);
    if (!found) reply->text[reply->text_len] = '?';
    if (is_control(s[at])) reply->text[reply->text_len] = ' ';
    reply->text_len += n;
    at += n;
  }
  reply->text[reply->text_len] = 0;
}

/* Bytes of an enhanced code and the blank behind it, "5.1.1 "; 0: there is none. */
static size_t enhanced_length(char const *s, size_t len) {
  size_t at = 0;
  for (int part = 0; part < 3; part++) {
    size_t const start = at;
    while (at < len && is_digit(s[at])) at++;
    if (at == start || at == len || s[at] != (part < 2 ? '.' : ' ')) return 0;
    at++;
  }
  return at;
}

static void append_line(relay_reply_t *reply, char const *s, size_t len) {
  size_t const enhanced = enhanced_length(s, len);
  bool const repeated =
      enhanced && enhanced <= reply->text_len && !memcmp(s, reply->text, enhanced);
  if (repeated) {
    s += enhanced;
    len -= enhanced;
  }
  if (reply->text_len && len) append(reply, " ", 1);
  append(reply, s, len);
}

/* ---- lines ---- */

static bool code_parse(char const *s, size_t len, unsigned int *code) {
  if (len < 3 || s[0] < '2' || s[0] > '5' || !is_digit(s[1]) || !is_digit(s[2])) return false;
  *code = (unsigned int)(s[0] - '0') * 100 + (unsigned int)(s[1] - '0') * 10 +
          (unsigned int)(s[2] - '0');
  return len == 3 || s[3] == ' ' || s[3] == '-';
}

static relay_reply_status_t take_line(relay_reply_t *reply, char const *s, size_t len) {
  unsigned int code;
  if (len && s[len - 1] == '\r') len--;
  if (!code_parse(s, len, &code)) return RELAY_REPLY_BAD;
  if (reply->lines && reply->code / 100 != code / 100) return RELAY_REPLY_BAD;
  size_t const start = len < PREFIX ? len : PREFIX;
  reply->code = code;
  if (reply->line) reply->line(reply->data, reply->lines, s + start, len - start);
  append_line(reply, s + start, len - start);
  reply->lines++;
  reply->whole = len == 3 || s[3] == ' ';
  return reply->whole ? RELAY_REPLY_WHOLE : RELAY_REPLY_MORE;
}

/* Moves bytes into the buffer, up to and including a newline. Their number. */
static size_t fill_line(relay_reply_t *reply, char const *bytes, size_t len) {
  size_t const room = sizeof reply->buffer - reply->buffered, max = len < room ? len : room;
  char const *newline = memchr(bytes, '\n', max);
  size_t const n = newline ? (size_t)(newline - bytes) + 1 : max;
  memcpy(reply->buffer + reply->buffered, bytes, n);
  reply->buffered += n;
  reply->bytes += n;
  return n;
}

relay_reply_status_t relay_reply_feed(relay_reply_t *reply, char const *bytes, size_t len,
                                      size_t *taken) {
  relay_reply_status_t status = RELAY_REPLY_MORE;
  *taken = 0;
  if (reply->whole) begin(reply);
  while (*taken < len && status == RELAY_REPLY_MORE) {
    *taken += fill_line(reply, bytes + *taken, len - *taken);
    bool const complete = reply->buffer[reply->buffered - 1] == '\n';
    if (reply->bytes > RELAY_REPLY_BYTES) return RELAY_REPLY_BAD;
    if (!complete && reply->buffered == sizeof reply->buffer) return RELAY_REPLY_BAD;
    if (!complete) continue;
    status = take_line(reply, reply->buffer, reply->buffered - 1);
    reply->buffered = 0;
  }
  return status;
}

/* ---- verdicts ---- */

void relay_reply_verdict(relay_reply_t const *reply, chain_verdict_t *verdict) {
  static chain_kind_t const kinds[] = {
      [2] = CHAIN_ACCEPT, [3] = CHAIN_ACCEPT, [4] = CHAIN_DEFER, [5] = CHAIN_REJECT};
  chain_verdict_parse(verdict, kinds[reply->code / 100], reply->text, reply->text_len);
  verdict->code = reply->code;
}
