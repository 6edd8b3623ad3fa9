/* What the files of worker-spawn share. */
#ifndef CHAINMAIL_WORKER_SPAWN_H
#define CHAINMAIL_WORKER_SPAWN_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/net.h"
#include "route/route.h"
#include "worker/worker.h"

#define CHILDREN_MAX 100
#define JOBS_MAX     1024 /* that are at deliverers at one time */
#define SHARE_MAX    32   /* at one of them: half of what queue-send hands out at one time */

typedef struct settings {
  route_channel_t channel;
  char const *routes;      /* path of the table, NULL: the usual one */
  char const *const *argv; /* the deliverer */
  unsigned children;       /* at one time */
  unsigned seconds;        /* that a deliverer may say nothing while it has jobs */
  unsigned idle;           /* seconds that one stays without jobs */
  uid_t first;             /* of those that the routes may name */
  bool has_preset;         /* preset is set */
  net_identity_t preset;   /* who delivers where the routes name nobody */
} settings_t;

extern settings_t settings;

int64_t clock_now(void); /* milliseconds, for waiting */

/* Answers a job of this number: kind and a text that begins with its enhanced code. */
void report(uint64_t number, chain_kind_t kind, char const *text);

/* ---- account: as whom a job is done ------------------------------------------------------------
 */

/* Reads the routes anew if they have changed: true, and whoever was started by the old ones is to
   end. */
bool routes_changed(void);

/* Finds whose a job is: the routes must lead from its recipient to its argument in our channel. 0,
   or -1 with a text that says why not. The name of the preset is empty. */
#define PROBLEM_SIZE 512
int account_find(route_account_t *account, worker_job_t const *job, char problem[PROBLEM_SIZE]);

/* ---- child: a deliverer -----------------------------------------------------------------------
 */

void children_init(void);

/* Gives a job to the deliverer of this account, which is started if need be. False: it has to wait,
   and is to be given again. The job's descriptor is ours from then on, and so it is when the job is
   answered here because no deliverer can be had. */
bool children_give(route_account_t const *account, worker_job_t const *job);

/* Ends all of them when they have done what they have. */
void children_retire(void);

/* True if there are any. */
bool children_remain(void);

/* For poll: children_polls writes at most CHILDREN_MAX of them, children_handle is given the same
   ones after it. children_check ends who took too long, or has been idle, and buries the dead;
   children_deadline is when that is to be done next, -1 never. */
size_t children_polls(struct pollfd *polls);
void children_handle(struct pollfd const *polls);
void children_check(void);
int64_t children_deadline(void);

#endif
