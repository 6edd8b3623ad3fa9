/* throttle: failures of networks, counted in a file that processes share.
 *
 * The file has a fixed size; who fails is known by a keyed hash of the network, and the networks
 * that are nearest to being forgotten make room. */
#ifndef CHAINMAIL_THROTTLE_H
#define CHAINMAIL_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include <skalibs/ip46.h>

typedef struct throttle {
  int fd;
  bool is_open;
  unsigned char secret[32]; /* of the file: what networks are hashed with */
  unsigned int place;       /* that throttle_enter has taken */
  unsigned int failures;    /* that a network may have at a time */
  unsigned int seconds;     /* after which one of them is forgotten */
} throttle_t;

/* Opens the file at path, or makes it, 0660 less the umask. 0, or -1 with errno: EPROTO: there is
   something else at path. A file that somebody has begun to make is finished. It stays open while
   the process lives. */
int throttle_open(throttle_t *throttle, char const *path, unsigned int failures,
                  unsigned int seconds);
/* True if ip's network, an IPv4 address or the first 64 bits of an IPv6 one, has no failure left.
   now: seconds since the epoch. -1 with errno: EWOULDBLOCK: somebody has kept it locked for a
   second; EPROTO: there is less in it than there was. */
int throttle_is_over(throttle_t *throttle, ip46 const *ip, uint64_t now);
/* Counts a failure of ip's network. 0, or -1 with errno. */
int throttle_count(throttle_t *throttle, ip46 const *ip, uint64_t now);

/* Takes one of so many places that the processes which share the file have for work that is dear,
   and waits for it for so long. 0, or -1 with errno: ETIMEDOUT. Whoever ends gives his place back.
 */
int throttle_enter(throttle_t *throttle, unsigned int places, unsigned int milliseconds);
void throttle_leave(throttle_t *throttle);

#endif
