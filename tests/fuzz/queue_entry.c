/* Entries: whoever may write into new/ can put any file there. The first byte says whether the rest
 * is a file, or a trailer alone, which the fuzzer would seldom find the sizes for. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "queue/format.h"

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size);

static void walk(queue_entry_t const *entry) {
  size_t position = 0, count = 0;
  while (queue_envelope_next(&entry->envelope, &position)) count++;
  if (count != entry->envelope.count || !chain_id_valid(entry->id)) __builtin_trap();
  if (!queue_headers_valid(entry->headers)) __builtin_trap();
  queue_entry_fact(entry, "SPF_RESULT");
}

static void read_all(queue_entry_t const *entry) {
  queue_stream_t stream = queue_entry_stream(entry);
  char buffer[64];
  ssize_t n;
  while ((n = queue_stream_read(&stream, buffer, sizeof buffer)) > 0) continue;
  if (n < 0) __builtin_trap();
}

/* Whoever has the copy can read it: it is whole, and names nobody but the one. */
static void copy(queue_entry_t const *entry) {
  queue_entry_t made;
  queue_stream_t stream = queue_entry_stream(entry);
  int fd = queue_entry_copy(entry, "r@example");
  if (fd < 0 || queue_entry_from_fd(&made, fd) < 0 || queue_entry_verify(&made) < 0)
    __builtin_trap();
  walk(&made);
  if (made.envelope.count != 1 || made.message_size != queue_stream_size(&stream)) __builtin_trap();
  queue_entry_close(&made);
}

static void try_file(char const *bytes, size_t size) {
  queue_entry_t entry;
  int fd = memfd_create("entry", 0);
  if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) abort();
  if (queue_entry_from_fd(&entry, fd) < 0) {
    close(fd);
    return;
  }
  walk(&entry);
  read_all(&entry);
  queue_entry_verify(&entry);
  copy(&entry);
  queue_entry_close(&entry);
}

static void try_trailer(char const *bytes, size_t size) {
  queue_entry_t entry = {.message_size = 1000};
  if (queue_trailer_parse(&entry, bytes, size) < 0) return;
  walk(&entry);
  free(entry.ranges);
}

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size) {
  if (!size) return 0;
  if (data[0] == 'f')
    try_file((char const *)data + 1, size - 1);
  else
    try_trailer((char const *)data + 1, size - 1);
  return 0;
}
