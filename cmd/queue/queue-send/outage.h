/* outage: a destination that is down, and when it may be tried again. The pauses between tries
 * double, from the setting backoff up to backoff-max. */
#ifndef CHAINMAIL_QUEUE_SEND_OUTAGE_H
#define CHAINMAIL_QUEUE_SEND_OUTAGE_H

#include "send.h"

typedef struct outage {
  unsigned failures; /* in a row; 0: it is up */
  bool probing;      /* one attempt tries it for all */
  uint64_t failed;   /* when last */
  uint64_t since;    /* when first, since the epoch */
  uint64_t wake;     /* when it may be tried again */
  uint64_t delay;    /* that was waited for this */
  char *text;        /* of the last failure, malloced; NULL: there was none, or no memory */
} outage_t;

/* It failed (once more). The text is malloced, and the outage's from now on; or NULL. */
void outage_fail(outage_t *outage, char *text);
/* It is up. */
void outage_end(outage_t *outage);
/* A try that was to tell has told nothing: there is another pause. */
void outage_pause(outage_t *outage);
/* Something may be tried now: nothing else is, and it is time. */
bool outage_may_probe(outage_t const *outage);
/* The failure of what began at that time tells something that was not known. */
bool outage_is_news(outage_t const *outage, uint64_t begun);
/* Nobody has tried it for so long that its failure is old news. */
bool outage_is_stale(outage_t const *outage, uint64_t now);

#endif
