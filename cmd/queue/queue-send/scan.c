#include "scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>

#include "index.h"
#include "report.h"

#define STEP          1000      /* folder entries read in one go */
#define PIPE_SIZE     (1 << 20) /* what Linux gives to ordinary users */
#define PAGE          4096
#define STALE_SECONDS 129600 /* 36 hours: the writer of a file in tmp/ must be dead */

/* ---- the trigger ---- */

static int trigger;
static char unread[65536];
static size_t unread_len;

/* Open for writing too: it must not end when a writer closes it. */
void trigger_open(void) {
  int queue = open2(settings.queue, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat status;
  if (queue < 0) strerr_diefu2sys(111, "open ", settings.queue);
  if (mkfifoat(queue, "trigger", 0600) == 0) {
    if (fchmodat(queue, "trigger", 0620, 0) < 0) strerr_diefu1sys(111, "chmod trigger");
  } else if (errno != EEXIST) {
    strerr_diefu3sys(111, "make ", settings.queue, "/trigger");
  }
  trigger = openat(queue, "trigger", O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (trigger < 0 || fstat(trigger, &status) < 0)
    strerr_diefu3sys(111, "open ", settings.queue, "/trigger");
  if (!S_ISFIFO(status.st_mode)) strerr_dief2x(100, settings.queue, "/trigger is not a FIFO");
#ifdef F_SETPIPE_SZ
  fcntl(trigger, F_SETPIPE_SZ, PIPE_SIZE);
#endif
  close(queue);
}

int trigger_fd(void) {
  return trigger;
}

/* The next scan, which comes soon then, finds what there was no memory for. */
static bool missed;

static void miss(char const *folder_name, int error) {
  if (!missed) report_trouble("scan-failed", "folder", folder_name, error);
  missed = true;
}

bool scan_missed(void) {
  return missed;
}

/* NULL: it is known, or there is no memory. */
static item_t *learn(char const *name) {
  item_t *item = index_add(name);
  if (!item && !index_knows(name)) miss("new", ENOMEM);
  return item;
}

static void hear_of(char const *name) {
  if (!queue_name_valid(name)) return;
  item_t *item = learn(name);
  if (!item) return index_hurry(name, time_now());
  item->fresh = chain_id_time(name) > settings.started;
  index_ready(item);
}

/* What someone wrote without a newline does not spoil the name behind it. */
static void take_names(void) {
  char *name = unread, *end = unread + unread_len;
  for (char *newline; (newline = memchr(name, '\n', (size_t)(end - name))); name = newline + 1) {
    *newline = 0;
    if (newline - name > QUEUE_NAME_SIZE) name = newline - QUEUE_NAME_SIZE;
    hear_of(name);
  }
  unread_len = (size_t)(end - name);
  memmove(unread, name, unread_len);
}

/* A buffer filled by one read means that the pipe held a lot: it may have been full, and names
   lost. A pipe of the usual size is full before the buffer is: no name is cut at a page's end. */
void trigger_read(void) {
  ssize_t n = read(trigger, unread + unread_len, sizeof unread - unread_len);
  if (n <= 0) return;
  unread_len += (size_t)n;
  if (unread_len > sizeof unread - PAGE) scan_start();
  take_names();
  if (unread_len > QUEUE_NAME_SIZE) unread_len = 0;
}

/* ---- the folders ---- */

static DIR *directory;
static bool again; /* a scan was asked for while one runs */

static bool found_entry(char const *name) {
  item_t *item;
  if (!queue_name_valid(name) || !(item = learn(name))) return false;
  item->verify = true;
  index_wait(item, entry_born(name, time_now()));
  return true;
}

/* A log whose entry is gone: queue-send was killed between the two. */
static bool found_state(char const *name) {
  struct stat status;
  if (!queue_name_valid(name) || index_knows(name)) return false;
  if (fstatat(settings.new_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
    return false;
  return unlinkat(settings.state_fd, name, 0) == 0;
}

/* The file of an injector that was killed. */
static bool found_temporary(char const *name) {
  struct stat status;
  if (fstatat(settings.tmp_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return false;
  if (!S_ISREG(status.st_mode) || (uint64_t)status.st_ctime + STALE_SECONDS > time_now() / SECOND)
    return false;
  return unlinkat(settings.tmp_fd, name, 0) == 0;
}

/* new/ comes first: what is in the other two is judged by it. */
static struct folder {
  char const *name;
  int const *fd;
  bool (*found)(char const *name);
  char const *event;
} const folders[] = {
    {"new", &settings.new_fd, found_entry, "found"},
    {"state", &settings.state_fd, found_state, "removed"},
    {"tmp", &settings.tmp_fd, found_temporary, "removed"},
};
#define FOLDERS (sizeof folders / sizeof *folders)

static struct folder const *folder;
static uint64_t count;

static void open_folder(void) {
  int fd = openat(*folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  directory = fd < 0 ? 0 : fdopendir(fd);
  count = 0;
  if (directory) return;
  miss(folder->name, errno);
  if (fd >= 0) close(fd);
}

/* A folder that could not be opened ends the scan: the next one will try again. */
static void end_folder(void) {
  closedir(directory);
  directory = 0;
  if (count) report_count(folder->event, folder->name, count);
  if (++folder < folders + FOLDERS) {
    open_folder();
  } else if (again) {
    scan_start();
  }
}

bool scan_running(void) {
  return directory;
}

void scan_start(void) {
  again = directory;
  if (directory) return;
  missed = false;
  folder = folders;
  open_folder();
}

void scan_step(void) {
  for (unsigned i = 0; directory && i < STEP; i++) {
    errno = 0;
    struct dirent const *file = readdir(directory);
    if (!file) {
      if (errno) miss(folder->name, errno);
      end_folder();
    } else if (file->d_name[0] != '.') {
      count += folder->found(file->d_name);
    }
  }
}
