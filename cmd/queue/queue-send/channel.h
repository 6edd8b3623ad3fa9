/* channel: how the routes' channels are served: by which program or service, by how many workers,
 * and what each of these may have. */
#ifndef CHAINMAIL_QUEUE_SEND_CHANNEL_H
#define CHAINMAIL_QUEUE_SEND_CHANNEL_H

#include "conf/conf.h"
#include "route/route.h"
#include "send.h"

#define CHANNEL_WINDOW_MAX  1024 /* jobs that a worker has at one time */
#define CHANNEL_WORKERS_MAX 8    /* of a channel, */
#define WORKERS_MAX         (CHANNEL_WORKERS_MAX * ROUTE_CHANNELS) /* of all */

struct channel {
  char const *word;         /* in the routes */
  char const *program;      /* words of a command, or the path of a service's socket */
  bool is_service;          /* the latter */
  unsigned count;           /* of its workers */
  worker_t *workers;        /* the pool's */
  size_t concurrency;       /* groups that may be given to all of them at one time */
  size_t destination_limit; /* those of one destination; SIZE_MAX: it is our own */
  size_t window;            /* jobs that one of them may have at one time */
  uint64_t patience;        /* one that answers nothing for so long hangs */
};

extern channel_t channels[ROUTE_CHANNELS];

/* Takes "channel=count", "channel=unix:path" or "channel=program arguments", which is borrowed. 0,
   or -1. */
int channel_configure(char const *option);
/* Fills in what was not configured. */
void channels_set(conf_t const *conf);
/* True if no program is started, or only deliver-forward, which writes nowhere else than we do. */
bool channels_stay_in_queue(void);
/* Starts the program, with a socket as its fd 0, or connects to the service. Returns our end; *pid
   is the program's, 0 of a service. -1 with errno. */
int channel_connect(channel_t const *channel, pid_t *pid);

#endif
