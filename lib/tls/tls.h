/* tls: what fronts and providers of TLS say to each other (UCSPI-TLS), and TLS as a client. */
#ifndef CHAINMAIL_TLS_H
#define CHAINMAIL_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- UCSPI-TLS: the records that a provider sends when the handshake is done -------------------
 */

#define TLS_RECORDS_MAX   64    /* that a front takes */
#define TLS_RECORDS_BYTES 16384 /* and their bytes in all */

/* True if bytes end in the empty record: NAME=value\0NAME=value\0\0, or \0 alone. */
bool tls_records_complete(char const *bytes, size_t len);
/* Steps through them: the next "NAME=value" (set it) or "NAME" (unset it) of TLS's own names
   (SSL_*), or NULL; others are left out. *at is 0 at first. */
char const *tls_records_next(char const *bytes, size_t len, size_t *at);

/* The client's side stands below. */

#endif
