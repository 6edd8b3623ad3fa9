/* What a server says: replies in pieces come to the same as replies at once, texts are clean; lines
   of EHLO; and servers' names. The first byte chooses the size of pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay/relay.h"

typedef struct outcome {
  relay_reply_status_t status;
  unsigned int code;
  size_t taken, text_len;
  char text[CHAIN_TEXT_MAX + 1];
  relay_offers_t offers;
} outcome_t;

static void take_line(void *data, size_t index, char const *text, size_t len) {
  if (index) relay_offers_add(data, text, len);
}

static void run(outcome_t *outcome, char const *s, size_t len, size_t piece) {
  static relay_reply_t reply;
  memset(outcome, 0, sizeof *outcome);
  relay_reply_init(&reply, take_line, &outcome->offers);
  while (outcome->status == RELAY_REPLY_MORE && outcome->taken < len) {
    size_t const rest = len - outcome->taken;
    size_t taken;
    outcome->status =
        relay_reply_feed(&reply, s + outcome->taken, piece < rest ? piece : rest, &taken);
    outcome->taken += taken;
  }
  if (outcome->status != RELAY_REPLY_WHOLE) return;
  outcome->code = reply.code;
  outcome->text_len = reply.text_len;
  memcpy(outcome->text, reply.text, reply.text_len + 1);
}

static void check_text(outcome_t const *outcome) {
  chain_verdict_t verdict;
  relay_reply_t reply = {.code = outcome->code, .text_len = outcome->text_len};
  if (outcome->status != RELAY_REPLY_WHOLE) return;
  if (strlen(outcome->text) != outcome->text_len || outcome->code < 200 || outcome->code > 599)
    abort();
  for (char const *s = outcome->text; *s; s++)
    if ((unsigned char)*s < ' ' || *s == 0x7f) abort();
  memcpy(reply.text, outcome->text, sizeof reply.text);
  relay_reply_verdict(&reply, &verdict);
}

static void parse_server(char const *s, size_t len) {
  relay_server_t server;
  char *const text = malloc(len + 1);
  memcpy(text, s, len);
  text[len] = 0;
  relay_server_parse(&server, text, 24);
  free(text);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static outcome_t whole, pieces;
  if (!size) return 0;
  char const *const text = (char const *)data + 1;
  run(&whole, text, size - 1, size);
  run(&pieces, text, size - 1, 1 + data[0] % 7u);
  if (whole.status != pieces.status || whole.code != pieces.code ||
      strcmp(whole.text, pieces.text) != 0)
    abort();
  check_text(&whole);
  parse_server(text, size - 1);
  return 0;
}
