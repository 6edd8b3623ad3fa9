/* mailbox: the Maildirs that are in use, each open once. */
#ifndef DELIVER_MAILDIR_MAILBOX_H
#define DELIVER_MAILDIR_MAILBOX_H

#include <limits.h>
#include <stdbool.h>

#include "maildir/maildir.h"
#include "sync/sync.h"
#include "worker/worker.h"

#define MAILBOXES_MAX (2 * WORKER_BATCH_MAX)

/* How Maildirs are treated. */
typedef struct mailbox_settings {
  bool make_missing;            /* Maildirs */
  bool make_folders;            /* of a Maildir; else their mail is for the Maildir itself */
  maildir_usage_t const *quota; /* of those that the routes give none; NULL: each its own */
} mailbox_settings_t;

extern mailbox_settings_t mailbox_settings;

typedef struct mailbox {
  char path[PATH_MAX];
  int folder;
  bool dirty; /* not synced since a rename */
  sync_file_t sync;
  bool has_quota;
  maildir_root_t root; /* whose quota that is */
  maildir_usage_t limit;
  maildir_usage_t const *quota; /* the limit, or NULL: what its maildirsize says */
} mailbox_t;

/* Before any of them is used: process and host make the names of files unique. */
void mailboxes_init(uint64_t process, char const *host);

/* The Maildir of this path, opened or made; named_quota: the one that the routes name, or "". It
   stays until mailboxes_close. NULL with errno if it cannot be had. */
mailbox_t *mailbox_use(char const *path, char const *named_quota);

/* Creates a message's file in tmp. 0, or -1 with errno. */
int mailbox_create(mailbox_t *mailbox, maildir_message_t *message);

bool mailbox_shares_quota(mailbox_t const *a, mailbox_t const *b);

/* Syncs those that are dirty; sync.error tells of each. */
void mailboxes_sync(void);

bool mailboxes_are_open(void);
/* True if the first was opened in another second, or there would be no room for a batch's. */
bool mailboxes_are_old(void);
void mailboxes_close(void);

#endif
