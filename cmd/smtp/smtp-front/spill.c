#include "spill.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chain/chain.h"

void spill_init(spill_t *spill, char *bytes) {
  *spill = (spill_t){.fd = -1, .bytes = bytes};
}

void spill_reset(spill_t *spill) {
  if (spill->map) munmap(spill->map, spill->map_len);
  if (spill->fd >= 0) close(spill->fd);
  spill_init(spill, spill->bytes);
}

/* What could not be written is missing, even if there is room again later: what comes behind it
   would be read as its rest. */
static int fail(spill_t *spill) {
  spill->holed = true;
  return -1;
}

int spill_flush(spill_t *spill) {
  if (spill->holed) return errno = EIO, -1;
  if (spill->fd < 0 && (spill->fd = chain_memfd()) < 0) return fail(spill);
  for (size_t done = 0; done < spill->len;) {
    ssize_t n = pwrite(spill->fd, spill->bytes + done, spill->len - done, (off_t)spill->written);
    if (n < 0 && errno != EINTR) return fail(spill);
    if (n < 0) continue;
    done += (size_t)n;
    spill->written += (uint64_t)n;
  }
  spill->len = 0;
  return 0;
}

int spill_put(spill_t *spill, char const *s, size_t len) {
  while (len) {
    if (spill->len == SPILL_BYTES && spill_flush(spill) < 0) return -1;
    size_t room = SPILL_BYTES - spill->len, n = len < room ? len : room;
    memcpy(spill->bytes + spill->len, s, n);
    spill->len += n;
    s += n;
    len -= n;
  }
  return 0;
}

int spill_append(spill_t *spill, spill_t *from) {
  if (from->fd < 0 && !from->holed) return spill_put(spill, from->bytes, from->len);
  if (spill_flush(from) < 0) return -1;
  for (uint64_t done = 0; done < from->written;) {
    ssize_t n = pread(from->fd, from->bytes, SPILL_BYTES, (off_t)done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return -1;
    if (spill_put(spill, from->bytes, (size_t)n) < 0) return -1;
    done += (uint64_t)n;
  }
  return 0;
}

int spill_view(spill_t *spill, char const **bytes, size_t *len) {
  *bytes = spill->bytes;
  *len = spill->len;
  if (spill->fd < 0 && !spill->holed) return 0;
  if (spill_flush(spill) < 0) return -1;
  void *map = mmap(NULL, spill->written, PROT_READ, MAP_PRIVATE, spill->fd, 0);
  if (map == MAP_FAILED) return -1;
  *bytes = spill->map = map;
  *len = spill->map_len = spill->written;
  return 0;
}
