#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/format.h"

/* Reads the last bytes of the file, whose last ones are the footer. Returns how many, 0 with errno.
 */
static size_t read_tail(queue_entry_t *entry) {
  uint64_t size = (uint64_t)entry->status.st_size;
  size_t len = size < sizeof entry->tail ? (size_t)size : sizeof entry->tail;
  if (len < QUEUE_FOOTER_SIZE) return errno = EBADMSG, 0;
  return queue_pread(entry->fd, entry->tail, len, size - len) < 0 ? 0 : len;
}

static int take_footer(queue_entry_t *entry, char const *bytes) {
  queue_footer_t footer;
  if (queue_footer_parse(&footer, bytes) < 0) return -1;
  uint64_t rest = (uint64_t)entry->status.st_size - QUEUE_FOOTER_SIZE;
  if (footer.trailer_len > QUEUE_TRAILER_MAX || footer.trailer_len > rest ||
      footer.message_size != rest - footer.trailer_len)
    return errno = EBADMSG, -1;
  entry->message_size = footer.message_size;
  entry->trailer_len = (size_t)footer.trailer_len;
  entry->checksum = footer.checksum;
  return 0;
}

/* The bytes before the footer, at end; what was not read with it is read. NULL with errno. */
static char const *read_trailer(queue_entry_t *entry, char const *end) {
  entry->trailer = NULL;
  if (entry->trailer_len <= (size_t)(end - entry->tail)) return end - entry->trailer_len;
  entry->trailer = malloc(entry->trailer_len);
  if (!entry->trailer) return NULL;
  int result = queue_pread(entry->fd, entry->trailer, entry->trailer_len, entry->message_size);
  return result < 0 ? NULL : entry->trailer;
}

/* status and fd are set. */
static int load(queue_entry_t *entry) {
  if (!S_ISREG(entry->status.st_mode)) return errno = EBADMSG, -1;
  size_t len = read_tail(entry);
  if (!len) return -1;
  char const *end = entry->tail + len - QUEUE_FOOTER_SIZE;
  if (take_footer(entry, end) < 0) return -1;
  char const *trailer = read_trailer(entry, end);
  if (trailer && queue_trailer_parse(entry, trailer, entry->trailer_len) == 0) return 0;
  int error = errno;
  free(entry->trailer);
  return errno = error, -1;
}

int queue_entry_from_fd(queue_entry_t *entry, int fd) {
  entry->fd = fd;
  return fstat(fd, &entry->status) < 0 ? -1 : load(entry);
}

static bool is_known(uid_t owner, uid_t const *owners) {
  if (!owners) return true;
  for (; *owners != (uid_t)-1; owners++)
    if (*owners == owner) return true;
  return false;
}

static int load_named(queue_entry_t *entry, char const *name, uid_t const *owners) {
  if (fstat(entry->fd, &entry->status) < 0) return -1;
  if (!entry->status.st_nlink) return errno = ENOENT, -1; /* gone since it was opened */
  if (entry->status.st_nlink != 1 || !is_known(entry->status.st_uid, owners))
    return errno = EBADMSG, -1;
  if (load(entry) < 0) return -1;
  if (!memcmp(entry->id, name, CHAIN_ID_SIZE)) return 0;
  free(entry->ranges);
  free(entry->trailer);
  return errno = EBADMSG, -1;
}

/* O_NONBLOCK: the open of a FIFO someone planted there would wait. */
int queue_entry_open(queue_entry_t *entry, int dirfd, char const *name, uid_t const *owners) {
  if (!queue_name_valid(name)) return errno = EBADMSG, -1;
  do entry->fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  while (entry->fd < 0 && errno == EINTR);
  if (entry->fd < 0) {
    bool strange = errno == ELOOP || errno == ENXIO; /* a link; a socket */
    return strange ? (errno = EBADMSG, -1) : -1;
  }
  if (load_named(entry, name, owners) == 0) return 0;
  int error = errno;
  close(entry->fd);
  return errno = error, -1;
}

void queue_entry_close(queue_entry_t *entry) {
  free(entry->ranges);
  free(entry->trailer);
  close(entry->fd);
}

uint64_t queue_entry_arrival(queue_entry_t const *entry) {
  struct timespec const *changed = &entry->status.st_ctim;
  uint64_t const said = chain_id_time(entry->id);
  uint64_t const last = (uint64_t)changed->tv_sec * 1000000 + (uint64_t)changed->tv_nsec / 1000;
  bool is_file = S_ISREG(entry->status.st_mode); /* else it was never written down */
  return is_file && last < said ? last : said;
}

int queue_entry_verify(queue_entry_t const *entry) {
  uint64_t sum, covered = (uint64_t)entry->status.st_size - QUEUE_FOOTER_DIGITS;
  if (queue_checksum(&sum, entry->fd, covered, NULL, 0) < 0) return -1;
  return sum == entry->checksum ? 0 : (errno = EBADMSG, -1);
}

char const *queue_entry_fact(queue_entry_t const *entry, char const *name) {
  size_t len = strlen(name);
  queue_cursor_t cursor = {entry->facts, entry->facts + entry->facts_len};
  for (char const *fact; (fact = queue_take_record(&cursor, 'V'));)
    if (!strncmp(fact, name, len) && fact[len] == '=') return fact + len + 1;
  return NULL;
}

queue_stream_t queue_entry_stream(queue_entry_t const *entry) {
  return (queue_stream_t){.fd = entry->fd,
                          .size = entry->message_size,
                          .headers = entry->headers,
                          .headers_len = entry->headers_len,
                          .ranges = entry->ranges,
                          .nranges = entry->nranges};
}
