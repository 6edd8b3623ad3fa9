/* Address lists, dates, ids. An address that came out is one address when it is read again, and the
   same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mime/mime.h"

static void check_again(mime_mailbox_t const *mailbox) {
  mime_list_t list;
  mime_mailbox_t again;
  mime_list_begin(&list, mailbox->address, mailbox->len);
  if (mime_list_next(&list, &again) != 1) abort();
  if (again.len != mailbox->len || strcmp(again.address, mailbox->address)) abort();
  if (again.local_len != mailbox->local_len || again.name) abort();
  if (mime_list_next(&list, &again) != 0) abort();
}

static void check_mailbox(char const *value, size_t size, mime_mailbox_t const *mailbox) {
  if (strlen(mailbox->address) != mailbox->len || mailbox->len > MIME_ADDRESS_MAX) abort();
  if (!mailbox->local_len || mailbox->local_len > mailbox->len) abort();
  if (mailbox->local_len < mailbox->len && mailbox->address[mailbox->local_len] != '@') abort();
  if (mailbox->local_end <= value || mailbox->local_end > value + size) abort();
  if (mailbox->name && (mailbox->name < value || !mailbox->name_len)) abort();
  if (strpbrk(mailbox->address, "\r\n\t")) abort();
  check_again(mailbox);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char const *value = (char const *)data;
  mime_list_t list;
  mime_mailbox_t mailbox;
  int64_t seconds;
  int zone;
  mime_list_begin(&list, value, size);
  while (mime_list_next(&list, &mailbox) > 0) check_mailbox(value, size, &mailbox);
  if (!mime_date_parse(&seconds, &zone, value, size) && (zone <= -6000 || zone >= 6000)) abort();
  mime_id_valid(value, size);
  return 0;
}
