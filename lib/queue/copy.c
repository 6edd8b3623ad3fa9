#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "queue/format.h"

static int append_trailer(int to, queue_entry_t const *entry, char const *recipient) {
  static char const *const no_facts[] = {NULL};
  queue_stream_t stream = queue_entry_stream(entry);
  char record[1 + QUEUE_ADDRESS_MAX + 1] = "T";
  size_t len = strlen(recipient);
  if (len > QUEUE_ADDRESS_MAX) return errno = ENAMETOOLONG, -1;
  memcpy(record + 1, recipient, len + 1);
  queue_draft_t draft = {.id = entry->id, .facts = no_facts};
  draft.envelope = (queue_envelope_t){.sender = entry->envelope.sender,
                                      .recipients = record,
                                      .recipients_len = 1 + len + 1,
                                      .count = 1};
  return queue_trailer_append(to, queue_stream_size(&stream), &draft);
}

int queue_entry_copy(queue_entry_t const *entry, char const *recipient) {
  int fd = chain_memfd();
  if (fd < 0) return -1;
  if (queue_entry_write(fd, "", 0, entry) == 0 && append_trailer(fd, entry, recipient) == 0 &&
      chain_memfd_seal(fd) == 0)
    return fd;
  int error = errno;
  close(fd);
  return errno = error, -1;
}
