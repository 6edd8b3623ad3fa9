/* deliver-maildir: see deliver-maildir(8). A batch of jobs goes through the steps of a delivery
   together: write, sync, publish, sync of the folders, report. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "chain/chain.h"
#include "confine/confine.h"
#include "delivery/delivery.h"
#include "maildir/maildir.h"
#include "queue/queue.h"
#include "sync/sync.h"
#include "worker/worker.h"

char const *PROG = "deliver-maildir";

#define USAGE         "deliver-maildir [-d root] [-u umask] [-q quota] [-R routes.cdb] [-efp]"
#define BATCH_BYTES   (8u << 20) /* then no more jobs are taken into a batch */
#define MAILBOXES_MAX (2 * WORKER_BATCH_MAX)
/* Entries that came and those of the batch, its files, Maildirs, and some more. */
#define FDS_MAX     (4 * WORKER_BATCH_MAX + MAILBOXES_MAX + 16)
#define SWEPT       4096 /* Maildirs remembered as swept */
#define RESULT_TEXT DELIVERY_PROBLEM_SIZE

/* Maildirs in use, by their path. */
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

typedef struct delivery {
  uint64_t number;
  mailbox_t *mailbox;
  maildir_message_t message;
  sync_file_t sync;
  bool failed;
  chain_kind_t kind;
  char text[RESULT_TEXT];
} delivery_t;

static bool make_missing = true;
static bool make_folders = true;
static bool full_for_good;           /* a Maildir over its quota fails for good */
static maildir_usage_t const *quota; /* of those that the routes give none; NULL: each its own */
static char const *routes_path;      /* NULL: the usual one */
static route_table_t routes;
static maildir_writer_t writer;
static worker_input_t input;
static delivery_t batch[WORKER_BATCH_MAX];
static size_t jobs;
static mailbox_t mailboxes[MAILBOXES_MAX];
static size_t open_mailboxes;
static time_t opened; /* the first of them, in this second */
static char buffer[65536];

/* ---- failures ---- */

typedef struct failure {
  int error;
  chain_kind_t kind;
  char const *enhanced;
} failure_t;

/* The last one stands for all others. */
static failure_t const failures[] = {
    {ENOENT, CHAIN_DEFER, "4.2.1"},        {EDQUOT, CHAIN_DEFER, "4.2.2"},
    {ENOSPC, CHAIN_DEFER, "4.3.1"},        {EACCES, CHAIN_DEFER, "4.3.5"},
    {EPERM, CHAIN_DEFER, "4.3.5"},         {EROFS, CHAIN_DEFER, "4.3.5"},
    {ENOTDIR, CHAIN_DEFER, "4.3.5"},       {ELOOP, CHAIN_DEFER, "4.3.5"},
    {EEXIST, CHAIN_DEFER, "4.3.5"},        {EINVAL, CHAIN_REJECT, "5.3.5"},
    {ENAMETOOLONG, CHAIN_REJECT, "5.3.5"}, {0, CHAIN_DEFER, "4.3.0"}};

static failure_t const *find_failure(int error) {
  failure_t const *failure = failures;
  while (failure->error && failure->error != error) failure++;
  return failure;
}

/* Joins words, up to NULL, as far as they fit. */
static void join(char *out, size_t size, char const *const *words) {
  size_t len = 0;
  for (; *words; words++) {
    size_t n = strnlen(*words, size - 1 - len);
    memcpy(out + len, *words, n);
    len += n;
  }
  out[len] = 0;
}

/* This delivery ends here, for errno. */
static void fail(delivery_t *delivery, char const *step) {
  failure_t const *failure = find_failure(errno);
  char const *words[] = {failure->enhanced, " unable to ", step, ": ", strerror(errno), 0};
  join(delivery->text, sizeof delivery->text, words);
  delivery->kind = failure->kind;
  delivery->failed = true;
}

static void end(delivery_t *delivery, chain_kind_t kind, char const *text) {
  join(delivery->text, sizeof delivery->text, (char const *[]){text, 0});
  delivery->kind = kind;
  delivery->failed = true;
}

/* This delivery ends here, for good or for now. */
static void refuse(delivery_t *delivery, char const *text) {
  end(delivery, CHAIN_REJECT, text);
}

static void defer(delivery_t *delivery, char const *text) {
  end(delivery, CHAIN_DEFER, text);
}

/* ---- Maildirs ---- */

static void close_mailboxes(void) {
  while (open_mailboxes) close(mailboxes[--open_mailboxes].folder);
}

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
  maildir_sweep(mailbox->folder, time(0));
}

static int open_or_make(char const *path) {
  int folder = maildir_open(path);
  if (folder >= 0 || errno != ENOENT || !make_missing) return folder;
  return maildir_make(path) < 0 ? -1 : maildir_open(path);
}

static bool is_limit(maildir_usage_t const *limit) {
  return limit && (limit->bytes || limit->messages);
}

/* named: by the routes, or "". One without limits matters where the Maildir has one of its own. */
static void find_quota(mailbox_t *mailbox, char const *named) {
  bool found = maildir_root_find(&mailbox->root, mailbox->folder) == 0;
  bool is_named = *named && maildir_quota_parse(&mailbox->limit, named, strlen(named)) == 0;
  mailbox->quota = is_named ? &mailbox->limit : quota;
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

static mailbox_t *find_mailbox(char const *path) {
  for (size_t i = 0; i < open_mailboxes; i++)
    if (!strcmp(mailboxes[i].path, path)) return &mailboxes[i];
  return 0;
}

/* NULL with errno if it cannot be had. */
static mailbox_t *use_mailbox(char const *path, char const *named_quota) {
  char maildir[PATH_MAX];
  if (maildir_path_check(path) < 0) return 0;
  if (!make_folders) path = folder_or_maildir(path, maildir);
  mailbox_t *mailbox = find_mailbox(path);
  if (mailbox) return mailbox;
  mailbox = &mailboxes[open_mailboxes];
  mailbox->folder = open_or_make(path);
  if (mailbox->folder < 0) return 0;
  if (!open_mailboxes++) opened = time(0);
  mailbox->dirty = false;
  stpcpy(mailbox->path, path);
  find_quota(mailbox, named_quota);
  sweep_once(mailbox);
  return mailbox;
}

/* ---- steps ---- */

/* tmp, or the whole Maildir, may have been removed since it was opened. */
static int create(delivery_t *delivery) {
  mailbox_t *mailbox = delivery->mailbox;
  if (maildir_create(&delivery->message, mailbox->folder, &writer) == 0) return 0;
  if (errno != ENOENT || !make_missing || maildir_make(mailbox->path) < 0) return -1;
  close(mailbox->folder);
  mailbox->folder = maildir_open(mailbox->path);
  return mailbox->folder < 0 ? -1 : maildir_create(&delivery->message, mailbox->folder, &writer);
}

/* Writes the message with its trace fields on top. The file is created when the first bytes are
   there to be written. */
static int copy(delivery_t *delivery, queue_entry_t const *entry, size_t filled) {
  queue_stream_t stream;
  ssize_t n;
  queue_entry_stream(entry, &stream);
  do {
    n = queue_stream_read(&stream, buffer + filled, sizeof buffer - filled);
    if (n < 0) return -1;
    filled += (size_t)n;
    if (n && filled < sizeof buffer) continue;
    if (maildir_write(&delivery->message, buffer, filled) < 0) return -1;
    filled = 0;
  } while (n);
  return 0;
}

static bool shares_quota(mailbox_t const *a, mailbox_t const *b) {
  return a->has_quota && a->root.device == b->root.device && a->root.inode == b->root.inode;
}

/* Is there room for so many bytes, and for what the batch has for the same Maildir already? */
static bool has_room(delivery_t *delivery, uint64_t bytes) {
  maildir_usage_t more = {bytes, 1};
  mailbox_t const *mailbox = delivery->mailbox;
  if (!mailbox->has_quota) return true;
  for (delivery_t const *other = batch; other < delivery; other++) {
    if (other->failed || !shares_quota(other->mailbox, mailbox)) continue;
    more.bytes += other->message.size;
    more.messages++;
  }
  if (maildir_quota_check(mailbox->folder, mailbox->quota, &more, time(0)) == 0) return true;
  if (errno != EDQUOT)
    fail(delivery, "count what is in the Maildir");
  else if (full_for_good)
    refuse(delivery, "5.2.2 the mailbox is full");
  else
    defer(delivery, "4.2.2 the mailbox is full");
  return false;
}

static uint64_t edited_size(queue_entry_t const *entry) {
  queue_stream_t stream;
  queue_entry_stream(entry, &stream);
  return queue_stream_size(&stream);
}

static void write_message(delivery_t *delivery, worker_job_t const *job,
                          queue_entry_t const *entry) {
  size_t filled = delivery_return_path(buffer, job->sender);
  filled += delivery_delivered_to(buffer + filled, job->recipient);
  if (!has_room(delivery, filled + edited_size(entry))) return;
  if (create(delivery) < 0) {
    fail(delivery, "create a file in tmp");
  } else if (copy(delivery, entry, filled) < 0) {
    fail(delivery, "copy the message");
    maildir_discard(&delivery->message, delivery->mailbox->folder);
  }
}

/* A message that came back would come back again. */
static bool ends_loop(delivery_t *delivery, worker_job_t const *job, queue_entry_t const *entry) {
  int loop = delivery_is_loop(entry, job->recipient);
  if (loop < 0) fail(delivery, "read the message");
  if (loop > 0) refuse(delivery, DELIVERY_LOOP_TEXT);
  return loop;
}

/* False if the delivery has come to its end. */
static bool find_place(delivery_t *delivery, worker_job_t const *job) {
  char problem[DELIVERY_PROBLEM_SIZE];
  route_terms_t terms;
  if (delivery_terms(&terms, &routes, ROUTE_MAILDIR, job, problem) < 0)
    return defer(delivery, problem), false;
  delivery->mailbox = use_mailbox(job->argument, terms.quota);
  if (!delivery->mailbox) fail(delivery, "open the Maildir");
  return delivery->mailbox;
}

static void start_delivery(delivery_t *delivery, worker_job_t const *job) {
  queue_entry_t entry;
  *delivery = (delivery_t){.number = job->number, .kind = CHAIN_ACCEPT};
  if (!find_place(delivery, job)) {
    close(job->fd);
  } else if (queue_entry_from_fd(&entry, job->fd) < 0) {
    fail(delivery, "read the queue entry");
    close(job->fd);
  } else {
    if (!ends_loop(delivery, job, &entry)) write_message(delivery, job, &entry);
    queue_entry_close(&entry);
  }
}

/* One by one, as they are written: all at once they would stand in the way of those who accept
   messages on the same disk. */
static void begin_sync(delivery_t const *delivery) {
  if (!delivery->failed) sync_begin(delivery->message.fd);
}

/* What the disk was asked to begin with together shares what the file system commits for it; each
   file is still synced by itself. */
static void sync_messages(void) {
  sync_file_t *files[WORKER_BATCH_MAX];
  size_t count = 0;
  for (size_t i = 0; i < jobs; i++) {
    if (batch[i].failed) continue;
    batch[i].sync.fd = batch[i].message.fd;
    files[count++] = &batch[i].sync;
  }
  if (jobs > 1) begin_sync(&batch[jobs - 1]);
  sync_files(files, count);
}

static void close_messages(void) {
  for (size_t i = 0; i < jobs; i++) {
    if (batch[i].failed) continue;
    if (maildir_close(&batch[i].message) == 0 && !(errno = batch[i].sync.error)) continue;
    fail(&batch[i], "sync the file");
    maildir_discard(&batch[i].message, batch[i].mailbox->folder);
  }
}

static void publish_files(void) {
  for (size_t i = 0; i < jobs; i++) {
    if (batch[i].failed) continue;
    if (maildir_publish(&batch[i].message, batch[i].mailbox->folder) == 0) {
      batch[i].mailbox->dirty = true;
      continue;
    }
    fail(&batch[i], "rename the file into new");
    maildir_discard(&batch[i].message, batch[i].mailbox->folder);
  }
}

static void sync_mailboxes(void) {
  sync_file_t *folders[MAILBOXES_MAX];
  size_t count = 0;
  for (mailbox_t *mailbox = mailboxes; mailbox < mailboxes + open_mailboxes; mailbox++) {
    mailbox->sync = (sync_file_t){mailbox->folder, 0};
    if (mailbox->dirty) folders[count++] = &mailbox->sync;
    mailbox->dirty = false;
  }
  sync_files(folders, count);
}

static void withdraw_unsynced(void) {
  for (size_t i = 0; i < jobs; i++) {
    if (batch[i].failed || !(errno = batch[i].mailbox->sync.error)) continue;
    fail(&batch[i], "sync new");
    maildir_withdraw(&batch[i].message, batch[i].mailbox->folder);
  }
}

static void count_messages(void) {
  for (size_t i = 0; i < jobs; i++)
    if (!batch[i].failed && batch[i].mailbox->has_quota)
      maildir_quota_add(batch[i].mailbox->folder, batch[i].message.size);
}

static void send_results(char const *s, size_t len) {
  while (len) {
    ssize_t n = send(0, s, len, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) strerr_diefu1sys(111, "report");
    s += n;
    len -= (size_t)n;
  }
}

static void report(void) {
  size_t len = 0;
  for (size_t i = 0; i < jobs; i++) {
    if (sizeof buffer - len < WORKER_RESULT_MAX) {
      send_results(buffer, len);
      len = 0;
    }
    len += worker_result_format(buffer + len, batch[i].number, batch[i].kind, batch[i].text);
  }
  send_results(buffer, len);
}

/* ---- taking jobs ---- */

/* Waits for a job. Maildirs that were just in use stay open for a second more, and then no longer:
   someone may wish to unmount them. */
static int wait_for_jobs(void) {
  struct pollfd socket = {0, POLLIN, 0};
  int result = open_mailboxes ? worker_input_read(&input, 0, true) : -1;
  if (result >= 0 || (open_mailboxes && errno != EAGAIN)) return result;
  close_mailboxes();
  if (poll(&socket, 1, -1) < 0) return -1;
  return worker_input_read(&input, 0, true);
}

/* 1, 0 at the end, -1 if nothing is at hand; the first job is waited for. */
static int read_jobs(void) {
  int result = jobs ? worker_input_read(&input, 0, false) : wait_for_jobs();
  if (result < 0 && errno != EAGAIN && errno != EINTR) strerr_diefu1sys(111, "read jobs");
  return result;
}

/* Mail is better delivered without a quota than not at all. */
static void read_routes(void) {
  static int warned;
  int result = route_refresh(&routes, routes_path), error = result < 0 ? errno : 0;
  if (result > 0) close_mailboxes(); /* their quotas are those of the old ones */
  if (error && error != warned) strerr_warnwu1sys("read the routes");
  warned = error;
}

/* Takes and writes what is at hand, and waits for the first. False at the end of all jobs. */
static bool take_jobs(void) {
  worker_job_t job;
  int more = 1;
  jobs = 0;
  if (open_mailboxes > WORKER_BATCH_MAX || time(0) != opened) close_mailboxes();
  for (uint64_t bytes = 0; jobs < WORKER_BATCH_MAX && bytes < BATCH_BYTES;) {
    int taken = worker_job_next(&input, &job);
    if (taken < 0) strerr_diefu1sys(111, "understand a job");
    if (taken) {
      if (!jobs) read_routes();
      if (jobs) begin_sync(&batch[jobs - 1]);
      delivery_t *delivery = &batch[jobs++];
      start_delivery(delivery, &job);
      bytes += delivery->message.size;
    } else if ((more = read_jobs()) <= 0) {
      break;
    }
  }
  return more != 0;
}

/* ---- set-up ---- */

static void set_umask(char const *s) {
  unsigned int mask;
  if (!uint0_oscan(s, &mask) || mask > 0777) strerr_dief2x(100, "not a umask: ", s);
  umask(mask);
}

static void set_quota(char const *s) {
  static maildir_usage_t every;
  if (maildir_quota_read(&every, s) < 0) strerr_dief2x(100, "not a quota: ", s);
  quota = &every;
}

static void allow_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) strerr_diefu1sys(111, "getrlimit");
  if (limit.rlim_cur >= FDS_MAX) return;
  limit.rlim_cur = FDS_MAX;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) strerr_diefu1sys(111, "have enough file descriptors");
}

static void prepare_socket(void) {
  struct timeval const second = {1, 0};
  if (setsockopt(0, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second) < 0)
    strerr_diefu1sys(111, "use descriptor 0 as a socket");
}

static void parse_options(int argc, char const *const *argv) {
  char const *root = 0;
  umask(077);
  for (int option; (option = sgetopt_r(argc, argv, "d:u:q:R:efph", &subgetopt_here)) != -1;) {
    switch (option) {
    case 'd': root = subgetopt_here.arg; break;
    case 'u': set_umask(subgetopt_here.arg); break;
    case 'q': set_quota(subgetopt_here.arg); break;
    case 'R': routes_path = subgetopt_here.arg; break;
    case 'e': make_missing = false; break;
    case 'f': make_folders = false; break;
    case 'p': full_for_good = true; break;
    case 'h': strerr_dieusage(0, USAGE);
    default: strerr_dieusage(100, USAGE);
    }
  }
  if (subgetopt_here.ind != argc) strerr_dieusage(100, USAGE);
  if (root && chdir(root) < 0) strerr_diefu2sys(111, "change to ", root);
}

int main(int argc, char const *const *argv) {
  char name[MAILDIR_HOST_SIZE];
  parse_options(argc, argv);
  allow_descriptors();
  prepare_socket();
  if (gethostname(name, sizeof name - 1) < 0) strerr_diefu1sys(111, "get the host's name");
  name[sizeof name - 1] = 0;
  maildir_writer_init(&writer, (uint64_t)getpid(), name);
  if (confine_writer() < 0) strerr_diefu1sys(111, "give up privileges");
  worker_input_init(&input);
  for (bool more = true; more;) {
    more = take_jobs();
    sync_messages();
    close_messages();
    publish_files();
    sync_mailboxes();
    withdraw_unsynced();
    count_messages();
    report();
  }
  return 0;
}
