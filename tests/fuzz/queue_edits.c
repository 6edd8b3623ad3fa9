/* Edits: the first byte is the message's size, then CUT_RANGES, NUL, ADD_HEADERS. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "queue/queue.h"

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size);

static int message_of(uint64_t size) {
  static int fd = -1;
  if (fd < 0) fd = memfd_create("message", 0);
  if (ftruncate(fd, (off_t)size) < 0) abort();
  return fd;
}

static void check_ranges(queue_range_t const *ranges, size_t n, uint64_t size) {
  for (size_t i = 0; i < n; i++) {
    if (ranges[i].start >= ranges[i].end || ranges[i].end > size) __builtin_trap();
    if (i && ranges[i].start <= ranges[i - 1].end) __builtin_trap();
  }
}

static void check_stream(uint64_t size, char const *headers, queue_range_t const *ranges,
                         size_t n) {
  char buffer[7];
  uint64_t total = 0;
  ssize_t got;
  queue_stream_t stream = {.fd = message_of(size),
                           .size = size,
                           .headers = headers,
                           .headers_len = strlen(headers),
                           .ranges = ranges,
                           .nranges = n};
  while ((got = queue_stream_read(&stream, buffer, sizeof buffer)) > 0) total += (uint64_t)got;
  if (got < 0 || total != queue_stream_size(&stream)) __builtin_trap();
}

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size) {
  queue_range_t ranges[64];
  if (!size) return 0;
  char *text = calloc(size + 1, 1);
  if (!text) abort();
  memcpy(text, data + 1, size - 1);
  char const *headers = strlen(text) + 1 < size ? text + strlen(text) + 1 : "";
  ssize_t n = queue_ranges_parse(ranges, 64, text, data[0]);
  bool valid = queue_headers_valid(headers);
  if (valid && strstr(headers, "\n\n")) __builtin_trap();
  if (n >= 0) {
    check_ranges(ranges, (size_t)n, data[0]);
    if (valid) check_stream(data[0], headers, ranges, (size_t)n);
  }
  free(text);
  return 0;
}
