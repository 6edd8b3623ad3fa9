/* Why it failed, in few words. */
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <stdio.h>

#include "openssl.h"

/* The words of BearSSL's engine, where they fit. */
static struct {
  int reason;
  char const *text;
} const texts[] = {
    {SSL_R_NO_SHARED_CIPHER, "no cipher suite in common"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "no version in common"},
    {SSL_R_UNKNOWN_PROTOCOL, "no version in common"},
    {SSL_R_VERSION_TOO_LOW, "no version in common"},
    {SSL_R_NO_SUITABLE_KEY_SHARE, "no group in common"},
    {SSL_R_NO_SUITABLE_GROUPS, "no group in common"},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "no signature algorithm in common"},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, "no signature algorithm in common"},
    {SSL_R_INAPPROPRIATE_FALLBACK, "a fallback to an older version"},
    {SSL_R_WRONG_VERSION_NUMBER, "not TLS"},
    {SSL_R_HTTP_REQUEST, "not TLS"},
    {SSL_R_HTTPS_PROXY_REQUEST, "not TLS"},
    {SSL_R_BAD_RECORD_TYPE, "not TLS"},
    {SSL_R_ENCRYPTED_LENGTH_TOO_LONG, "a record that is too large"},
    {SSL_R_PACKET_LENGTH_TOO_LONG, "a record that is too large"},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "a record that does not verify"},
    {SSL_R_UNEXPECTED_MESSAGE, "an unexpected message"},
    {SSL_R_LENGTH_MISMATCH, "a bad handshake message"},
    {SSL_R_BAD_EXTENSION, "a bad handshake message"},
    {SSL_R_DIGEST_CHECK_FAILED, "a bad Finished"},
    {SSL_R_BAD_SIGNATURE, "the client has not got its certificate's key"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "no certificate from the client"},
};

static char const *reason_text(int reason) {
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (texts[i].reason == reason) return texts[i].text;
  return NULL;
}

/* Texts that are not all known beforehand; there is one failure at most. */
static char made[128];

static char const *make_text(char const *format, char const *detail) {
  snprintf(made, sizeof made, format, detail);
  return made;
}

/* OpenSSL's own texts are not loaded; `openssl errstr` knows them. */
static char const *make_number(unsigned long error) {
  char number[sizeof error * 2 + 1];
  snprintf(number, sizeof number, "%08lX", error);
  return make_text("OpenSSL's error %s", number);
}

static char const *library_text(engine_t const *engine, unsigned long error) {
  int const reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return make_number(error);
  if (reason > SSL_AD_REASON_OFFSET) return "an alert from the client";
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
    return make_text("the client's certificate: %s",
                     X509_verify_cert_error_string(SSL_get_verify_result(engine->ssl)));
  char const *text = reason_text(reason);
  return text ? text : make_number(error);
}

/* What a callback of ours has noted says more than what OpenSSL makes of it. */
char const *reason_find(engine_t const *engine) {
  if (engine->reason) return engine->reason;
  if (engine->keyd_error) return keyd_error_text(engine->keyd, engine->keyd_error);
  return library_text(engine, ERR_peek_error());
}
