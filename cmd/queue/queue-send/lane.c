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
  if (!lane->first) lane->last = 0;
  group->next = 0;
  return group;
}

void lane_remove(lane_t *lane, group_t const *group) {
  group_t *previous = 0, *at = lane->first;
  rota_remove(lane);
  for (; at != group; previous = at, at = at->next) {}
  *(previous ? &previous->next : &lane->first) = group->next;
  if (lane->last == group) lane->last = previous;
}

/* ---- the rota ---- */

static lane_list_t *list_of(lane_t const *lane) {
  destination_t const *destination = lane->destination;
  return &destination->worker->rota.lists[lane - destination->lanes][lane->first->bulk];
}

static void add_lane(lane_t *lane) {
  if (lane->queued || !lane->first) return;
  lane_list_t *list = list_of(lane);
  lane->queued = true;
  lane->next = 0;
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
  if (!list->first) list->last = 0;
  lane->queued = false;
  return lane;
}

void rota_remove(lane_t *lane) {
  if (!lane->queued) return;
  lane_list_t *list = list_of(lane);
  lane_t *previous = 0, *at = list->first;
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

/* A list that has a group which fits; NULL: none. Messages to few and to many take turns. */
static lane_list_t *pick_list(lane_list_t lists[2], size_t room) {
  static bool bulk_last;
  bool few = fits(&lists[false], room), many = fits(&lists[true], room);
  if (!few && !many) return 0;
  bulk_last = many && !(few && bulk_last);
  return &lists[bulk_last];
}

lane_t *rota_next(rota_t *rota, size_t room) {
  unsigned filled = 0;
  for (unsigned class = 0; class < QUEUE_PRIORITIES; class ++)
    if (fits(&rota->lists[class][false], room) || fits(&rota->lists[class][true], room))
      filled |= 1u << class;
  if (!filled) return 0;
  unsigned class = queue_priority_pick(filled, ++rota->turns);
  return take_first(pick_list(rota->lists[class], room));
}

lane_t *rota_any(rota_t const *rota) {
  lane_list_t const *lists = rota->lists[0];
  for (size_t i = 0; i < sizeof rota->lists / sizeof *lists; i++)
    if (lists[i].first) return lists[i].first;
  return 0;
}
