#include "throttle/throttle.h"

#include <bearssl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/net.h"

#define SETS  1024
#define WAYS  4 /* places of a set */
#define MAGIC "chainmail throttle 1\n\0\0"

/* A network's failures are one moment: each puts it off by the time after which one is forgotten,
   so that they are forgotten as time goes by, without anybody's doing. */
typedef struct slot {
  uint64_t key;   /* 0: free */
  uint64_t until; /* when the last of its failures is forgotten */
} slot_t;

typedef struct head {
  char magic[24];
  unsigned char secret[32]; /* nobody outside can make networks meet in one set */
} head_t;

typedef struct throttle_file {
  head_t head;
  slot_t slots[SETS][WAYS];
} throttle_file_t;

/* ---- the file ---------------------------------------------------------------------------------
 */

static int lock(throttle_t const *throttle, int how) {
  int result;
  do result = flock(throttle->fd, how);
  while (result < 0 && errno == EINTR);
  return result;
}

/* Whoever finds the file empty makes it, under the lock. A crash between the two steps leaves a
   file that is refused, not one without a secret. */
static int make_file(throttle_t *throttle) {
  head_t head = {.magic = MAGIC};
  struct stat st;
  if (fstat(throttle->fd, &st) < 0) return -1;
  if (!S_ISREG(st.st_mode)) return errno = EPROTO, -1;
  if (st.st_size) return 0;
  if (getrandom(head.secret, sizeof head.secret, 0) != sizeof head.secret) return -1;
  ssize_t const written = pwrite(throttle->fd, &head, sizeof head, 0);
  if (written != sizeof head) return written < 0 ? -1 : (errno = EIO, -1);
  return ftruncate(throttle->fd, sizeof *throttle->file);
}

static int map_file(throttle_t *throttle) {
  struct stat st;
  if (fstat(throttle->fd, &st) < 0) return -1;
  if (st.st_size != sizeof *throttle->file) return errno = EPROTO, -1;
  void *const map =
      mmap(0, sizeof *throttle->file, PROT_READ | PROT_WRITE, MAP_SHARED, throttle->fd, 0);
  if (map == MAP_FAILED) return -1;
  throttle->file = map;
  if (!memcmp(throttle->file->head.magic, MAGIC, sizeof throttle->file->head.magic)) return 0;
  munmap(map, sizeof *throttle->file);
  throttle->file = 0;
  return errno = EPROTO, -1;
}

int throttle_open(throttle_t *throttle, char const *path, unsigned int failures,
                  unsigned int seconds) {
  *throttle = (throttle_t){.failures = failures, .seconds = seconds};
  throttle->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0660);
  if (throttle->fd < 0) return -1;
  int result = lock(throttle, LOCK_EX);
  if (result == 0) result = make_file(throttle);
  if (result == 0) result = map_file(throttle);
  if (result == 0) return lock(throttle, LOCK_UN);
  int const error = errno;
  close(throttle->fd);
  return errno = error, -1;
}

void throttle_close(throttle_t *throttle) {
  if (!throttle->file) return;
  munmap(throttle->file, sizeof *throttle->file);
  throttle->file = 0;
  close(throttle->fd);
}

/* ---- networks ---------------------------------------------------------------------------------
 */

static uint64_t key_of(throttle_t const *throttle, ip46 const *ip) {
  net_prefix_t network;
  br_sha256_context context;
  uint64_t words[br_sha256_SIZE / sizeof(uint64_t)];
  bool const is_v6 = ip46_is6(ip);
  net_prefix_of(&network, ip, is_v6 ? 64 : 32);
  br_sha256_init(&context);
  br_sha256_update(&context, throttle->file->head.secret, sizeof throttle->file->head.secret);
  br_sha256_update(&context, network.ip.ip, is_v6 ? 16 : 4);
  br_sha256_out(&context, words);
  return words[0] ? words[0] : 1;
}

static slot_t *set_of(throttle_t const *throttle, uint64_t key) {
  return throttle->file->slots[key % SETS];
}

static slot_t *find(throttle_t const *throttle, uint64_t key) {
  slot_t *set = set_of(throttle, key);
  for (size_t i = 0; i < WAYS; i++)
    if (set[i].key == key) return &set[i];
  return 0;
}

/* The place of who is nearest to being forgotten. */
static slot_t *make_room(throttle_t const *throttle, uint64_t key) {
  slot_t *set = set_of(throttle, key), *least = set;
  for (size_t i = 1; i < WAYS; i++)
    if (set[i].until < least->until) least = &set[i];
  *least = (slot_t){.key = key};
  return least;
}

/* How long failures may reach into the future; a clock that was set back must not lock anyone out
   for longer than failures can. */
static uint64_t reach(throttle_t const *throttle) {
  return (uint64_t)throttle->failures * throttle->seconds;
}

int throttle_is_over(throttle_t *throttle, ip46 const *ip, uint64_t now) {
  if (lock(throttle, LOCK_SH) < 0) return -1;
  slot_t const *slot = find(throttle, key_of(throttle, ip));
  uint64_t const until = slot ? slot->until : 0;
  if (lock(throttle, LOCK_UN) < 0) return -1;
  /* With one failure less, the last of them would be forgotten one time earlier. */
  return until > now + reach(throttle) - throttle->seconds && until <= now + 2 * reach(throttle);
}

int throttle_count(throttle_t *throttle, ip46 const *ip, uint64_t now) {
  if (lock(throttle, LOCK_EX) < 0) return -1;
  uint64_t const key = key_of(throttle, ip);
  slot_t *slot = find(throttle, key);
  if (!slot) slot = make_room(throttle, key);
  if (slot->until < now || slot->until > now + 2 * reach(throttle)) slot->until = now;
  if (slot->until < now + reach(throttle)) slot->until += throttle->seconds;
  return lock(throttle, LOCK_UN);
}
