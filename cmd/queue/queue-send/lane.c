#include "lane.h"

#include "destination.h"
#include "group.h"
#include "worker.h"

/* ---- a lane ---- */

void lane_append(lane_t *lane, group_t *group) {
  *(lane->last ? &lane->last->next : &lane->first) = group;
  lane->last = group;
}

group_t *lane_take(lane_t *lane) {
  group_t *group = lane->first;
  lane->first = group->next;
  if (!lane->first) lane->last = NULL;
  group->next = NULL;
  return group;
}

void lane_remove(lane_t *lane, group_t const *group) {
  group_t *previous = NULL, *at = lane->first;
  rota_remove(lane);
  for (; at != group; previous = at, at = at->next) {}
  *(previous ? &previous->next : &lane->first) = group->next;
  if (lane->last == group) lane->last = previous;
}

/* ---- the rota ---- */

static lane_list_t *list_of(lane_t const *lane) {
  destination_t const *destination = lane->destination;
  rota_class_t *class = &destination->worker->rota.classes[lane - destination->lanes];
  return lane->first->bulk ? &class->many : &class->few;
}

static void add_lane(lane_t *lane) {
  if (lane->queued || !lane->first) return;
  lane_list_t *list = list_of(lane);
  lane->queued = true;
  lane->next = NULL;
  *(list->last ? &list->last->next : &list->first) = lane;
  list->last = lane;
}

void rota_add(destination_t *destination) {
  if (!destination_has_room(destination)) return;
  for (unsigned class = 0; class < QUEUE_PRIORITIES; class ++) add_lane(&destination->lanes[class]);
}

static lane_t *take_first(lane_list_t *list) {
  lane_t *lane = list->first;
  list->first = lane->next;
  if (!list->first) list->last = NULL;
  lane->queued = false;
  return lane;
}

void rota_remove(lane_t *lane) {
  if (!lane->queued) return;
  lane_list_t *list = list_of(lane);
  lane_t *previous = NULL, *at = list->first;
  for (; at != lane; previous = at, at = at->next) {}
  *(previous ? &previous->next : &list->first) = at->next;
  if (list->last == at) list->last = previous;
  lane->queued = false;
}

/* ---- whose turn it is ---- */

/* Lanes of a destination that has enough since they were queued wait until it has not. */
static bool fits(lane_list_t *list, size_t room) {
  while (list->first && !destination_has_room(list->first->destination)) take_first(list);
  return list->first && list->first->first->count <= room;
}

/* A list that has a group which fits: there is one. Messages to few and to many take turns. */
static lane_list_t *pick_list(rota_class_t *class, size_t room) {
  bool few = fits(&class->few, room), many = fits(&class->many, room);
  class->many_last = many && !(few && class->many_last);
  return class->many_last ? &class->many : &class->few;
}

lane_t *rota_next(rota_t *rota, size_t room) {
  unsigned filled = 0;
  for (unsigned i = 0; i < QUEUE_PRIORITIES; i++)
    if (fits(&rota->classes[i].few, room) || fits(&rota->classes[i].many, room)) filled |= 1u << i;
  if (!filled) return NULL;
  unsigned class = queue_priority_pick(filled, ++rota->turns);
  lane_list_t *list = pick_list(&rota->classes[class], room);
  return list->first ? take_first(list) : NULL;
}

lane_t *rota_any(rota_t const *rota) {
  for (rota_class_t const *class = rota->classes; class < rota->classes + QUEUE_PRIORITIES;
       class ++)
    if (class->few.first || class->many.first)
      return class->few.first ? class->few.first : class->many.first;
  return NULL;
}
