/* client_identity: inside lib/tls, who we say we are to a server that asks for a certificate. */
#ifndef CHAINMAIL_TLS_CLIENT_IDENTITY_H
#define CHAINMAIL_TLS_CLIENT_IDENTITY_H

#include <bearssl.h>

#include "keyd/keyd.h"

typedef struct tls_identity {
  br_ssl_client_certificate_class const *vtable; /* first, for BearSSL */
  keyd_t *keyd;
  keyd_scheme_t scheme;
  br_x509_certificate chain[KEYD_CHAIN_MAX];
  keyd_identity_t identity;
} tls_identity_t;

/* Our certificate will come from keyd, when it is asked for. */
void tls_identity_init(tls_identity_t *identity, keyd_t *keyd);

#endif
