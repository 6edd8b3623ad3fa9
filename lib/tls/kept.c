#include <errno.h>
#include <string.h>

#include "tls/tls.h"

/* Changes whenever the format does: what another version has kept is no session of ours. */
static unsigned char const tag[8] = "chmtls1";

/* Both directions walk over the same fields. */
typedef struct cursor {
  unsigned char *at;
  size_t left;
  bool broken;
} cursor_t;

static unsigned char *step(cursor_t *cursor, size_t len) {
  unsigned char *const bytes = cursor->at;
  if (cursor->broken || len > cursor->left) return cursor->broken = true, NULL;
  cursor->at += len;
  cursor->left -= len;
  return bytes;
}

static void put(cursor_t *cursor, void const *bytes, size_t len) {
  unsigned char *const to = step(cursor, len);
  if (to) memcpy(to, bytes, len);
}

static void get(cursor_t *cursor, void *bytes, size_t len) {
  unsigned char const *const from = step(cursor, len);
  if (from) memcpy(bytes, from, len);
}

static void put_number(cursor_t *cursor, size_t number) {
  put(cursor, (unsigned char const[]){(unsigned char)(number >> 8), (unsigned char)number}, 2);
}

static uint16_t get_number(cursor_t *cursor) {
  unsigned char bytes[2] = {0, 0};
  get(cursor, bytes, 2);
  return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void put_text(cursor_t *cursor, char const *text) {
  size_t const len = strlen(text);
  put_number(cursor, len);
  put(cursor, text, len);
}

static void get_text(cursor_t *cursor, char *text, size_t size) {
  size_t const len = get_number(cursor);
  cursor->broken |= len >= size;
  if (cursor->broken) return;
  get(cursor, text, len);
  text[len] = 0;
  cursor->broken |= strlen(text) != len;
}

size_t tls_kept_write(tls_kept_t const *kept, unsigned char bytes[TLS_KEPT_BYTES]) {
  cursor_t cursor = {.at = bytes, .left = TLS_KEPT_BYTES};
  put(&cursor, tag, sizeof tag);
  put_number(&cursor, kept->version);
  put_number(&cursor, kept->suite);
  put(&cursor, kept->master, sizeof kept->master);
  put(&cursor, kept->settings, sizeof kept->settings);
  put_number(&cursor, kept->end_point_len);
  put(&cursor, kept->end_point, kept->end_point_len);
  put_text(&cursor, kept->name);
  put_text(&cursor, kept->peer_hash);
  put_text(&cursor, kept->peer_subject);
  return TLS_KEPT_BYTES - cursor.left;
}

static void get_end_point(cursor_t *cursor, tls_kept_t *kept) {
  size_t const len = get_number(cursor);
  cursor->broken |= len > sizeof kept->end_point;
  if (cursor->broken) return;
  kept->end_point_len = (unsigned char)len;
  get(cursor, kept->end_point, len);
}

int tls_kept_read(tls_kept_t *kept, unsigned char const *bytes, size_t len) {
  unsigned char found[sizeof tag] = {0};
  cursor_t cursor = {.at = (unsigned char *)bytes, .left = len}; /* get writes nothing there */
  get(&cursor, found, sizeof found);
  kept->version = get_number(&cursor);
  kept->suite = get_number(&cursor);
  get(&cursor, kept->master, sizeof kept->master);
  get(&cursor, kept->settings, sizeof kept->settings);
  get_end_point(&cursor, kept);
  get_text(&cursor, kept->name, sizeof kept->name);
  get_text(&cursor, kept->peer_hash, sizeof kept->peer_hash);
  get_text(&cursor, kept->peer_subject, sizeof kept->peer_subject);
  if (cursor.broken || cursor.left || memcmp(found, tag, sizeof tag)) return errno = EINVAL, -1;
  return 0;
}
