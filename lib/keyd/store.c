/* Certificates and keys of a folder: read, watched, chosen from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "keyd/keyd.h"

/* Which file it was that was read, and when it was changed. */
typedef struct stamp {
  dev_t dev;
  ino_t ino;
  off_t size;
  struct timespec changed;
} stamp_t;

/* One pair of files. */
typedef struct entry {
  char *chain; /* the path by which it is known */
  stamp_t stamps[2];
  bool is_seen;    /* in the look at the folder that is under way */
  bool is_default; /* for clients who name nothing that we have */
  bool is_named_default;
  bool is_in_trouble; /* could not be read at the last time, which has been told */
  cert_pair_t *pair;  /* NULL: it was never any good */
} entry_t;

/* A pair whose files have changed or gone. */
typedef struct retired {
  cert_pair_t *pair;
  time_t since;
  struct retired *next;
} retired_t;

struct keyd_store {
  char const *path, *me;
  keyd_change_f *change;
  void *data;
  size_t count, at; /* at: where the next file of the folder is likely to be */
  entry_t *entries[KEYD_FILES_MAX];
  retired_t *retired;
  time_t looked;
  int error;          /* why the folder could not be read at the last time; 0: it could */
  char const *reason; /* the last one for which something was refused */
};

static time_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec;
}

/* ---- memory: a key lies in pages of its own, which no core file has, nor swap if we may say so */

static cert_pair_t *pair_new(void) {
  cert_pair_t *const pair =
      mmap(NULL, sizeof *pair, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pair == MAP_FAILED) return NULL;
  madvise(pair, sizeof *pair, MADV_DONTDUMP);
  mlock(&pair->key, sizeof pair->key);
  return pair;
}

static void pair_free(cert_pair_t *pair) {
  if (!pair) return;
  cert_key_wipe(&pair->key);
  munmap(pair, sizeof *pair);
}

static void retire(keyd_store_t *store, cert_pair_t *pair) {
  retired_t *const retired = malloc(sizeof *retired);
  if (!retired) {
    pair_free(pair);
    return;
  }
  *retired = (retired_t){pair, now(), store->retired};
  store->retired = retired;
}

/* Frees those that were retired before this time. The oldest are at the end. */
static void forget(keyd_store_t *store, time_t before) {
  retired_t **last = &store->retired;
  while (*last && (*last)->since >= before) last = &(*last)->next;
  for (retired_t *old = *last, *next; old; old = next) {
    next = old->next;
    pair_free(old->pair);
    free(old);
  }
  *last = NULL;
}

/* ---- the folder ------------------------------------------------------------------------------ */

static void stamp(stamp_t *stamp, char const *path) {
  struct stat st;
  *stamp = (stamp_t){0};
  if (!path || stat(path, &st) < 0) return;
  stamp->dev = st.st_dev;
  stamp->ino = st.st_ino;
  stamp->size = st.st_size;
  stamp->changed = st.st_ctim;
}

static bool stamp_is(stamp_t const *a, stamp_t const *b) {
  return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
         a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static void tell(keyd_store_t *store, keyd_change_t change, cert_files_t const *files,
                 cert_pair_t const *pair, char const *reason) {
  if (reason) store->reason = reason;
  if (store->change) store->change(store->data, change, files, pair, reason);
}

/* A folder is mostly listed in the order of the last time. */
static entry_t *find(keyd_store_t *store, char const *chain) {
  for (size_t i = 0; i < store->count; i++) {
    size_t const at = (store->at + i) % store->count;
    if (strcmp(store->entries[at]->chain, chain) != 0) continue;
    store->at = at + 1;
    return store->entries[at];
  }
  return NULL;
}

/* default, default.rsa... */
static bool is_named_default(char const *name) {
  size_t const len = strlen("default");
  return !strncmp(name, "default", len) && (!name[len] || name[len] == '.');
}

static entry_t *add(keyd_store_t *store, cert_files_t const *files) {
  if (store->count == KEYD_FILES_MAX) return errno = E2BIG, NULL;
  entry_t *const entry = calloc(1, sizeof *entry);
  if (!entry || !(entry->chain = strdup(files->chain))) return free(entry), errno = ENOMEM, NULL;
  entry->is_named_default = is_named_default(files->name);
  store->entries[store->count] = entry;
  store->count++;
  return entry;
}

/* What says nothing about the files. */
static bool is_passing(int error) {
  static int const passing[] = {EMFILE, ENFILE, ENOMEM, EIO, EINTR, EAGAIN};
  for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
    if (passing[i] == error) return true;
  return false;
}

/* Files that could not be read for now are looked at in the next round as if they were new. */
static void refuse(keyd_store_t *store, entry_t *entry, cert_files_t const *files,
                   char const *wrong, bool for_now) {
  if (!for_now || !entry->is_in_trouble) tell(store, KEYD_REFUSED, files, NULL, wrong);
  if (for_now) memset(entry->stamps, 0, sizeof entry->stamps);
  entry->is_in_trouble = for_now;
}

/* A pair that is no good, as one is in the middle of its renewal, leaves the last one in force. */
static void load(keyd_store_t *store, entry_t *entry, cert_files_t const *files) {
  cert_pair_t *const pair = pair_new();
  if (pair) errno = 0;
  char const *const wrong = pair ? cert_pair_read(pair, files) : strerror(errno);
  bool const for_now = is_passing(errno);
  if (wrong) {
    pair_free(pair);
    refuse(store, entry, files, wrong, for_now);
    return;
  }
  entry->is_in_trouble = false;
  cert_pair_t *const old = entry->pair;
  entry->pair = pair;
  if (old) retire(store, old);
  tell(store, old ? KEYD_REPLACED : KEYD_ADDED, files, pair, NULL);
}

static int look(void *data, cert_files_t const *files) {
  keyd_store_t *const store = data;
  entry_t *entry = find(store, files->chain);
  stamp_t stamps[2];
  if (!entry && !(entry = add(store, files))) return -1;
  stamp(&stamps[0], files->chain);
  stamp(&stamps[1], files->key);
  bool const is_new =
      !stamp_is(&stamps[0], &entry->stamps[0]) || !stamp_is(&stamps[1], &entry->stamps[1]);
  memcpy(entry->stamps, stamps, sizeof stamps);
  entry->is_seen = true;
  if (is_new) load(store, entry, files);
  return 0;
}

static void drop(keyd_store_t *store, entry_t *entry) {
  cert_files_t const files = {.name = "", .chain = entry->chain};
  if (entry->pair) {
    tell(store, KEYD_REMOVED, &files, entry->pair, NULL);
    retire(store, entry->pair);
  }
  free(entry->chain);
  free(entry);
}

static void drop_unseen(keyd_store_t *store) {
  size_t kept = 0;
  for (size_t i = 0; i < store->count; i++) {
    entry_t *const entry = store->entries[i];
    if (entry->is_seen)
      store->entries[kept++] = entry;
    else
      drop(store, entry);
  }
  store->count = kept;
}

/* ---- the default ----------------------------------------------------------------------------- */

typedef enum fit { FIT_NONE, FIT_DEFAULT, FIT_WILDCARD, FIT_EXACT } fit_t;

static fit_t fit(cert_pair_t const *pair, char const *name) {
  cert_names_t names = pair->names;
  cert_bytes_t one;
  fit_t best = FIT_NONE;
  while (best != FIT_EXACT && cert_names_next(&names, &one))
    if (cert_name_matches((char const *)one.at, one.len, name))
      best = *one.at == '*' ? FIT_WILDCARD : FIT_EXACT;
  return best;
}

/* The first by path: the order of a folder means nothing. */
static entry_t const *first(keyd_store_t const *store) {
  entry_t const *first = NULL;
  for (size_t i = 0; i < store->count; i++) {
    entry_t const *const entry = store->entries[i];
    if (entry->pair && (!first || strcmp(entry->chain, first->chain) < 0)) first = entry;
  }
  return first;
}

static bool is_named(entry_t const *entry, char const *name) {
  (void)name;
  return entry->is_named_default;
}

static bool is_for(entry_t const *entry, char const *name) {
  return fit(entry->pair, name) > FIT_NONE;
}

/* Makes those the default that are meant. True if there are any. */
static bool make_default(keyd_store_t *store, bool (*is_meant)(entry_t const *, char const *),
                         char const *name) {
  bool any = false;
  for (size_t i = 0; i < store->count; i++) {
    entry_t *const entry = store->entries[i];
    entry->is_default = entry->pair && is_meant(entry, name);
    any = any || entry->is_default;
  }
  return any;
}

/* Those named so; else those for this host; else the first, and others for its first name. */
static void find_default(keyd_store_t *store) {
  char text[CERT_NAME_MAX + 1];
  entry_t *const entry = (entry_t *)first(store);
  cert_bytes_t name;
  if (!entry || make_default(store, is_named, NULL)) return;
  if (store->me && make_default(store, is_for, store->me)) return;
  cert_names_t names = entry->pair->names;
  if (cert_names_next(&names, &name)) {
    memcpy(text, name.at, name.len);
    text[name.len] = 0;
    make_default(store, is_for, text);
  }
  entry->is_default = true;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A folder that cannot be read is no reason to forget what was in it. */
static int read_folder(keyd_store_t *store) {
  for (size_t i = 0; i < store->count; i++) store->entries[i]->is_seen = false;
  store->at = 0;
  if (cert_folder_each(store->path, look, store) < 0) return -1;
  drop_unseen(store);
  find_default(store);
  return 0;
}

static char const *error_text(int error) {
  return error == E2BIG ? "there are too many files in it" : strerror(error);
}

/* Told once, until it can be read again, or is in trouble of another kind. */
static void tell_folder(keyd_store_t *store, int error) {
  cert_files_t const files = {.name = "", .chain = store->path};
  if (error && error != store->error) tell(store, KEYD_REFUSED, &files, NULL, error_text(error));
  store->error = error;
}

void keyd_store_reread(keyd_store_t *store) {
  store->looked = now();
  forget(store, store->looked - KEYD_RETIRED);
  tell_folder(store, read_folder(store) < 0 ? errno : 0);
}

void keyd_store_refresh(keyd_store_t *store) {
  if (now() - store->looked >= KEYD_UNCHANGED) keyd_store_reread(store);
}

keyd_store_t *keyd_store_open(char const *path, char const *me, keyd_change_f *change, void *data,
                              char const **reason) {
  keyd_store_t *const store = calloc(1, sizeof *store);
  if (!store) return *reason = strerror(errno), NULL;
  *store = (keyd_store_t){
      .path = path, .me = me, .change = change, .data = data, .looked = now(), .reason = NULL};
  int const r = read_folder(store);
  if (r == 0 && first(store)) return store;
  *reason = r < 0 ? error_text(errno) : store->reason ? store->reason : "there is no certificate";
  int const error = r < 0 ? errno : ENOENT;
  keyd_store_close(store);
  return errno = error, NULL;
}

void keyd_store_close(keyd_store_t *store) {
  for (size_t i = 0; i < store->count; i++) {
    pair_free(store->entries[i]->pair);
    free(store->entries[i]->chain);
    free(store->entries[i]);
  }
  forget(store, now() + 1);
  free(store);
}

/* ---- choosing -------------------------------------------------------------------------------- */

/* How well a pair serves, the weightier first. */
typedef struct rank {
  fit_t fit;
  bool is_valid; /* at this time */
  size_t scheme; /* how many of those asked for come at or after the one it can do */
  bool is_natural;
  int64_t not_after;
} rank_t;

/* TLS 1.3 has each curve with the hash of its size only (RFC 8446, section 4.2.3). */
static bool is_natural(cert_key_type_t type, keyd_scheme_t scheme) {
  return (type != CERT_P256 || scheme == KEYD_ECDSA_SHA256) &&
         (type != CERT_P384 || scheme == KEYD_ECDSA_SHA384);
}

static fit_t fit_entry(entry_t const *entry, char const *name, bool is_strict) {
  fit_t const found = *name ? fit(entry->pair, name) : FIT_NONE;
  bool const may_default = !is_strict || !*name;
  return found == FIT_NONE && entry->is_default && may_default ? FIT_DEFAULT : found;
}

static void rank_schemes(rank_t *rank, cert_key_type_t type, uint16_t const *schemes,
                         size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!keyd_can_sign(type, schemes[i])) continue;
    if (!rank->scheme) rank->scheme = count - i;
    rank->is_natural = rank->is_natural || is_natural(type, schemes[i]);
  }
}

static bool is_better(rank_t const *a, rank_t const *b) {
  if (a->fit != b->fit) return a->fit > b->fit;
  if (a->is_valid != b->is_valid) return a->is_valid;
  if (a->scheme != b->scheme) return a->scheme > b->scheme;
  if (a->is_natural != b->is_natural) return a->is_natural;
  return a->not_after > b->not_after;
}

static cert_pair_t const *choose(keyd_store_t const *store, char const *name,
                                 uint16_t const *schemes, size_t count, bool is_strict) {
  time_t const today = time(NULL);
  cert_pair_t const *best = NULL;
  rank_t best_rank = {.fit = FIT_NONE};
  for (size_t i = 0; i < store->count; i++) {
    cert_pair_t const *const pair = store->entries[i]->pair;
    if (!pair) continue;
    rank_t rank = {.fit = fit_entry(store->entries[i], name, is_strict),
                   .is_valid = pair->not_before <= today && today <= pair->not_after,
                   .not_after = pair->not_after};
    rank_schemes(&rank, pair->key.type, schemes, count);
    if (rank.fit == FIT_NONE || !rank.scheme || (best && !is_better(&rank, &best_rank))) continue;
    best = pair;
    best_rank = rank;
  }
  return best;
}

static void identify(keyd_identity_t *identity, cert_pair_t const *pair) {
  cert_chain_t const *const chain = &pair->chain;
  memcpy(identity->id, pair->id, sizeof pair->id);
  memcpy(identity->bytes, chain->bytes, chain->used);
  identity->type = (keyd_type_t)pair->key.type;
  identity->count = chain->count;
  for (size_t i = 0; i < chain->count; i++) {
    cert_bytes_t const *const one = &chain->certificates[i];
    identity->chain[i] = (keyd_certificate_t){identity->bytes + (one->at - chain->bytes), one->len};
  }
}

int keyd_store_choose(keyd_store_t const *store, char const *name, uint16_t const *schemes,
                      size_t count, int strict, keyd_identity_t *identity) {
  cert_pair_t const *const pair = choose(store, name ? name : "", schemes, count, strict);
  if (!pair) return errno = ENOENT, -1;
  identify(identity, pair);
  return 0;
}

/* ---- signing --------------------------------------------------------------------------------- */

static cert_pair_t const *find_pair(keyd_store_t const *store,
                                    unsigned char const id[KEYD_ID_SIZE]) {
  for (size_t i = 0; i < store->count; i++) {
    cert_pair_t const *const pair = store->entries[i]->pair;
    if (pair && !memcmp(pair->id, id, KEYD_ID_SIZE)) return pair;
  }
  for (retired_t const *old = store->retired; old; old = old->next)
    if (!memcmp(old->pair->id, id, KEYD_ID_SIZE)) return old->pair;
  return NULL;
}

int keyd_store_sign(keyd_store_t const *store, unsigned char const id[KEYD_ID_SIZE],
                    keyd_scheme_t scheme, unsigned char const *hash, size_t hash_len,
                    unsigned char signature[KEYD_SIGNATURE_MAX], size_t *len) {
  cert_pair_t const *const pair = find_pair(store, id);
  if (!pair) return errno = ENOENT, -1;
  return keyd_sign_with(pair, scheme, hash, hash_len, signature, len);
}
