/* Sessions in memory that processes share: a cache of few ways. Where one lies follows from a keyed
 * hash, so that nobody can choose keys that fall together; a process that is killed in the middle
 * of a change costs what is in it, and harms nobody. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "keyd/keyd.h"

#define WAYS 8 /* slots that a session may be in */

typedef struct slot {
  unsigned char name[br_sha256_SIZE]; /* of its part and key */
  uint32_t born;
  uint16_t len; /* 0: empty */
  unsigned char session[KEYD_SESSION_MAX];
} slot_t;

struct keyd_sessions {
  pthread_mutex_t mutex;
  size_t size; /* bytes in all */
  size_t parts, sets;
  unsigned int lifetime;
  unsigned char seed[32];
  slot_t slots[]; /* parts times sets times WAYS */
};

static int mutex_make(pthread_mutex_t *mutex) {
  pthread_mutexattr_t kind;
  int error = pthread_mutexattr_init(&kind);
  if (!error) error = pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
  if (!error) error = pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
  if (!error) error = pthread_mutex_init(mutex, &kind);
  return error ? (errno = error, -1) : 0;
}

keyd_sessions_t *keyd_sessions_new(size_t parts, size_t each, unsigned int lifetime) {
  size_t const sets = (each + WAYS - 1) / WAYS;
  size_t const size = sizeof(keyd_sessions_t) + parts * sets * WAYS * sizeof(slot_t);
  keyd_sessions_t *const sessions =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (sessions == MAP_FAILED) return NULL;
  madvise(sessions, size, MADV_DONTDUMP);
  sessions->size = size;
  sessions->parts = parts;
  sessions->sets = sets;
  sessions->lifetime = lifetime;
  if (mutex_make(&sessions->mutex) == 0 &&
      getrandom(sessions->seed, sizeof sessions->seed, 0) == sizeof sessions->seed)
    return sessions;
  int const error = errno;
  munmap(sessions, size);
  return errno = error, NULL;
}

/* ---- the lock -------------------------------------------------------------------------------- */

static void wipe(keyd_sessions_t *sessions) {
  cert_wipe(sessions->slots, sessions->size - sizeof *sessions);
}

/* If its last owner died, nobody knows what it had half written. False: there is no lock. */
static bool lock(keyd_sessions_t *sessions) {
  int const error = pthread_mutex_lock(&sessions->mutex);
  if (error != EOWNERDEAD) return !error;
  wipe(sessions);
  return !pthread_mutex_consistent(&sessions->mutex);
}

static void unlock(keyd_sessions_t *sessions) {
  pthread_mutex_unlock(&sessions->mutex);
}

/* ---- places ---------------------------------------------------------------------------------- */

typedef unsigned char name_t[br_sha256_SIZE];

static void name_of(name_t name, keyd_sessions_t const *sessions, size_t part, cert_bytes_t key) {
  br_sha256_context hash;
  br_sha256_init(&hash);
  br_sha256_update(&hash, sessions->seed, sizeof sessions->seed);
  br_sha256_update(&hash, &part, sizeof part);
  br_sha256_update(&hash, key.at, key.len);
  br_sha256_out(&hash, name);
}

/* The slots that a name may be in. */
static slot_t *ways_of(keyd_sessions_t *sessions, size_t part, name_t const name) {
  uint64_t number;
  memcpy(&number, name, sizeof number);
  return sessions->slots + (part * sessions->sets + number % sessions->sets) * WAYS;
}

static slot_t *find(keyd_sessions_t *sessions, size_t part, name_t const name) {
  slot_t *const ways = ways_of(sessions, part, name);
  for (size_t i = 0; i < WAYS; i++)
    if (ways[i].len && !memcmp(ways[i].name, name, sizeof ways[i].name)) return &ways[i];
  return NULL;
}

static slot_t *oldest(slot_t *ways) {
  slot_t *oldest = ways;
  for (size_t i = 0; i < WAYS; i++) {
    if (!ways[i].len) return &ways[i];
    if (ways[i].born < oldest->born) oldest = &ways[i];
  }
  return oldest;
}

static void clear(slot_t *slot) {
  cert_wipe(slot, offsetof(slot_t, session) + slot->len);
}

static bool is_old(keyd_sessions_t const *sessions, slot_t const *slot, uint32_t now) {
  return now - slot->born >= sessions->lifetime;
}

/* ---- what is done with them ------------------------------------------------------------------ */

void keyd_sessions_put(keyd_sessions_t *sessions, size_t part, uint32_t now, cert_bytes_t key,
                       cert_bytes_t session) {
  name_t name;
  if (!session.len || session.len > KEYD_SESSION_MAX) return;
  name_of(name, sessions, part, key);
  if (!lock(sessions)) return;
  slot_t *slot = find(sessions, part, name);
  if (!slot) slot = oldest(ways_of(sessions, part, name));
  clear(slot);
  memcpy(slot->name, name, sizeof name);
  memcpy(slot->session, session.at, session.len);
  slot->born = now;
  slot->len = (uint16_t)session.len;
  unlock(sessions);
}

static slot_t *find_fresh(keyd_sessions_t *sessions, size_t part, uint32_t now, name_t const name) {
  slot_t *const slot = find(sessions, part, name);
  if (!slot || !is_old(sessions, slot, now)) return slot;
  clear(slot);
  return NULL;
}

int keyd_sessions_get(keyd_sessions_t *sessions, size_t part, uint32_t now, cert_bytes_t key,
                      unsigned char session[KEYD_SESSION_MAX], size_t *len) {
  name_t name;
  name_of(name, sessions, part, key);
  if (!lock(sessions)) return errno = ENOENT, -1;
  slot_t const *const slot = find_fresh(sessions, part, now, name);
  if (slot) memcpy(session, slot->session, *len = slot->len);
  unlock(sessions);
  return slot ? 0 : (errno = ENOENT, -1);
}

int keyd_sessions_drop(keyd_sessions_t *sessions, size_t part, cert_bytes_t key) {
  name_t name;
  name_of(name, sessions, part, key);
  if (!lock(sessions)) return errno = ENOENT, -1;
  slot_t *const slot = find(sessions, part, name);
  if (slot) clear(slot);
  unlock(sessions);
  return slot ? 0 : (errno = ENOENT, -1);
}

void keyd_sessions_sweep(keyd_sessions_t *sessions, uint32_t now) {
  size_t const count = sessions->parts * sessions->sets * WAYS;
  if (!lock(sessions)) return;
  for (size_t i = 0; i < count; i++)
    if (sessions->slots[i].len && is_old(sessions, &sessions->slots[i], now))
      clear(&sessions->slots[i]);
  unlock(sessions);
}
