/* suites: inside lib/tls, the cipher suites of a client. */
#ifndef CHAINMAIL_TLS_SUITES_H
#define CHAINMAIL_TLS_SUITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_SUITES_MAX 32

/* Fills ids, best first: those with ECDHE and AEAD, and the weak ones after them if wanted. Returns
   how many there are. */
size_t tls_suites_list(uint16_t ids[TLS_SUITES_MAX], bool weak);

#endif
