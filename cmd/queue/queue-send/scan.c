#include "scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "index.h"
#include "report.h"

#define STEP          1000   /* folder entries read in one go */
#define STALE_SECONDS 129600 /* 36 hours: the writer of a file in tmp/ must be dead */

/* The next scan, which comes soon then, finds what there was no memory for. */
static bool missed;

static void miss(char const *folder_name, int error) {
  if (!missed) report_trouble("scan-failed", "folder", folder_name, error);
  missed = true;
}

bool scan_missed(void) {
  return missed;
}

item_t *scan_learn(char const *name) {
  item_t *item = index_add(name);
  if (!item && !index_knows(name)) miss("new", ENOMEM);
  return item;
}

/* ---- the folders ---- */

static DIR *directory;
static bool again; /* a scan was asked for while one runs */

static bool found_entry(char const *name) {
  item_t *item;
  if (!queue_name_valid(name) || !(item = scan_learn(name))) return false;
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
  directory = fd < 0 ? NULL : fdopendir(fd);
  count = 0;
  if (directory) return;
  miss(folder->name, errno);
  if (fd >= 0) close(fd);
}

/* A folder that could not be opened ends the scan: the next one will try again. */
static void end_folder(void) {
  closedir(directory);
  directory = NULL;
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
