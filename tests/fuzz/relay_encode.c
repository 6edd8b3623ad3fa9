/* The encoder: whatever the message and the pieces it comes in, what goes out fits into what was
   promised, has no CR, no NUL and no line of more than 998 bytes, and is the same; over the wire CR
   and LF come in pairs. The first byte chooses the pieces, and whether 8-bit bytes may stay. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/relay/encode.h"
#include "../../lib/relay/wire.h"

#define IN_MAX 4096

typedef struct outcome {
  size_t len;
  char bytes[RELAY_ENCODE_MAX(IN_MAX)];
} outcome_t;

static void pass(relay_encode_t *encode, relay_encode_pass_t which, outcome_t *outcome,
                 char const *s, size_t len, size_t piece) {
  outcome->len = 0;
  relay_encode_begin(encode, which);
  for (size_t n; len; len -= n, s += n) {
    n = len < piece ? len : piece;
    size_t const out = relay_encode_feed(encode, s, n, outcome->bytes + outcome->len);
    if (out > RELAY_ENCODE_MAX(n)) abort();
    outcome->len += out;
  }
  outcome->len += relay_encode_end(encode, outcome->bytes + outcome->len);
  if (outcome->len > sizeof outcome->bytes) abort();
}

static void run(outcome_t *outcome, char const *s, size_t len, size_t piece, bool allow) {
  static relay_encode_t encode;
  memset(&encode, 0, sizeof encode);
  encode.allow_eight_bit = allow;
  pass(&encode, RELAY_ENCODE_LOOK, outcome, s, len, piece);
  if (outcome->len) abort();
  pass(&encode, RELAY_ENCODE_WRITE, outcome, s, len, piece);
}

static void check_lines(outcome_t const *outcome) {
  size_t line = 0;
  for (size_t i = 0; i < outcome->len; i++) {
    char const c = outcome->bytes[i];
    if (!c || c == '\r') abort();
    line = c == '\n' ? 0 : line + 1;
    if (line > 998) abort();
  }
}

static void check_wire(char const *s, size_t len) {
  static char out[RELAY_WIRE_MAX(IN_MAX) + 2];
  relay_wire_t wire = {.dots = true};
  relay_content_t content = {.wire_size = 0};
  size_t n = relay_wire_feed(&wire, s, len, out);
  n += relay_wire_end(&wire, out + n);
  for (size_t i = 0; i < n; i++) {
    bool const begins = !i || out[i - 1] == '\n';
    if (out[i] == '\n' && (!i || out[i - 1] != '\r')) abort();
    if (out[i] == '\r' && (i + 1 == n || out[i + 1] != '\n')) abort();
    if (!out[i] || (begins && out[i] == '.' && (i + 1 == n || out[i + 1] != '.'))) abort();
  }
  wire = (relay_wire_t){.dots = false};
  n = relay_wire_feed(&wire, s, len, out);
  n += relay_wire_end(&wire, out + n);
  relay_content_feed(&content, s, len);
  relay_content_end(&content);
  if (content.wire_size != n) abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static outcome_t whole, pieces;
  if (!size || size > IN_MAX) return 0;
  char const *const text = (char const *)data + 1;
  bool const allow = data[0] & 1;
  run(&whole, text, size - 1, size, allow);
  run(&pieces, text, size - 1, 1 + data[0] / 2u, allow);
  if (whole.len != pieces.len || memcmp(whole.bytes, pieces.bytes, whole.len) != 0) abort();
  check_lines(&whole);
  check_wire(text, size - 1);
  return 0;
}
