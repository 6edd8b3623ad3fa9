#include "entry.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "index.h"
#include "report.h"
#include "steer/steer.h"
#include "trigger.h"

/* A log does not say that its entry is whole: a scan may have found that before it was synced. */
int entry_open(queue_entry_t *entry, item_t const *item) {
  if (queue_entry_open(entry, settings.new_fd, item->name, settings.owners) < 0) return -1;
  if (item->stage != ITEM_FOUND || queue_entry_verify(entry) == 0) return 0;
  int error = errno;
  queue_entry_close(entry);
  return errno = error, -1;
}

static void wait(item_t *item) {
  index_wait(item, time_now() + TROUBLE_DELAY);
}

static void forget(item_t *item) {
  unlinkat(settings.state_fd, item->name, 0);
  index_forget(item);
}

/* Torn or strange: it is never delivered, and kept for people to look at. */
static void set_aside(item_t *item) {
  report_entry("bad", item->name, EBADMSG);
  if (renameat(settings.new_fd, item->name, settings.bad_fd, item->name) == 0) return forget(item);
  report_entry("set-aside-failed", item->name, errno);
  wait(item);
}

void entry_fail(item_t *item, int error) {
  if (error == EBADMSG) return set_aside(item);
  if (error == ENOENT && item->stage != ITEM_FOUND && !item->called) trigger_doubt();
  if (error == ENOENT) return forget(item);
  report_entry("read-failed", item->name, error);
  wait(item);
}

/* False: an entry that stays would be delivered again, so it is remembered as delivered. */
static bool remove_file(item_t *item) {
  if (unlinkat(settings.new_fd, item->name, 0) == 0 || errno == ENOENT) return true;
  report_entry("remove-failed", item->name, errno);
  item->stage = ITEM_DELIVERED;
  wait(item);
  return false;
}

void entry_remove(item_t *item) {
  if (remove_file(item)) forget(item);
}

void entry_remove_unlogged(item_t *item) {
  if (remove_file(item)) index_forget(item);
}

void entry_drop(item_t *item) {
  steer_remove(settings.new_fd, settings.state_fd, item->name);
  entry_remove(item);
}
