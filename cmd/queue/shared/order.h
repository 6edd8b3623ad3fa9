/* order: the tools that order something of messages, and what they do alike. */
#ifndef CHAINMAIL_QUEUE_ORDER_H
#define CHAINMAIL_QUEUE_ORDER_H

#include "steer/steer.h"
#include "tool.h"

#define ORDER_USAGE TOOL_USAGE " [-a] [-n] [id ...]"

/* The whole of such a tool: verb, and options beside TOOL_OPTIONS. */
int order_main(steer_verb_t verb, char const *usage, char const *options, int argc,
               char const *const *argv);

#endif
