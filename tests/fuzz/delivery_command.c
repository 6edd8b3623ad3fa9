/* What a command has said, after a byte that is its exit code: a text of one line, of printable
 * bytes as far as ASCII goes, wherever the output is cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "delivery/delivery.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static void judge(chain_verdict_t *verdict, uint8_t const *data, size_t size, size_t cut) {
  char const *said = (char const *)data + 1;
  delivery_output_t output = {0};
  delivery_output_feed(&output, said, cut);
  delivery_output_feed(&output, said + cut, size - 1 - cut);
  delivery_command_verdict(verdict, &output, data[0] << 8);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  chain_verdict_t verdict, again;
  if (!size) return 0;
  judge(&verdict, data, size, 0);
  judge(&again, data, size, (size - 1) / 2);
  if (verdict.kind != again.kind || strcmp(verdict.text, again.text) != 0) abort();
  for (char const *s = verdict.text; *s; s++)
    if ((unsigned char)*s < ' ' || *s == 0x7f) abort();
  if (verdict.kind == CHAIN_ACCEPT) return 0;
  if (!*verdict.text || *verdict.enhanced != (verdict.kind == CHAIN_REJECT ? '5' : '4')) abort();
  return 0;
}
