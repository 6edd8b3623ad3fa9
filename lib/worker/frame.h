/* The form of a frame, for this folder only. */
#ifndef CHAINMAIL_WORKER_FRAME_H
#define CHAINMAIL_WORKER_FRAME_H

#include <stddef.h>

#define FRAME_PREFIX 8 /* hex digits of the length */

/* Writes strings, count of them, as a frame to out. Returns its bytes, or 0 if it is longer than
   max. */
size_t frame_write(char *out, size_t max, char const *const *strings, size_t count);

#endif
