#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/types.h>

#include "maildir/maildir.h"

#define SIZES         "maildirsize"
#define TRUSTED       900 /* seconds that a count counts, even where others may have removed mail */
#define LINE_MAX_SIZE 64

/* ---- the root ---- */

static int open_folder(int at, char const *path) {
  return openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* new/ lies in the Maildir or, beside a file maildirfolder, in a folder of it. */
static int open_root(int folder) {
  bool is_subfolder = faccessat(folder, "../maildirfolder", F_OK, 0) == 0;
  return open_folder(folder, is_subfolder ? "../.." : "..");
}

int maildir_root_find(maildir_root_t *root, int folder) {
  struct stat status;
  int fd = open_root(folder);
  if (fd < 0) return -1;
  int result = fstat(fd, &status), error = errno;
  root->has_sizes = faccessat(fd, SIZES, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  close(fd);
  errno = error;
  root->device = status.st_dev;
  root->inode = status.st_ino;
  return result;
}

/* ---- counting ---- */

typedef struct count {
  maildir_usage_t used;
  struct timespec newest; /* change of a folder */
} count_t;

/* The size that a name tells, or 0. */
static uint64_t size_in_name(char const *name) {
  uint64_t size;
  char const *s = strstr(name, ",S=");
  return s && uint64_scan(s + 3, &size) ? size : 0;
}

static bool is_deleted(char const *name) {
  char const *flags = strstr(name, ":2,");
  return flags && strchr(flags, 'T');
}

static void count_message(count_t *count, int folder, char const *name) {
  struct stat status;
  if (*name == '.' || is_deleted(name)) return;
  uint64_t size = size_in_name(name);
  if (!size) {
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode)) return;
    size = (uint64_t)status.st_size;
  }
  count->used.bytes += size;
  count->used.messages++;
}

static bool is_newer(struct timespec const *a, struct timespec const *b) {
  return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

typedef void folder_f(count_t *count, int folder);

static void count_messages(count_t *count, int folder) {
  int fd = dup(folder);
  DIR *directory = fd < 0 ? NULL : fdopendir(fd);
  if (!directory) {
    if (fd >= 0) close(fd);
    return;
  }
  for (struct dirent const *file; (file = readdir(directory));)
    count_message(count, folder, file->d_name);
  closedir(directory);
}

static void look_only(count_t *count, int folder) {
  (void)count;
  (void)folder;
}

/* new/ and cur/ of one folder. */
static void visit_parts(count_t *count, int folder, folder_f *visit) {
  static char const *const parts[] = {"new", "cur"};
  struct stat status;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    int part = open_folder(folder, parts[i]);
    if (part < 0) continue;
    if (fstat(part, &status) == 0 && is_newer(&status.st_mtim, &count->newest))
      count->newest = status.st_mtim;
    visit(count, part);
    close(part);
  }
}

static bool is_counted_folder(char const *name) {
  return *name == '.' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
         strcmp(name, ".Trash") != 0;
}

/* The Maildir and its folders. 0, or -1 with errno. */
static int visit_all(count_t *count, int root, folder_f *visit) {
  *count = (count_t){.newest = {0, 0}};
  int fd = open_folder(root, ".");
  DIR *directory = fd < 0 ? NULL : fdopendir(fd);
  if (!directory) {
    if (fd >= 0) close(fd);
    return -1;
  }
  visit_parts(count, root, visit);
  for (struct dirent const *file; (file = readdir(directory));) {
    int folder = is_counted_folder(file->d_name) ? open_folder(root, file->d_name) : -1;
    if (folder < 0) continue;
    visit_parts(count, folder, visit);
    close(folder);
  }
  closedir(directory);
  return 0;
}

/* ---- the file ---- */

static size_t put_quota(char *out, maildir_usage_t const *quota) {
  size_t len = (size_t)sprintf(out, "%juS", (uintmax_t)quota->bytes);
  if (quota->messages) len += (size_t)sprintf(out + len, ",%juC", (uintmax_t)quota->messages);
  out[len++] = '\n';
  return len;
}

static int write_sizes(int fd, maildir_usage_t const *quota, maildir_usage_t const *used) {
  char text[3 * LINE_MAX_SIZE];
  size_t len = put_quota(text, quota);
  len +=
      (size_t)sprintf(text + len, "%ju %ju\n", (uintmax_t)used->bytes, (uintmax_t)used->messages);
  return allwrite(fd, text, len) == len ? 0 : -1;
}

/* In tmp/ first: whoever reads it sees all of it. */
static int install(int root, maildir_usage_t const *quota, maildir_usage_t const *used) {
  char path[64];
  snprintf(path, sizeof path, "tmp/" SIZES ".%ju", (uintmax_t)getpid());
  unlinkat(root, path, 0);
  int fd = openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0) return -1;
  int result = write_sizes(fd, quota, used);
  if (close(fd) < 0) result = -1;
  if (result == 0 && renameat(root, path, root, SIZES) == 0) return 0;
  int error = errno;
  unlinkat(root, path, 0);
  return errno = error, -1;
}

/* Counts anew. What changes meanwhile may or may not be in the count: then it serves this once, as
   it does where there is no tmp/ yet, which a delivery makes. */
static int recount(maildir_sizes_t *sizes, int root) {
  count_t count, after;
  if (visit_all(&count, root, count_messages) < 0) return -1;
  sizes->used = count.used;
  sizes->lines = 1;
  if (visit_all(&after, root, look_only) < 0) return -1;
  if (is_newer(&after.newest, &count.newest)) return 0;
  return install(root, &sizes->quota, &count.used) < 0 && errno != ENOENT ? -1 : 0;
}

/* A maildirsize as it was read. */
typedef struct record {
  maildir_sizes_t sizes;
  bool usable; /* not without counting anew, if false */
  int64_t written;
} record_t;

static int read_record(record_t *record, int root) {
  char text[MAILDIR_SIZES_MAX + 1];
  struct stat status;
  *record = (record_t){.usable = false};
  int fd = openat(root, SIZES, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? 0 : -1;
  ssize_t n = fstat(fd, &status) < 0 ? -1 : (ssize_t)allread(fd, text, sizeof text);
  int error = errno;
  close(fd);
  if (n < 0) return errno = error, -1;
  record->written = status.st_mtime;
  record->usable =
      maildir_sizes_parse(&record->sizes, text, (size_t)n) == 0 && n <= MAILDIR_SIZES_MAX;
  return 0;
}

/* ---- checking ---- */

static bool within(uint64_t limit, uint64_t used, uint64_t more) {
  return !limit || (used <= limit && more <= limit - used);
}

static bool has_room(maildir_sizes_t const *sizes, maildir_usage_t const *more) {
  return within(sizes->quota.bytes, sizes->used.bytes, more->bytes) &&
         within(sizes->quota.messages, sizes->used.messages, more->messages);
}

static bool is_same(maildir_usage_t const *a, maildir_usage_t const *b) {
  return a->bytes == b->bytes && a->messages == b->messages;
}

static bool is_unlimited(maildir_usage_t const *quota) {
  return !quota->bytes && !quota->messages;
}

static int check_root(int root, maildir_usage_t const *quota, maildir_usage_t const *more,
                      int64_t now) {
  record_t record;
  if (read_record(&record, root) < 0) return -1;
  maildir_sizes_t *sizes = &record.sizes;
  if (!quota && is_unlimited(&sizes->quota)) return 0;
  bool counted = !record.usable || !sizes->lines || (quota && !is_same(quota, &sizes->quota));
  if (quota) sizes->quota = *quota;
  if (counted && recount(sizes, root) < 0) return -1;
  if (has_room(sizes, more)) return 0;
  bool trusted = counted || (sizes->lines <= 1 && now - record.written < TRUSTED);
  if (!trusted && recount(sizes, root) < 0) return -1;
  return has_room(sizes, more) ? 0 : (errno = EDQUOT, -1);
}

int maildir_quota_check(int folder, maildir_usage_t const *quota, maildir_usage_t const *more,
                        int64_t now) {
  int root = open_root(folder);
  if (root < 0) return -1;
  int result = check_root(root, quota, more, now), error = errno;
  close(root);
  return errno = error, result;
}

void maildir_quota_add(int folder, uint64_t bytes) {
  char line[LINE_MAX_SIZE];
  int root = open_root(folder);
  if (root < 0) return;
  int fd = openat(root, SIZES, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
  close(root);
  if (fd < 0) return;
  size_t len = (size_t)sprintf(line, "%ju 1\n", (uintmax_t)bytes);
  fd_write(fd, line, len);
  close(fd);
}
