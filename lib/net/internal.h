/* What the files of lib/net share and nobody else needs. */
#ifndef CHAINMAIL_NET_INTERNAL_H
#define CHAINMAIL_NET_INTERNAL_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "net/net.h"

/* A network's key in the rules: the address if it is one, "10.1." where dots can say it,
   "address/bits" otherwise. At most NET_PREFIX_FMT bytes, no NUL promised. Returns its length. */
size_t net_rules_prefix_key(char *key, net_prefix_t const *prefix);

/* A socket's address of any family we know, and its size as the kernel told it. */
typedef struct net_sockaddr {
  union {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
  };
  socklen_t size;
} net_sockaddr_t;

#define NET_SOCKADDR_SIZE offsetof(net_sockaddr_t, size)

/* The address's ip and port, or its path. 0, or -1 with EAFNOSUPPORT. */
int net_sockaddr_read(net_sockaddr_t const *address, ip46 *ip, uint16_t *port,
                      char path[NET_PATH_MAX]);

/* Fills in the local half, or who is at the other end of a unix socket. 0, or -1 with errno. */
int net_connection_local(net_connection_t *connection, int fd);
int net_connection_credentials(net_connection_t *connection, int fd);

#endif
