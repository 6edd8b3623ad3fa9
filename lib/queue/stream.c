#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "queue/queue.h"

static size_t smaller(size_t a, uint64_t b) {
  return b < a ? (size_t)b : a;
}

static ssize_t read_headers(queue_stream_t *stream, char *buffer, size_t size) {
  size_t n = smaller(size, stream->headers_len - stream->position);
  memcpy(buffer, stream->headers + stream->position, n);
  stream->position += n;
  return (ssize_t)n;
}

/* Goes past a range that begins at offset. Returns the offset behind it. */
static uint64_t skip_range(queue_stream_t *stream, uint64_t offset) {
  if (stream->range == stream->nranges || offset < stream->ranges[stream->range].start)
    return offset;
  return stream->ranges[stream->range++].end;
}

static ssize_t read_message(queue_stream_t *stream, char *buffer, size_t size) {
  uint64_t offset = skip_range(stream, stream->position - stream->headers_len);
  uint64_t end =
      stream->range < stream->nranges ? stream->ranges[stream->range].start : stream->size;
  ssize_t n = 0;
  if (offset < end && size) {
    do n = pread(stream->fd, buffer, smaller(size, end - offset), (off_t)offset);
    while (n < 0 && errno == EINTR);
    if (n < 0) return -1;
    if (n == 0) return errno = EBADMSG, -1;
  }
  stream->position = stream->headers_len + offset + (uint64_t)n;
  return n;
}

ssize_t queue_stream_read(queue_stream_t *stream, char *buffer, size_t size) {
  if (stream->position < stream->headers_len) return read_headers(stream, buffer, size);
  return read_message(stream, buffer, size);
}

uint64_t queue_stream_size(queue_stream_t const *stream) {
  uint64_t size = stream->headers_len + stream->size;
  for (size_t i = 0; i < stream->nranges; i++)
    size -= stream->ranges[i].end - stream->ranges[i].start;
  return size;
}
