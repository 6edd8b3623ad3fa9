/* Who may vouch for clients. */
#include <openssl/pem.h>

#include "openssl.h"

static int trust(SSL_CTX *context, X509 *certificate) {
  return X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) &&
                 SSL_CTX_add_client_CA(context, certificate)
             ? 0
             : -1;
}

char const *authority_load(SSL_CTX *context, char const *path) {
  BIO *file = BIO_new_file(path, "r");
  X509 *certificate;
  unsigned int count = 0, failed = 0;
  if (!file) return "cannot open the CA file";
  while ((certificate = PEM_read_bio_X509(file, 0, 0, 0))) {
    failed += trust(context, certificate) < 0;
    count++;
    X509_free(certificate);
  }
  BIO_free(file);
  return count && !failed ? 0 : "no good certificates in the CA file";
}
