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
#include <skalibs/types.h>

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

/* ---- printing ---- */

static void put(char const *s) {
  if (buffer_puts(buffer_1, s) < 0) strerr_diefu1sys(111, "write");
}

static void put_safe(char const *s, size_t len) {
  print_t print = {.to = buffer_1};
  print_safe_bytes(&print, s, len);
  if (print.failed) strerr_diefu1sys(111, "write");
}

static void put_number(uint64_t number, char const *what) {
  char s[UINT64_FMT];
  s[uint64_fmt(s, number)] = 0;
  put(s);
  put(what);
}

/* Only the id of a name is told: the rest of it is a secret. */
static void complain(char const *name, char const *what, char const *why) {
  put_safe(name, queue_name_valid(name) ? CHAIN_ID_SIZE : strlen(name));
  put(": ");
  put(what);
  put(why);
  put("\n");
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
  if (queue_entry_open(&entry, new_fd, name, 0) < 0) return -1;
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

static void print_counts(void) {
  put_number(messages, messages == 1 ? " message" : " messages");
  if (damaged) {
    put(", ");
    put_number(damaged, " torn");
  }
  if (bad) {
    put(", ");
    put_number(bad, " bad");
  }
  put("\n");
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
  if (!buffer_flush(buffer_1)) strerr_diefu1sys(111, "write");
  return status;
}
