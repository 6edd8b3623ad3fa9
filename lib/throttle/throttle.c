#include "throttle/throttle.h"

#include <bearssl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock/clock.h"
#include "net/net.h"

#define SETS  1024
#define WAYS  4 /* places of a set */
#define MAGIC "chainmail throttle 1\n\0\0"

#define LOCK_TRIES 100
#define LOCK_WAIT  10 /* milliseconds */
#define TURN_WAIT  160

/* A network's failures are one moment: each puts it off by the time after which one is forgotten,
   so that they are forgotten as time goes by, without anybody's doing. */
typedef struct slot {
  uint64_t key;   /* 0: free */
  uint64_t until; /* when the last of its failures is forgotten */
} slot_t;

#define MAGIC_SIZE  24
#define SECRET_SIZE 32
#define HEAD_SIZE   (MAGIC_SIZE + SECRET_SIZE)

typedef struct set {
  slot_t slots[WAYS];
} set_t;

#define FILE_SIZE (HEAD_SIZE + SETS * sizeof(set_t))

/* ---- the file: a magic, a secret, and the sets ---------------------------------------------- */

/* It is held for microseconds; for whoever was stopped with it nobody waits long. */
static int lock(throttle_t const *throttle, int how) {
  for (unsigned int tries = 0; flock(throttle->fd, how | LOCK_NB) < 0; tries++) {
    if ((errno != EWOULDBLOCK && errno != EINTR) || tries == LOCK_TRIES) return -1;
    poll(NULL, 0, LOCK_WAIT);
  }
  return 0;
}

static void unlock(throttle_t const *throttle) {
  int const error = errno;
  flock(throttle->fd, LOCK_UN);
  errno = error;
}

static int write_at(throttle_t const *throttle, void const *bytes, size_t len, size_t at) {
  ssize_t const n = pwrite(throttle->fd, bytes, len, (off_t)at);
  if (n == (ssize_t)len) return 0;
  return n < 0 ? -1 : (errno = ENOSPC, -1);
}

static int read_at(throttle_t const *throttle, void *bytes, size_t len, size_t at) {
  ssize_t const n = pread(throttle->fd, bytes, len, (off_t)at);
  if (n == (ssize_t)len) return 0;
  return n < 0 ? -1 : (errno = EPROTO, -1);
}

/* Nobody outside can make networks meet in one set: the secret is the file's own. */
static int make_head(throttle_t const *throttle) {
  char head[HEAD_SIZE] = MAGIC;
  if (getrandom(head + MAGIC_SIZE, SECRET_SIZE, 0) != SECRET_SIZE) return -1;
  return write_at(throttle, head, sizeof head, 0);
}

/* Zeros, not a hole: who counts needs no room any more. */
static int make_sets(throttle_t const *throttle) {
  static set_t const none[SETS];
  return write_at(throttle, none, sizeof none, HEAD_SIZE);
}

/* Whoever finds the file empty, or with the beginning of a head, makes it, and whoever finds it
   unfinished finishes it: a disk that was full stops nobody once it is not. */
static int use_file(throttle_t *throttle) {
  char head[HEAD_SIZE];
  struct stat st;
  if (fstat(throttle->fd, &st) < 0) return -1;
  size_t const size = (size_t)st.st_size;
  if (!S_ISREG(st.st_mode) || size > FILE_SIZE) return errno = EPROTO, -1;
  if (read_at(throttle, head, size < sizeof head ? size : sizeof head, 0) < 0) return -1;
  if (memcmp(head, MAGIC, size < MAGIC_SIZE ? size : MAGIC_SIZE)) return errno = EPROTO, -1;
  if (size < sizeof head &&
      (make_head(throttle) < 0 || read_at(throttle, head, sizeof head, 0) < 0))
    return -1;
  memcpy(throttle->secret, head + MAGIC_SIZE, SECRET_SIZE);
  return size < FILE_SIZE ? make_sets(throttle) : 0;
}

int throttle_open(throttle_t *throttle, char const *path, unsigned int failures,
                  unsigned int seconds) {
  *throttle = (throttle_t){.failures = failures, .seconds = seconds};
  throttle->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0660);
  if (throttle->fd < 0) return -1;
  int const result = lock(throttle, LOCK_EX) < 0 ? -1 : use_file(throttle);
  unlock(throttle);
  throttle->is_open = result == 0;
  if (result == 0) return 0;
  int const error = errno;
  close(throttle->fd);
  return errno = error, -1;
}

/* ---- networks ------------------------------------------------------------------------------- */

static uint64_t key_of(throttle_t const *throttle, ip46 const *ip) {
  net_prefix_t network;
  br_sha256_context context;
  uint64_t words[br_sha256_SIZE / sizeof(uint64_t)];
  bool const is_v6 = ip46_is6(ip);
  net_prefix_of(&network, ip, is_v6 ? 64 : 32);
  br_sha256_init(&context);
  br_sha256_update(&context, throttle->secret, sizeof throttle->secret);
  br_sha256_update(&context, network.ip.ip, is_v6 ? 16 : 4);
  br_sha256_out(&context, words);
  return words[0] ? words[0] : 1;
}

static size_t place_of(uint64_t key) {
  return HEAD_SIZE + key % SETS * sizeof(set_t);
}

static slot_t *find(set_t *set, uint64_t key) {
  for (size_t i = 0; i < WAYS; i++)
    if (set->slots[i].key == key) return &set->slots[i];
  return NULL;
}

/* The place of who is nearest to being forgotten. */
static slot_t *make_room(set_t *set, uint64_t key) {
  slot_t *least = set->slots;
  for (slot_t *slot = least + 1; slot < set->slots + WAYS; slot++)
    if (slot->until < least->until) least = slot;
  *least = (slot_t){.key = key};
  return least;
}

/* How long failures may reach into the future; a clock that was set back must not lock anyone out
   for longer than failures can. */
static uint64_t reach(throttle_t const *throttle) {
  return (uint64_t)throttle->failures * throttle->seconds;
}

int throttle_is_over(throttle_t *throttle, ip46 const *ip, uint64_t now) {
  uint64_t const key = key_of(throttle, ip);
  set_t set;
  if (lock(throttle, LOCK_SH) < 0) return -1;
  int const result = read_at(throttle, &set, sizeof set, place_of(key));
  unlock(throttle);
  if (result < 0) return -1;
  slot_t const *slot = find(&set, key);
  uint64_t const until = slot ? slot->until : 0;
  /* With one failure less, the last of them would be forgotten one time earlier. */
  return until > now + reach(throttle) - throttle->seconds && until <= now + 2 * reach(throttle);
}

static void count(throttle_t const *throttle, set_t *set, uint64_t key, uint64_t now) {
  slot_t *slot = find(set, key);
  if (!slot) slot = make_room(set, key);
  if (slot->until < now || slot->until > now + 2 * reach(throttle)) slot->until = now;
  if (slot->until < now + reach(throttle)) slot->until += throttle->seconds;
}

int throttle_count(throttle_t *throttle, ip46 const *ip, uint64_t now) {
  uint64_t const key = key_of(throttle, ip);
  set_t set;
  if (lock(throttle, LOCK_EX) < 0) return -1;
  int result = read_at(throttle, &set, sizeof set, place_of(key));
  if (result == 0) count(throttle, &set, key, now);
  if (result == 0) result = write_at(throttle, &set, sizeof set, place_of(key));
  unlock(throttle);
  return result;
}

/* ---- places -----------------------------------------------------------------------------------
 *
 * A place is a lock of a byte behind the file's end. */

static int set_place(throttle_t const *throttle, unsigned int place, short type) {
  struct flock lock = {
      .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)(FILE_SIZE + place), .l_len = 1};
  return fcntl(throttle->fd, F_OFD_SETLK, &lock);
}

/* 1; 0: all are taken; or -1. */
static int find_place(throttle_t *throttle, unsigned int places) {
  unsigned int const first = (unsigned int)getpid();
  for (unsigned int i = 0; i < places; i++) {
    throttle->place = (first + i) % places;
    if (set_place(throttle, throttle->place, F_WRLCK) == 0) return 1;
    if (errno != EAGAIN && errno != EACCES) return -1;
  }
  return 0;
}

/* A crowd that looks for a place all the time would take that from those who have one. */
int throttle_enter(throttle_t *throttle, unsigned int places, unsigned int milliseconds) {
  int wait = LOCK_WAIT;
  int64_t const deadline = clock_milliseconds() + milliseconds;
  for (;;) {
    int const found = find_place(throttle, places);
    if (found) return found > 0 ? 0 : -1;
    if (clock_milliseconds() >= deadline) return errno = ETIMEDOUT, -1;
    poll(NULL, 0, wait);
    if (wait < TURN_WAIT) wait *= 2;
  }
}

void throttle_leave(throttle_t *throttle) {
  set_place(throttle, throttle->place, F_UNLCK);
}
