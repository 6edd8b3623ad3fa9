/* Texts for people: whatever comes in, what comes out is UTF-8 without controls, and fits. A
   display name, whatever it is, stands before an address and does not become part of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mime/mime.h"
#include "text/text.h"

static void check(char const *out, size_t len, size_t size) {
  if (len >= size || strlen(out) != len) abort();
  for (size_t at = 0, n; at < len; at += n) {
    n = is_ascii(out[at]) ? !is_control(out[at]) : utf8_length(out + at, len - at);
    if (!n) abort();
  }
}

static void check_name(char const *name, size_t len) {
  char field[16384];
  mime_list_t list;
  mime_mailbox_t mailbox;
  ssize_t const n = mime_phrase_format(field, sizeof field - 8, name, len);
  if (n < 0) return;
  memcpy(field + n, " <a@b>", 7);
  mime_list_begin(&list, field, strlen(field));
  if (mime_list_next(&list, &mailbox) != 1 || strcmp(mailbox.address, "a@b")) abort();
  if (mime_list_next(&list, &mailbox) != 0) abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char large[8192], small[16];
  char const *s = (char const *)data;
  check(large, mime_text_decode(large, sizeof large, s, size), sizeof large);
  check(small, mime_text_decode(small, sizeof small, s, size), sizeof small);
  check(large, mime_phrase_decode(large, sizeof large, s, size), sizeof large);
  check_name(s, size);
  return 0;
}
