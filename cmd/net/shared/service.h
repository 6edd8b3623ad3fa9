/* service: what programs that listen do alike: options, signals, giving up root, telling that they
 * are ready. What cannot go on says why, and exits. */
#ifndef CHAINMAIL_NET_SERVICE_H
#define CHAINMAIL_NET_SERVICE_H

#include <sys/types.h>

/* The number that an option is given: min to max. */
unsigned int service_number(char option, char const *s, unsigned int min, unsigned int max);
/* The mode of a socket that -m is given, in octal digits. */
mode_t service_mode(char const *s);

/* From now on TERM, INT, HUP and CHLD wait in the descriptor that is returned, which does not
   block. */
int service_signals(void);
/* Becomes UID, GID and GIDLIST of the environment, which are not root's (-U). */
void service_drop_root(void);
/* Writes a line end to fd, if it is not -1, and closes it; tells systemd. Whoever waits for it may
   be gone: no reason not to serve. */
void service_ready(int fd);

#endif
