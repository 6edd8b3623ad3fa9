/* Why it failed, in few words. */
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <string.h>

#include "openssl.h"

/* What is seen often has our words. */
static struct {
  int reason;
  char const *text;
} const texts[] = {
    {SSL_R_NO_SHARED_CIPHER, "no cipher suite in common"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "no version in common"},
    {SSL_R_VERSION_TOO_LOW, "no version in common"},
    {SSL_R_NO_SUITABLE_KEY_SHARE, "no group in common"},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "no signature algorithm in common"},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, "no signature algorithm in common"},
    {SSL_R_WRONG_VERSION_NUMBER, "not TLS"},
    {SSL_R_HTTP_REQUEST, "not TLS"},
    {SSL_R_HTTPS_PROXY_REQUEST, "not TLS"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "no client certificate"},
    {SSL_R_INAPPROPRIATE_FALLBACK, "inappropriate fallback"},
    {SSL_R_BAD_RECORD_TYPE, "not TLS"},
};

static char const *reason_text(int reason) {
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (texts[i].reason == reason) return texts[i].text;
  return 0;
}

static char const *library_text(engine_t const *engine, unsigned long error) {
  int const reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return ERR_reason_error_string(error);
  if (reason > SSL_AD_REASON_OFFSET) return "the client gave up";
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
    return X509_verify_cert_error_string(SSL_get_verify_result(engine->ssl));
  char const *text = reason_text(reason);
  return text ? text : ERR_reason_error_string(error);
}

/* Ours say more than what OpenSSL makes of them. */
char const *reason_find(engine_t const *engine) {
  if (engine->reason) return engine->reason;
  if (engine->keyd_error) return strerror(engine->keyd_error);
  char const *text = library_text(engine, ERR_peek_error());
  return text ? text : "TLS error";
}
