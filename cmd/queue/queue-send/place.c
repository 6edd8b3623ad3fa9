#include "place.h"

#include "index.h"

static void list_append(item_list_t *list, item_t *item) {
  item->next = NULL;
  item->previous = list->last;
  item->list = list;
  *(list->last ? &list->last->next : &list->first) = item;
  list->last = item;
}

static void list_remove(item_list_t *list, item_t const *item) {
  *(item->previous ? &item->previous->next : &list->first) = item->next;
  *(item->next ? &item->next->previous : &list->last) = item->previous;
}

void place_append(place_t *place, item_t *item) {
  item_list_t *list = &place->lists[item->class][item->stage == ITEM_FRESH];
  list->place = place;
  list_append(list, item);
  place->count++;
}

void place_remove(item_t *item) {
  item_list_t *list = item->list;
  list_remove(list, item);
  item->list = NULL;
  list->place->count--;
}

/* A bit for each class that something waits in. */
static unsigned filled_classes(place_t const *place) {
  unsigned filled = 0;
  for (unsigned class = 0; class < QUEUE_PRIORITIES; class ++)
    if (place->lists[class][0].first || place->lists[class][1].first) filled |= 1u << class;
  return filled;
}

item_t *place_take(place_t *place) {
  if (!place->count) return NULL;
  item_list_t *lists = place->lists[queue_priority_pick(filled_classes(place), ++place->turns)];
  place->turn = lists[!place->turn].first ? !place->turn : place->turn;
  item_t *item = lists[place->turn].first;
  place_remove(item);
  return item;
}
