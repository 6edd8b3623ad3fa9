/* What the files of queue-send share.
 *
 *   index      every entry of the queue as a small record, by name and by when it is due
 *   scan       how entries become known: the trigger, and reading the queue's folders
 *   attempt    one entry, open while it is attempted: its recipients, its outcome
 *   recipient  one recipient of an attempt: a job for each of its targets
 *   destination  where jobs wait for their deliverer, and entries for what is down
 *   pool       the deliverers, and the jobs that they have
 *   notice     bounces, and what else the sender is told
 *   control    what administrators want: their clients, what they order, what they are told
 *   report     log lines */
#ifndef CHAINMAIL_QUEUE_SEND_H
#define CHAINMAIL_QUEUE_SEND_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <skalibs/stralloc.h>

#include "conf/conf.h"
#include "queue/queue.h"
#include "route/route.h"
#include "steer/steer.h"
#include "worker/worker.h"

#define POOL_WORKERS_MAX (8 * ROUTE_CHANNELS)

#define SECOND UINT64_C(1000000) /* times are in microseconds */
#define NEVER  UINT64_MAX

/* The queue's folders, and what was asked for. */
typedef struct settings {
  char const *queue;
  int new_fd, state_fd, bad_fd, tmp_fd;
  uid_t const *owners; /* ended by (uid_t)-1 */
  char const *routes;  /* path of the table, NULL: the usual one */
  uint64_t lifetime;
  queue_schedule_t schedule;     /* of tries */
  uint64_t delay_notice;         /* age at which a delay is told, 0: never */
  uint64_t backoff, backoff_max; /* pauses before a destination that is down is tried again */
  uint64_t started;              /* when we did */
} settings_t;

extern settings_t settings;

uint64_t time_now(void);                          /* since the epoch, for what is written down */
uint64_t clock_now(void);                         /* for waiting: no one sets this clock */
uint64_t time_until(uint64_t then, uint64_t now); /* 0 if that is over */
/* When the entry of this name, or id, came in; now if that is yet to come: the clock was set back.
 */
uint64_t entry_born(char const *name, uint64_t now);

/* ---- index --------------------------------------------------------------------------------- */

typedef enum item_state {
  ITEM_READY,   /* in the list of those that go next */
  ITEM_WAITING, /* in the heap */
  ITEM_PARKED,  /* in the lists of a place, and in the heap */
  ITEM_HELD,    /* in none: an administrator has to release it */
  ITEM_ACTIVE   /* being attempted */
} item_state_t;

/* An entry that is known: all that is kept in memory of one that waits. */
typedef struct item {
  struct item *same_hash;
  struct item *next, *previous; /* in a list, */
  struct item_list *list;       /* this one */
  stralloc *unwritten;          /* records that its log could not be given, or NULL */
  uint64_t due;   /* NEVER: nothing is left to try. Of a parked one: it has waited too long */
  uint32_t place; /* in the heap */
  uint8_t state;
  bool fresh;     /* born while we ran, never attempted: it has no log */
  bool verify;    /* found by a scan: its checksum is not known to be right */
  bool forced;    /* an ALRM wants it tried whatever its log says */
  bool early;     /* it was parked: what failed by itself may not be due yet */
  bool asked;     /* so does an administrator, even if its destination is down */
  bool delivered; /* only its removal is left to do */
  bool called;    /* from where it was parked: it goes before what comes only now */
  uint8_t class;  /* of its priority; until that is known, the usual one */
  char name[QUEUE_NAME_SIZE + 1];
} item_t;

typedef struct item_list {
  item_t *first, *last;
  struct place *place; /* that it is of, or NULL */
} item_list_t;

typedef struct destination destination_t;

/* Where entries wait until something can be done for them: by their priority, and for each of those
   in two lists that take turns, for a backlog and for what came in while we ran. */
typedef struct place {
  item_list_t lists[QUEUE_PRIORITIES][2];
  unsigned turns;
  bool turn;
  uint64_t moved;             /* when something was last done here, by a count of all such events */
  destination_t *destination; /* NULL: a worker's */
  struct worker *worker;
} place_t;

/* Adds an entry that is not known yet. NULL if it is known, or there is no memory for it. It is in
   no list and not in the heap. */
item_t *index_add(char const *name);
bool index_knows(char const *name);
void index_forget(item_t *item);
/* Where an item goes next. */
void index_ready(item_t *item);
void index_wait(item_t *item, uint64_t due);
void index_park(item_t *item, place_t *place, uint64_t due);
/* The next one that is parked there is ready. False: there is none. */
bool index_unpark(place_t *place);
bool place_is_empty(place_t const *place);
void index_hold(item_t *item);
/* Takes one that is not attempted out of where it waits: it is in no list and not in the heap. */
void index_take_out(item_t *item);
item_t *index_find(char const *name); /* NULL: it is not known */
typedef void item_f(void *data, item_t const *item);
/* Calls f for the entries of one bucket, from 0 on. False: there is no such bucket. */
bool index_each(size_t bucket, item_f *f, void *data);
/* One that a scan has found just before its injector told of it goes before the backlog. */
void index_hurry(char const *name, uint64_t now);
/* The next one to attempt, or NULL; ready ones and those that are due take turns. */
item_t *index_take(uint64_t now);
/* When there will be one. */
uint64_t index_next_due(void);
/* All that wait for a retry are due now. */
void index_force(void);

/* ---- scan ---------------------------------------------------------------------------------- */

void trigger_open(void);
int trigger_fd(void);
void trigger_read(void);
/* Begins to read the folders from the start. */
void scan_start(void);
/* Goes on for a while. */
void scan_step(void);
bool scan_running(void);
/* The last one, or the trigger since, could not take in all that there is. */
bool scan_missed(void);

/* ---- attempt ------------------------------------------------------------------------------- */

typedef struct attempt {
  struct attempt *next, *previous; /* of those under way */
  item_t *item;
  queue_entry_t entry;
  queue_terms_t terms;
  queue_state_t state;
  stralloc records;     /* of this attempt, not written yet */
  bool unwritable;      /* when they were to be written that failed */
  bool logged;          /* there is a file state/<name> */
  bool lost;            /* one of them could not be kept */
  bool early;           /* what failed by itself is not due yet */
  bool recorded;        /* there are or were such records */
  bool worth_a_sync;    /* records tell of more than failures */
  size_t position;      /* in the envelope */
  size_t recipient;     /* index of the next one */
  size_t open;          /* recipients that were begun and not finished */
  bool temporary;       /* a target failed for now */
  bool skipped;         /* recipients were passed over while it was held */
  bool failed;          /* a target failed for good, now or earlier */
  uint64_t looked;      /* when it was last looked for what is to be told */
  place_t *place;       /* that a target waits for, or NULL */
  struct group *guests; /* groups that wait where there is enough to do */
  size_t firm;          /* other groups, open */
  bool turning_out;
  bool begun;                           /* all its recipients were */
  uint16_t groups_at[POOL_WORKERS_MAX]; /* open ones, at each worker */
} attempt_t;

/* Attempts an entry; it is waited for, or forgotten, when that is over. */
void attempt_start(item_t *item);
/* A recipient of it is finished, with its record or records. */
void attempt_go_on(attempt_t *attempt);
void attempt_record(attempt_t *attempt, queue_record_t const *record);
/* Brings the log, and what is known of it, up to what was done. 0, or -1: a record is lost. */
int attempt_reread(attempt_t *attempt);
/* When nothing else of it is under way, it does not stay open for its guests: they wait, parked. */
void attempt_turn_out(attempt_t *attempt);
/* Something of it waits for this place. */
void attempt_wait_for(attempt_t *attempt, place_t *place);
/* It goes to so many that others take turns with it. */
bool attempt_is_bulk(attempt_t const *attempt);
/* Since when it could have been delivered. */
uint64_t attempt_age_base(attempt_t const *attempt);
/* When it expires: at the end of its life, or when its sender wants it back. */
uint64_t attempt_expiry(attempt_t const *attempt);
/* Its sender wants it back by now: it is not to be delivered any more (RFC 2852, 4.1.4). */
bool attempt_is_late(attempt_t const *attempt);
size_t attempts_running(void);
/* At the end of the program: writes down what was done. */
void attempts_abandon(void);
/* The one of an item that is active. */
attempt_t *attempt_of(item_t const *item);
/* What was ordered of an entry (queue_order) while it is attempted; what its deliverers have goes
   on first. 0, or -1 with errno. */
int attempt_order(attempt_t *attempt, char what, char const *reason);
/* Removes one that was dropped, and is in no list; its log goes last (steer_remove). */
void entry_drop(item_t *item);

/* ---- recipient ----------------------------------------------------------------------------- */

typedef struct recipient recipient_t;
typedef struct group group_t;

/* One delivery: a target of a recipient. */
typedef struct job {
  struct job *next; /* in a group */
  struct job *sibling;
  recipient_t *recipient;
  group_t *group;
  place_t *place;  /* its destination's */
  uint64_t number; /* given when it is sent */
  uint64_t target;
  route_channel_t channel;
  chain_kind_t kind; /* of its outcome */
  bool tried;        /* by a deliverer, or as good as that */
  bool waits;        /* for a place: the next try is that one's to decide */
  char const *word;  /* what its deliverer said of one who took it, or NULL: NOTICE_... */
  char *text;        /* malloced, of a failure */
  char *address;     /* these two behind the struct */
  char argument[];
} job_t;

struct recipient {
  attempt_t *attempt;
  size_t index;
  char const *address;
  job_t *jobs;
  size_t pending; /* jobs without an outcome */
  bool settled;   /* other targets had their outcome in earlier attempts */
  bool failed;    /* and one of them was not reached */
  int error;      /* while its targets are collected */
};

typedef struct worker worker_t;

/* Of one entry. All that go to one destination are to go together, as far as memory allows. */
#define RECIPIENTS_AT_ONCE 1000
#define RECIPIENTS_FEW     50

/* It leads to several targets. */
bool recipient_is_expanded(recipient_t const *recipient);
/* Begins the next recipient of an attempt. */
void recipient_start(attempt_t *attempt, char const *address);
void job_finish(job_t *job, chain_verdict_t const *verdict);
/* Why one is not done whose sender wants it back. */
#define JOB_LATE "4.4.7 the time by which it was to be delivered is over"
/* It is not to be tried now: its destination went down. */
void job_hold(job_t *job);
/* What a log says of a verdict: its enhanced code and its text, malloced; NULL without memory. */
char *verdict_text(chain_verdict_t const *verdict);
/* True if something was ordered of its entry for which it is not to be done. */
bool job_is_stopped(job_t const *job);
/* Gives such a job its outcome. */
void job_stop(job_t *job);
/* At the end of the program, for a job without an outcome: what its recipient's other targets have
   got they are not to get again. */
void job_abandon(job_t *job);
/* The table of routes may have changed since it was last looked at. */
void routes_doubt(void);

/* ---- destination --------------------------------------------------------------------------- */

/* While someone holds it, a destination is not forgotten. */
void destination_hold(destination_t *destination);
void destination_release(destination_t *destination);
/* Parks an entry until the destination can be tried again, or until it is due. */
void destination_park(destination_t *destination, item_t *item, uint64_t due);
/* One that was parked there is not any more. */
void destination_unpark(destination_t *destination);
bool destination_is_down(destination_t const *destination);
/* Why entries wait for it. */
char const *destination_text(destination_t const *destination);
/* Microseconds until it may be tried again. */
uint64_t destination_pause(destination_t const *destination);
/* Where a job of this attempt for this destination has to wait, which is down; NULL: it need not.
 */
place_t *destination_shut(destination_t *destination, attempt_t const *attempt);
/* Takes a group back that has not been given, a guest: its jobs have to wait. */
void destination_take_back(group_t *group);
group_t *group_next_guest(group_t const *group);
void destinations_run(void);
uint64_t destinations_deadline(void);
/* All that are down may be tried now. */
void destinations_force(void);
void destinations_abandon(void);
typedef void destination_f(void *data, destination_t const *destination);
/* As index_each. */
bool destinations_each(size_t bucket, destination_f *f, void *data);

/* ---- pool ---------------------------------------------------------------------------------- */

/* Takes "channel=count", "channel=unix:path" or "channel=program arguments". 0, or -1. */
int pool_configure(char const *option);
/* Makes the workers. */
void pool_open(conf_t const *conf);
size_t pool_size(void); /* workers */
/* So many attempts may be open at one time: the workers share them. */
void pool_limit(size_t open);
/* The worker that serves this target: always the same one, so that a Maildir's syncs combine, and
   one knows all that goes to a destination. */
worker_t *pool_worker(route_channel_t channel, char const *argument);
/* Has a job done, when its turn comes; or says what it would have to wait for. */
place_t *pool_put(job_t *job);
extern place_t pool_no_memory; /* what pool_put says then */

/* How long deliverers like this one may take for an answer. */
uint64_t pool_patience(worker_t const *worker);
/* Jobs wait that are enough for all deliverers. */
bool pool_is_crowded(void);
/* Starts workers that have jobs, gives out jobs, ends those that hang. */
void pool_run(void);
/* Fills polls, returns how many; pool_handle takes them back. */
size_t pool_polls(struct pollfd *polls);
void pool_handle(struct pollfd const *polls);
/* When pool_run must be called even if nothing happens. */
uint64_t pool_deadline(void);
size_t pool_in_flight(void);
void pool_stop(void);    /* gives out no more jobs */
void pool_abandon(void); /* those that are not done never will be */
void pool_child_ended(pid_t pid, int wait_status);

/* ---- control ------------------------------------------------------------------------------- */

#define CONTROL_CLIENTS 8 /* at one time; more wait */
#define CONTROL_POLLS   (CONTROL_CLIENTS + 1)

/* Listens on the queue's control socket; mail is delivered without it, too. */
void control_open(void);
/* As pool's; control_run does a few of the things that were asked for. */
void control_run(void);
size_t control_polls(struct pollfd *polls);
void control_handle(struct pollfd const *polls);
uint64_t control_deadline(void);
void control_close(void);

/* What a client is told, a part at a time: of an entry or all of them, or of the rest. */
typedef struct survey {
  bool running, of_destinations;
  size_t bucket; /* the next one */
} survey_t;

void survey_entry(stralloc *out, item_t const *item);
void survey_start(survey_t *survey, stralloc *out, steer_verb_t verb);
/* Goes on for a bucket; not running when that was the last. False: no memory. */
bool survey_step(survey_t *survey, stralloc *out);
/* Does what is ordered of an entry. */
steer_answer_t order_obey(steer_request_t const *request, uid_t uid);

/* ---- notice -------------------------------------------------------------------------------- */

/* What the log says of a delivery to one target for all, for the notice that may be wanted. */
#define NOTICE_DELIVERED "delivered"
#define NOTICE_RELAYED   "relayed"  /* to one who will not tell the sender */
#define NOTICE_UNTIMED   "untimed"  /* to one who will, but not if it is late */
#define NOTICE_PASSED    "passed"   /* to one who will */
#define NOTICE_EXPANDED  "expanded" /* to several, or to another address */

void notice_configure(conf_t const *conf, char const *me);
/* Tells the sender of an attempt that is over what is to be told of it; the log has it then. False:
   it could not be told, and is to be tried again. */
bool notice_send(attempt_t *attempt);
/* When the sender is to be told of a delay; NEVER if that was done, or looked at in this attempt.
 */
uint64_t notice_delay_due(attempt_t const *attempt);

/* ---- report -------------------------------------------------------------------------------- */

void report_job(job_t const *job);
/* A destination went down, or is still so, and up again. */
void report_down(destination_t const *destination, unsigned failures, uint64_t pause);
void report_up(destination_t const *destination);
/* A recipient that no job was made for. */
void report_recipient(recipient_t const *recipient, chain_kind_t kind, char const *text);
/* An entry is held as long as its sender wanted. */
void report_hold(attempt_t const *attempt);
/* Something of an entry is left for the next try. */
void report_waiting(attempt_t const *attempt, unsigned attempts, uint64_t next);
/* The sender was told of so many results in a message of this id; or need not be told. */
void report_notice(attempt_t const *attempt, char const *id, size_t results);
void report_untold(attempt_t const *attempt);
/* Someone ordered this; or an injector wanted a hold. */
void report_order(char const *event, char const *name, char const *reason);
void report_entry(char const *event, char const *name, int error);
/* What a scan found in a folder, or removed from it. */
void report_count(char const *event, char const *folder, uint64_t count);
/* error 0 is not told. */
void report_trouble(char const *event, char const *key, char const *value, int error);
void report_exit(char const *program, int wait_status);

#endif
