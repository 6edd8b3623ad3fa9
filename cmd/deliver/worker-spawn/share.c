#include <string.h>

#include "clock/clock.h"
#include "spawn.h"

#define SHARE_MAX  32                    /* jobs at one deliverer */
#define OWN_MEMORY (UINT64_C(32) << 20)  /* of one user's messages, unless it is one message */
#define ALL_MEMORY (UINT64_C(256) << 20) /* of all of them */
#define TURN       1000                  /* milliseconds that one has a place, or a job waits */
#define LONGER     5 /* times as long as a silence: a job's age, and until there is a next one */
#define BARRED_MAX 256

static bool wanted;      /* something that there is none of: a place, memory */
static char const *heir; /* whose turn it is to have the next place; NULL: anybody's */

/* ---- jobs ---- */

unsigned share_after(unsigned share, int64_t taken) {
  bool slow = taken >= PATIENCE && share_is_short();
  if (!slow) return share < SHARE_MAX ? share + 1 : SHARE_MAX;
  return share / 2 > SHARE_FIRST ? share / 2 : SHARE_FIRST;
}

static bool fits(uint64_t used, uint64_t size, uint64_t limit) {
  return !used || (size <= limit && used <= limit - size);
}

/* Nor does a place stay empty for who could not use it. */
bool share_has_memory(job_t const *job) {
  uint64_t used = 0;
  if (!job->has_owner) return true;
  for (child_t const *child = children; child < children + settings.children; child++)
    used += child->bytes;
  if (fits(used, job->size, ALL_MEMORY)) return true;
  if (heir && !strcmp(heir, job->name)) heir = NULL;
  wanted = true;
  return false;
}

bool share_has_room(child_t const *child, job_t const *job) {
  if (child->jobs.count >= child->share) return false;
  if (child->has_owner && !fits(child->bytes, job->size, OWN_MEMORY)) return false;
  return share_has_memory(job);
}

/* ---- places ---- */

static int64_t age_of_jobs(child_t const *child) {
  return child->jobs.first ? clock_milliseconds() - child->jobs.first->since : 0;
}

static bool is_slow(child_t const *child) {
  return age_of_jobs(child) >= PATIENCE;
}

static child_t *free_place(void) {
  for (child_t *child = children; child < children + settings.children; child++)
    if (!child_is_there(child)) return child;
  return NULL;
}

static bool waits(char const *name) {
  for (job_t const *job = jobs_waiting.first; job; job = job->next)
    if (!strcmp(job->name, name)) return true;
  return false;
}

/* One who has nothing to do is better than one who has, and then the one who is there for longer.
 */
static bool is_better(child_t const *a, child_t const *b) {
  if (!b || !a->jobs.count != !b->jobs.count) return !b || !a->jobs.count;
  return a->jobs.count ? a->started < b->started : a->spoke < b->spoke;
}

/* NULL: nobody can give up his place yet, or somebody is about to. */
static child_t *find_leaver(void) {
  child_t *leaver = NULL;
  for (child_t *child = children; child < children + settings.children; child++) {
    if (is_slow(child) || child_is_stuck(child)) continue;
    if (child->phase != CHILD_SERVING) return NULL;
    bool may_go = !child->jobs.count || clock_milliseconds() - child->started >= TURN;
    if (may_go && is_better(child, leaver)) leaver = child;
  }
  return leaver;
}

static void make_room(char const *name) {
  static char kept[ROUTE_NAME_SIZE];
  child_t *leaver = find_leaver();
  if (!leaver) return;
  child_retire(leaver);
  stpcpy(kept, name);
  heir = kept;
}

/* Those that lie on a disk which hangs are not to take all places, as long as they are there. */
static bool suspects_have_half(void) {
  size_t count = 0;
  for (child_t const *child = children; child < children + settings.children; child++)
    if (suspect_has_name(child->name))
      count += child->jobs.count || (child->pid && child->socket < 0);
  return count >= (settings.children + 1) / 2;
}

child_t *share_place(char const *name) {
  bool const denied = suspect_has_name(name) && suspects_have_half();
  bool const next = heir && !strcmp(heir, name);
  if (denied && next) heir = NULL;
  child_t *place = denied ? NULL : free_place();
  if (place && (!heir || next || !waits(heir))) return heir = NULL, place;
  wanted = true;
  if (!place && !denied) make_room(name);
  return NULL;
}

/* ---- those who took too long ---- */

static int64_t silence(void) {
  return settings.hurried * INT64_C(1000);
}

static struct barred {
  int64_t until;
  char name[ROUTE_NAME_SIZE];
} barred[BARRED_MAX];

/* Those who share an account are not all to wait for one of them. */
void share_bar(char const *name) {
  struct barred *at = barred;
  if (!*name) return;
  for (struct barred *other = barred; other < barred + BARRED_MAX; other++)
    if (other->until < at->until) at = other;
  at->until = clock_milliseconds() + LONGER * silence();
  stpcpy(at->name, name);
}

bool share_is_barred(char const *name) {
  int64_t const now = clock_milliseconds();
  for (struct barred const *at = barred; at < barred + BARRED_MAX; at++)
    if (at->until > now && !strcmp(at->name, name)) return true;
  return false;
}

/* ---- while others wait ---- */

/* queue-send may have more for others, and hands it out when something was answered. */
static bool is_crowded(void) {
  return jobs_in_hand() >= settings.jobs;
}

bool share_is_short(void) {
  return wanted || is_crowded();
}

void share_begin(void) {
  wanted = false;
}

bool share_keeps_others(child_t const *child) {
  if (settings.channel != ROUTE_MAILDIR || *child->name) return false;
  return child->jobs.count > 1 || waits(child->name);
}

static void refuse_waiting(void) {
  for (job_t *job = jobs_waiting.first, *next; job && is_crowded(); job = next) {
    child_t const *child = child_find(job->name);
    int64_t age = clock_milliseconds() - job->since;
    next = job->next;
    if (child && is_slow(child) && age >= TURN)
      job_refuse(job, "4.3.2 the user's other deliveries take their time");
    else if (!child && age >= PATIENCE)
      job_refuse(job, "4.3.2 there are too many deliverers already");
  }
}

static bool hangs(child_t const *child) {
  return child->jobs.count && (clock_milliseconds() - child->spoke >= silence() ||
                               age_of_jobs(child) >= LONGER * silence());
}

static void end_hanging(void) {
  for (child_t *child = children; child < children + settings.children; child++) {
    if (child->socket < 0 || !hangs(child)) continue;
    child_end_hanging(child, "4.3.2 the deliverer took too long, and others wait");
  }
}

void share_relieve(void) {
  if (share_is_short()) end_hanging();
  refuse_waiting();
}
