/* The verdict pipe: a link may be anybody's program. */
#include <string.h>

#include "chain/chain.h"

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size);

static void hear(void *data, size_t index, chain_verdict_t const *verdict) {
  (void)data;
  (void)index;
  if (!memchr(verdict->text, 0, sizeof verdict->text)) __builtin_trap();
}

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size) {
  static chain_reader_t reader;
  chain_verdict_t verdict;
  if (!size) return 0;
  size_t piece = data[0] + 1u;
  chain_reader_init(&reader);
  reader.recipient = hear;
  for (size_t i = 1; i < size; i += piece)
    chain_reader_feed(&reader, (char const *)data + i, size - i < piece ? size - i : piece);
  chain_reader_end(&reader);
  chain_reader_verdict(&reader, (data[0] & 127) << 8, &verdict);
  if (reader.facts_len > CHAIN_FACTS_BYTES || reader.facts_count > CHAIN_FACTS_MAX)
    __builtin_trap();
  for (char const *s = verdict.text; *s; s++)
    if ((unsigned char)*s < ' ') __builtin_trap();
  return 0;
}
