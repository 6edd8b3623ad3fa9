#include "index.h"

#include <stdlib.h>
#include <string.h>

/* ---- by name ---- */

static item_t **buckets;
static size_t bucket_count; /* a power of two */
static size_t items;

/* The random digits at the end of a name. */
static size_t hash_name(char const *name) {
  uint64_t hash = 0;
  for (char const *s = name + CHAIN_ID_SIZE + 1; *s; s++)
    hash = hash * 16 + (unsigned)(*s <= '9' ? *s - '0' : *s - 'a' + 10);
  return (size_t)(hash ^ hash >> 32);
}

static item_t **find(char const *name) {
  item_t **link = &buckets[hash_name(name) & (bucket_count - 1)];
  while (*link && strcmp((*link)->name, name) != 0) link = &(*link)->same_hash;
  return link;
}

static bool grow_buckets(void) {
  size_t old_count = bucket_count, count = old_count ? 2 * old_count : 1024;
  item_t **old = buckets, **bigger = calloc(count, sizeof(item_t *));
  if (!bigger) return old;
  buckets = bigger;
  bucket_count = count;
  for (size_t i = 0; i < old_count; i++)
    for (item_t *item = old[i], *next; item; item = next) {
      item_t **link = &buckets[hash_name(item->name) & (bucket_count - 1)];
      next = item->same_hash;
      item->same_hash = *link;
      *link = item;
    }
  free(old);
  return true;
}

item_t *index_find(char const *name) {
  return bucket_count ? *find(name) : NULL;
}

bool index_knows(char const *name) {
  return index_find(name);
}

bool index_each(size_t bucket, item_f *f, void *data) {
  if (bucket >= bucket_count) return false;
  for (item_t *item = buckets[bucket]; item; item = item->same_hash) f(data, item);
  return true;
}

/* ---- by when they are due: a binary heap ---- */

static item_t **heap;
static size_t heap_size, heap_room;

static void heap_set(size_t place, item_t *item) {
  heap[place] = item;
  item->place = (uint32_t)place;
}

static void heap_rise(item_t *item, size_t place) {
  for (size_t parent; place && heap[parent = (place - 1) / 2]->due > item->due; place = parent)
    heap_set(place, heap[parent]);
  heap_set(place, item);
}

static void heap_sink(item_t *item, size_t place) {
  for (size_t child; (child = 2 * place + 1) < heap_size; place = child) {
    if (child + 1 < heap_size && heap[child + 1]->due < heap[child]->due) child++;
    if (heap[child]->due >= item->due) break;
    heap_set(place, heap[child]);
  }
  heap_set(place, item);
}

static item_t *heap_take(size_t place) {
  item_t *item = heap[place], *last = heap[--heap_size];
  if (item != last) {
    heap_rise(last, place);
    heap_sink(last, last->place);
  }
  return item;
}

/* There is room in the heap for every item, so that putting one there cannot fail. */
static bool grow_heap(void) {
  size_t room = heap_room ? 2 * heap_room : 1024;
  item_t **bigger = realloc(heap, room * sizeof(item_t *));
  if (!bigger) return false;
  heap = bigger;
  heap_room = room;
  return true;
}

/* ---- both ---- */

static place_t ready;

item_t *index_add(char const *name) {
  if (items >= bucket_count && !grow_buckets()) return NULL;
  if (items >= heap_room && !grow_heap()) return NULL;
  item_t **link = find(name);
  if (*link) return NULL;
  item_t *item = calloc(1, sizeof *item);
  if (!item) return NULL;
  stpcpy(item->name, name);
  item->class = (uint8_t)queue_priority_class(0);
  items++;
  *link = item;
  return item;
}

void index_forget(item_t *item) {
  *find(item->name) = item->same_hash;
  items--;
  if (item->unwritten) stralloc_free(item->unwritten);
  free(item->unwritten);
  free(item);
}

static size_t called; /* of those that are ready */

size_t index_ready_count(void) {
  return ready.count;
}

size_t index_called_count(void) {
  return called;
}

void index_ready(item_t *item) {
  item->state = ITEM_READY;
  called += item->called;
  place_append(&ready, item);
}

static item_t *take_ready(void) {
  item_t *item = place_take(&ready);
  called -= item->called;
  return item;
}

static void put_into_heap(item_t *item, uint64_t due) {
  item->called = false;
  item->due = due;
  heap_rise(item, heap_size++);
}

void index_wait(item_t *item, uint64_t due) {
  item->state = ITEM_WAITING;
  put_into_heap(item, due);
}

void index_park(item_t *item, place_t *place, uint64_t due) {
  item->state = ITEM_PARKED;
  place_append(place, item);
  put_into_heap(item, due);
}

bool index_unpark(place_t *place) {
  item_t *item = place_take(place);
  if (!item) return false;
  heap_take(item->place);
  item->called = true;
  index_ready(item);
  return true;
}

void index_hold(item_t *item) {
  item->state = ITEM_HELD;
  item->urge = ITEM_WHEN_DUE;
}

void item_force(item_t *item) {
  if (item->urge < ITEM_FORCED) item->urge = ITEM_FORCED;
}

void index_take_out(item_t *item) {
  if (item->state == ITEM_WAITING || item->state == ITEM_PARKED) heap_take(item->place);
  if (item->state == ITEM_READY) called -= item->called;
  if (item->list) place_remove(item);
}

/* One that was parked has waited too long there. */
static item_t *take_due(void) {
  item_t *item = heap_take(0);
  if (item->list) place_remove(item);
  return item;
}

void index_hurry(char const *name, uint64_t now) {
  item_t *item = index_find(name);
  if (item && item->state == ITEM_WAITING && item->due <= now) index_ready(heap_take(item->place));
}

uint64_t index_next_due(void) {
  if (ready.count) return 0;
  return heap_size ? heap[0]->due : NEVER;
}

/* Turns make it fair: neither does a backlog hold up what comes in, nor a flood the backlog. */
item_t *index_take(uint64_t now) {
  static bool ready_last;
  bool is_due = heap_size && heap[0]->due <= now;
  ready_last = ready.count && !(ready_last && is_due);
  item_t *item = ready_last ? take_ready() : is_due ? take_due() : NULL;
  if (item) item->state = ITEM_ACTIVE;
  return item;
}

void index_force(void) {
  uint64_t now = time_now();
  for (size_t i = 0; i < heap_size; i++) {
    if (heap[i]->due == NEVER) continue;
    item_force(heap[i]);
    if (heap[i]->state == ITEM_WAITING) heap[i]->due = entry_born(heap[i]->name, now);
  }
  for (size_t i = heap_size; i--;) heap_sink(heap[i], i);
}

/* What waits for a time on the clock is looked at too early, and waits again. */
void index_set_back(uint64_t by) {
  for (size_t i = 0; i < heap_size; i++) {
    if (heap[i]->due == NEVER) continue;
    heap[i]->due = time_until(heap[i]->due, by);
    if (heap[i]->state == ITEM_WAITING) item_force(heap[i]);
  }
}
