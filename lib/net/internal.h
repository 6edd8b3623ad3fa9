/* What the files of lib/net share and nobody else needs. */
#ifndef CHAINMAIL_NET_INTERNAL_H
#define CHAINMAIL_NET_INTERNAL_H

#include "net/net.h"

/* A network's key in the rules: the address if it is one, "10.1." where dots can say it,
   "address/bits" otherwise. At most NET_PREFIX_FMT bytes, no NUL promised. Returns its length. */
size_t net_rules_prefix_key(char *key, net_prefix_t const *prefix);

#endif
