/* refusal: what reject and defer do: one verdict from the command line. */
#ifndef CHAINMAIL_REFUSAL_H
#define CHAINMAIL_REFUSAL_H

#include "chain/chain.h"

/* Ends the chain with [-c code] [enhanced] text. */
_Noreturn void refusal_end(int argc, char const *const *argv, chain_kind_t kind, char const *usage);

#endif
