/* service: what programs that listen do alike: signals, giving up root, telling that they are
 * ready. What cannot go on says why, and exits. */
#ifndef CHAINMAIL_NET_SERVICE_H
#define CHAINMAIL_NET_SERVICE_H

/* From now on TERM, INT, HUP and CHLD wait in the descriptor that is returned, which does not
   block. */
int service_signals(void);
/* Becomes UID, GID and GIDLIST of the environment, which are not root's (-U). */
void service_drop_root(void);
/* Writes a line end to fd, if it is not -1, and closes it; tells systemd. Whoever waits for it may
   be gone: no reason not to serve. */
void service_ready(int fd);

#endif
