/* Who may vouch for clients. */
#include <openssl/pem.h>

#include "openssl.h"

static int trust(SSL_CTX *context, X509 *certificate) {
  return X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) &&
                 SSL_CTX_add_client_CA(context, certificate)
             ? 0
             : -1;
}

static X509 *next(OSSL_LIB_CTX *library, BIO *file) {
  X509 *certificate = X509_new_ex(library, NULL);
  if (certificate && PEM_read_bio_X509(file, &certificate, NULL, NULL)) return certificate;
  X509_free(certificate);
  return NULL;
}

char const *authority_load(SSL_CTX *context, OSSL_LIB_CTX *library, char const *path) {
  BIO *file = BIO_new_file(path, "r");
  X509 *certificate;
  unsigned int count = 0, failed = 0;
  if (!file) return "cannot open the CA file";
  while ((certificate = next(library, file))) {
    failed += trust(context, certificate) < 0;
    count++;
    X509_free(certificate);
  }
  BIO_free(file);
  return count && !failed ? NULL : "no good certificates in the CA file";
}
