/* spill: a small buffer that runs over into a memfd: an envelope may have 100,000 recipients. */
#ifndef SMTP_FRONT_SPILL_H
#define SMTP_FRONT_SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPILL_BYTES 4096

typedef struct spill {
  int fd;     /* -1 while all is in bytes */
  bool holed; /* bytes are missing: it fails until it is reset */
  uint64_t written;
  size_t len;
  char *bytes; /* SPILL_BYTES of room */
  void *map;   /* what was viewed of the memfd, or NULL */
  size_t map_len;
} spill_t;

/* Makes an empty one. */
void spill_init(spill_t *spill, char *bytes);
/* Empties it. */
void spill_reset(spill_t *spill);
/* Both return 0, or -1 with errno. */
int spill_put(spill_t *spill, char const *s, size_t len);
int spill_flush(spill_t *spill);
/* Appends all of from. */
int spill_append(spill_t *spill, spill_t *from);
/* All of it in one piece, until the spill is reset. */
int spill_view(spill_t *spill, char const **bytes, size_t *len);

#endif
