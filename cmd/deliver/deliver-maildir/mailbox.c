#include "mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SWEPT 4096 /* Maildirs remembered as swept */

mailbox_settings_t mailbox_settings = {.make_missing = true, .make_folders = true};

static maildir_writer_t writer;
static mailbox_t mailboxes[MAILBOXES_MAX];
static size_t open_mailboxes;
static time_t opened; /* the first of them, in this second */

void mailboxes_init(uint64_t process, char const *host) {
  maildir_writer_init(&writer, process, host);
}

/* ---- opening ---- */

static uint64_t hash_path(char const *path) {
  uint64_t hash = UINT64_C(14695981039346656037);
  for (; *path; path++) hash = (hash ^ (unsigned char)*path) * UINT64_C(1099511628211);
  return hash;
}

/* Sweeps tmp at the first use, as far as this process remembers. */
static void sweep_once(mailbox_t const *mailbox) {
  static uint64_t swept[SWEPT];
  uint64_t hash = hash_path(mailbox->path);
  if (swept[hash % SWEPT] == hash) return;
  swept[hash % SWEPT] = hash;
  maildir_sweep(mailbox->folder, time(NULL));
}

static int open_or_make(char const *path) {
  int folder = maildir_open(path);
  if (folder >= 0 || errno != ENOENT || !mailbox_settings.make_missing) return folder;
  return maildir_make(path) < 0 ? -1 : maildir_open(path);
}

static bool is_limit(maildir_usage_t const *limit) {
  return limit && (limit->bytes || limit->messages);
}

/* named: by the routes, or "". One without limits matters where the Maildir has one of its own. */
static void find_quota(mailbox_t *mailbox, char const *named) {
  bool found = maildir_root_find(&mailbox->root, mailbox->folder) == 0;
  bool is_named = *named && maildir_quota_parse(&mailbox->limit, named, strlen(named)) == 0;
  mailbox->quota = is_named ? &mailbox->limit : mailbox_settings.quota;
  mailbox->has_quota = found && (is_limit(mailbox->quota) || mailbox->root.has_sizes);
}

/* What is for a folder that is not there, and not to be made, is for its Maildir. */
static char const *folder_or_maildir(char const *path, char maildir[PATH_MAX]) {
  char const *name = strrchr(path, '/');
  size_t len = name ? (size_t)(name - path) : 0;
  if (!len || len >= PATH_MAX || name[1] != '.') return path;
  if (faccessat(AT_FDCWD, path, F_OK, 0) == 0 || errno != ENOENT) return path;
  memcpy(maildir, path, len);
  maildir[len] = 0;
  return maildir;
}

static mailbox_t *find(char const *path) {
  for (size_t i = 0; i < open_mailboxes; i++)
    if (!strcmp(mailboxes[i].path, path)) return &mailboxes[i];
  return NULL;
}

mailbox_t *mailbox_use(char const *path, char const *named_quota) {
  char maildir[PATH_MAX];
  if (maildir_path_check(path) < 0) return NULL;
  if (!mailbox_settings.make_folders) path = folder_or_maildir(path, maildir);
  mailbox_t *mailbox = find(path);
  if (mailbox) return mailbox;
  mailbox = &mailboxes[open_mailboxes];
  mailbox->folder = open_or_make(path);
  if (mailbox->folder < 0) return NULL;
  if (!open_mailboxes++) opened = time(NULL);
  mailbox->dirty = false;
  stpcpy(mailbox->path, path);
  find_quota(mailbox, named_quota);
  sweep_once(mailbox);
  return mailbox;
}

/* ---- using ---- */

/* tmp, or the whole Maildir, may have been removed since it was opened. */
int mailbox_create(mailbox_t *mailbox, maildir_message_t *message) {
  if (maildir_create(message, mailbox->folder, &writer) == 0) return 0;
  if (errno != ENOENT || !mailbox_settings.make_missing || maildir_make(mailbox->path) < 0)
    return -1;
  close(mailbox->folder);
  mailbox->folder = maildir_open(mailbox->path);
  return mailbox->folder < 0 ? -1 : maildir_create(message, mailbox->folder, &writer);
}

bool mailbox_shares_quota(mailbox_t const *a, mailbox_t const *b) {
  return a->has_quota && a->root.device == b->root.device && a->root.inode == b->root.inode;
}

void mailboxes_sync(void) {
  sync_file_t *folders[MAILBOXES_MAX];
  size_t count = 0;
  for (mailbox_t *mailbox = mailboxes; mailbox < mailboxes + open_mailboxes; mailbox++) {
    mailbox->sync = (sync_file_t){mailbox->folder, 0};
    if (mailbox->dirty) folders[count++] = &mailbox->sync;
    mailbox->dirty = false;
  }
  sync_files(folders, count);
}

/* ---- closing ---- */

bool mailboxes_are_open(void) {
  return open_mailboxes;
}

bool mailboxes_are_old(void) {
  return open_mailboxes > WORKER_BATCH_MAX || time(NULL) != opened;
}

void mailboxes_close(void) {
  while (open_mailboxes) close(mailboxes[--open_mailboxes].folder);
}
