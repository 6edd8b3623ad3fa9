#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "net/net.h"

/* ---- chains: numbered items in a hash table of lists ---- */

#define NONE UINT32_MAX

typedef struct net_chains {
  uint32_t mask;
  uint32_t *heads; /* a list for each hash */
  uint32_t free;   /* the list of items not in use */
  uint32_t next[];
} chains_t;

static chains_t *chains_new(uint32_t max) {
  uint32_t size = 1;
  while (size < max && size < UINT32_C(1) << 31) size *= 2;
  chains_t *const chains = malloc(sizeof *chains + ((size_t)max + size) * sizeof *chains->next);
  if (!chains) return NULL;
  chains->mask = size - 1;
  chains->heads = chains->next + max;
  for (uint32_t i = 0; i < size; i++) chains->heads[i] = NONE;
  for (uint32_t i = 0; i < max; i++) chains->next[i] = i + 1 < max ? i + 1 : NONE;
  chains->free = 0;
  return chains;
}

/* Takes a free item into the list of hash. There must be one. */
static uint32_t chains_add(chains_t *chains, uint64_t hash) {
  uint32_t *const head = &chains->heads[hash & chains->mask], item = chains->free;
  chains->free = chains->next[item];
  chains->next[item] = *head;
  *head = item;
  return item;
}

static void chains_remove(chains_t *chains, uint64_t hash, uint32_t item) {
  uint32_t *at = &chains->heads[hash & chains->mask];
  while (*at != item) at = &chains->next[*at];
  *at = chains->next[item];
  chains->next[item] = chains->free;
  chains->free = item;
}

/* ---- origins ---- */

struct net_origin_count {
  net_origin_t origin;
  unsigned int sessions;
};

void net_origin_of_ip(net_origin_t *origin, ip46 const *ip, unsigned int bits) {
  net_prefix_t prefix;
  net_prefix_of(&prefix, ip, bits);
  *origin = (net_origin_t){{ip46_is6(ip) ? 6 : 4, 0, 0}};
  memcpy(origin->words + 1, prefix.ip.ip, ip46_is6(ip) ? 16 : 4);
}

void net_origin_of_uid(net_origin_t *origin, uid_t uid) {
  *origin = (net_origin_t){{1, uid, 0}};
}

static uint64_t mix(uint64_t h) {
  h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
  h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
  return h ^ h >> 32;
}

static uint64_t hash_origin(net_sessions_t const *sessions, net_origin_t const *origin) {
  uint64_t h = sessions->seed;
  for (size_t i = 0; i < 3; i++) h = mix(h ^ origin->words[i]);
  return h;
}

static uint32_t find_origin(net_sessions_t const *sessions, net_origin_t const *origin) {
  chains_t const *const chains = sessions->by_origin;
  uint32_t i = chains->heads[hash_origin(sessions, origin) & chains->mask];
  while (i != NONE && memcmp(&sessions->origins[i].origin, origin, sizeof *origin))
    i = chains->next[i];
  return i;
}

static uint32_t count_origin(net_sessions_t *sessions, net_origin_t const *origin) {
  uint32_t i = find_origin(sessions, origin);
  if (i == NONE) {
    i = chains_add(sessions->by_origin, hash_origin(sessions, origin));
    sessions->origins[i] = (struct net_origin_count){*origin, 0};
  }
  sessions->origins[i].sessions++;
  return i;
}

unsigned int net_sessions_from(net_sessions_t const *sessions, net_origin_t const *origin) {
  uint32_t const i = find_origin(sessions, origin);
  return i == NONE ? 0 : sessions->origins[i].sessions;
}

/* ---- sessions ---- */

int net_sessions_init(net_sessions_t *sessions, unsigned int max) {
  *sessions = (net_sessions_t){.max = max};
  sessions->all = calloc(max, sizeof *sessions->all);
  sessions->origins = calloc(max, sizeof *sessions->origins);
  sessions->by_pid = chains_new(max);
  sessions->by_origin = chains_new(max);
  if (!sessions->all || !sessions->origins || !sessions->by_pid || !sessions->by_origin)
    return net_sessions_free(sessions), errno = ENOMEM, -1;
  if (getrandom(&sessions->seed, sizeof sessions->seed, GRND_NONBLOCK) < 0)
    sessions->seed = (uint64_t)(uintptr_t)sessions->all;
  return 0;
}

void net_sessions_free(net_sessions_t *sessions) {
  free(sessions->all);
  free(sessions->origins);
  free(sessions->by_pid);
  free(sessions->by_origin);
  *sessions = (net_sessions_t){.max = 0};
}

static uint64_t hash_pid(pid_t pid) {
  return mix((uint64_t)pid);
}

net_session_t *net_sessions_add(net_sessions_t *sessions, net_origin_t const *origin, pid_t pid) {
  if (sessions->count == sessions->max) return NULL;
  net_session_t *const session = sessions->all + chains_add(sessions->by_pid, hash_pid(pid));
  *session = (net_session_t){.pid = pid, .origin = count_origin(sessions, origin)};
  sessions->count++;
  return session;
}

net_session_t *net_sessions_find(net_sessions_t const *sessions, pid_t pid) {
  chains_t const *const chains = sessions->by_pid;
  uint32_t i = chains->heads[hash_pid(pid) & chains->mask];
  while (i != NONE && sessions->all[i].pid != pid) i = chains->next[i];
  return i == NONE ? NULL : sessions->all + i;
}

unsigned int net_sessions_remove(net_sessions_t *sessions, net_session_t *session) {
  struct net_origin_count *const from = sessions->origins + session->origin;
  if (!--from->sessions)
    chains_remove(sessions->by_origin, hash_origin(sessions, &from->origin), session->origin);
  chains_remove(sessions->by_pid, hash_pid(session->pid), (uint32_t)(session - sessions->all));
  session->pid = 0;
  sessions->count--;
  return from->sessions;
}
