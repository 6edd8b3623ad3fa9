/* Algorithms that OpenSSL is handed. */
#ifndef TLS_WRAP_PROVIDER_H
#define TLS_WRAP_PROVIDER_H

#include <openssl/core.h>

#define OWN_PROPERTIES "provider=chainmail"

/* An entry of an OSSL_DISPATCH. */
#define FUNCTION(id, name)                                                                         \
  { id, (void (*)(void))(name) }

extern OSSL_ALGORITHM const random_algorithms[];
extern OSSL_ALGORITHM const key_algorithms[], signature_algorithms[];

#endif
