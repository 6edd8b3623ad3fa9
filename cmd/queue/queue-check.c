/* queue-check: see queue-check(1). */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/buffer.h>
#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "conf/conf.h"
#include "net/net.h"
#include "print/print.h"
#include "queue/queue.h"

char const *PROG = "queue-check";

#define USAGE "queue-check [-n] [-q queue]"

static char const *queue;
static bool read_only;
static int new_fd, state_fd, bad_fd;
static uint64_t messages, damaged, bad;
static int status; /* to exit with */
static print_t out = {.to = buffer_1};

/* ---- printing ---- */

/* Only the id of a name is told: the rest of it is a secret. */
static void complain(char const *name, char const *what, char const *why) {
  print_safe_bytes(&out, name, queue_name_valid(name) ? CHAIN_ID_SIZE : strlen(name));
  print_str(&out, ": ");
  print_str(&out, what);
  print_str(&out, why);
  print_str(&out, "\n");
  if (!status) status = 1;
}

/* ---- messages ---- */

static void set_aside(char const *name) {
  damaged++;
  if (read_only) return complain(name, "torn", "");
  if (renameat(new_fd, name, bad_fd, name) == 0) return complain(name, "torn, moved to bad/", "");
  if (errno == ENOENT) return; /* queue-send was faster */
  complain(name, "torn, but not moved: ", strerror(errno));
  status = 111;
}

/* 0, or -1 with errno, EBADMSG if it is not whole. */
static int verify(char const *name) {
  queue_entry_t entry;
  if (queue_entry_open(&entry, new_fd, name, NULL) < 0) return -1;
  int const result = queue_entry_verify(&entry);
  int const error = errno;
  queue_entry_close(&entry);
  return errno = error, result;
}

static void check_message(char const *name) {
  if (!queue_name_valid(name)) return complain(name, "not a message", "");
  if (verify(name) < 0) {
    if (errno == ENOENT) return; /* delivered since the folder was read */
    if (errno == EBADMSG)
      set_aside(name);
    else
      complain(name, "unreadable: ", strerror(errno));
  }
  messages++;
}

/* ---- logs ---- */

static bool is_there(int directory, char const *name) {
  struct stat file;
  return fstatat(directory, name, &file, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* The message goes before its log: that one is gone soon, too. */
static void check_log(char const *name) {
  if (!queue_name_valid(name)) return complain(name, "not a message", "");
  bool const orphan = !is_there(new_fd, name) && is_there(state_fd, name);
  if (orphan) complain(name, "a log without its message", "");
}

static void count_bad(char const *name) {
  if (queue_name_valid(name)) bad++;
}

/* ---- folders ---- */

static int open_folder(int directory, char const *name) {
  int const fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) strerr_diefu4sys(111, "open ", queue, "/", name);
  return fd;
}

static void check_folder(int directory, void (*check)(char const *name)) {
  DIR *folder = fdopendir(open_folder(directory, "."));
  if (!folder) strerr_diefu1sys(111, "read the queue");
  struct dirent const *file;
  while (errno = 0, (file = readdir(folder)))
    if (file->d_name[0] != '.') check(file->d_name);
  if (errno) strerr_diefu1sys(111, "read the queue");
  closedir(folder);
}

/* The queue's owner can put links to anywhere into it. */
static void open_queue(void) {
  char const *step;
  int const fd = open2(queue, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) strerr_diefu2sys(111, "open ", queue);
  new_fd = open_folder(fd, "new");
  state_fd = open_folder(fd, "state");
  bad_fd = open_folder(fd, "bad");
  if (net_become_owner(fd, &step) < 0)
    strerr_diefu4sys(111, "become the owner of ", queue, ": ", step);
  close(fd);
}

static void print_others(uint64_t count, char const *what) {
  if (!count) return;
  print_str(&out, ", ");
  print_uint(&out, count);
  print_str(&out, what);
}

static void print_counts(void) {
  print_count(&out, messages, "message", "messages");
  print_others(damaged, " torn");
  print_others(bad, " bad");
  print_str(&out, "\n");
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  queue = conf_queue();
  for (int option; (option = subgetopt_r(argc, argv, "nq:h", &options)) != -1;) {
    switch (option) {
    case 'n': read_only = true; break;
    case 'q': queue = options.arg; break;
    case 'h': strerr_dieusage(0, USAGE);
    default: strerr_dieusage(100, USAGE);
    }
  }
  if (options.ind < argc) strerr_dieusage(100, USAGE);
  open_queue();
  check_folder(new_fd, check_message);
  check_folder(state_fd, check_log);
  check_folder(bad_fd, count_bad);
  print_counts();
  if (print_end(&out) < 0) strerr_diefu1sys(111, "write");
  return status;
}
