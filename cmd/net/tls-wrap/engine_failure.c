#include <string.h>

#include "engine_parts.h"

typedef struct failure {
  int error;
  unsigned char alert; /* 0: none that would be of use, or BearSSL sends it */
  char const *reason;
} failure_t;

static failure_t const failures[] = {
    {BR_ERR_OK, 0, "the client closed it"},
    {BR_ERR_UNSUPPORTED_VERSION, 70, "not TLS"},
    {BR_ERR_BAD_VERSION, 70, "a version that was not agreed on"},
    {BR_ERR_BAD_LENGTH, 22, "a record of bad length"},
    {BR_ERR_TOO_LARGE, 22, "a record that is too large"},
    {BR_ERR_BAD_MAC, 20, "a record that does not verify"},
    {BR_ERR_UNEXPECTED, 10, "an unexpected message"},
    {BR_ERR_BAD_CCS, 10, "a bad ChangeCipherSpec"},
    {BR_ERR_BAD_ALERT, 10, "a bad alert"},
    {BR_ERR_BAD_HANDSHAKE, 50, "a bad handshake message"},
    {BR_ERR_OVERSIZED_ID, 50, "a session id that is too long"},
    {BR_ERR_BAD_FRAGLEN, 47, "a bad maximum fragment length"},
    {BR_ERR_BAD_SECRENEG, 40, "a bad renegotiation extension"},
    {BR_ERR_BAD_FINISHED, 51, "a bad Finished"},
    {BR_ERR_BAD_SIGNATURE, 51, "the client has not got its certificate's key"},
    {BR_ERR_INVALID_ALGORITHM, 47, "an unknown signature algorithm or curve"},
    {BR_ERR_WRONG_KEY_USAGE, 43, "the client's key is not for signatures"},
    {BR_ERR_NO_CLIENT_AUTH, 40, "no certificate from the client"},
    {BR_ERR_X509_EXPIRED, 45, "the client's certificate is not valid now"},
    {BR_ERR_X509_NOT_TRUSTED, 48, "the client's certificate is by nobody we know"},
    {BR_ERR_X509_WEAK_PUBLIC_KEY, 42, "the client's certificate has a weak key"},
    {BR_ERR_X509_BAD_SIGNATURE, 42, "the client's certificate has a bad signature"},
    {BR_ERR_X509_FORBIDDEN_KEY_USAGE, 43, "the client's certificate is for another purpose"},
    {BR_ERR_RECV_FATAL_ALERT, 0, "an alert from the client"},
    {BR_ERR_SEND_FATAL_ALERT + 40, 0, "no cipher suite in common"},
    {BR_ERR_SEND_FATAL_ALERT + 70, 0, "no version in common"},
    {BR_ERR_SEND_FATAL_ALERT + 86, 0, "a fallback to an older version"},
};

/* Of all other errors; what is wrong with a certificate has many names. */
static failure_t const bad_certificate = {0, 42, "a bad certificate from the client"};
static failure_t const other_failure = {0, 80, "a failure inside the engine"};

static failure_t const *find_failure(int error) {
  if (error > BR_ERR_RECV_FATAL_ALERT && error < BR_ERR_SEND_FATAL_ALERT)
    error = BR_ERR_RECV_FATAL_ALERT;
  for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
    if (failures[i].error == error) return &failures[i];
  return error >= BR_ERR_X509_INVALID_VALUE && error <= BR_ERR_X509_NOT_TRUSTED ? &bad_certificate
                                                                                : &other_failure;
}

/* An alert of our own, while records are not encrypted yet. */
static void send_alert(engine_t *engine, unsigned char alert) {
  unsigned char const record[] = {21, PROTOCOL >> 8, PROTOCOL & 0xff, 0, 2, 2, alert};
  engine->alert = alert;
  if (sizeof record > SMALL - engine->small_end) return;
  memcpy(engine->small + engine->small_end, record, sizeof record);
  engine->small_end += sizeof record;
}

/* Refuses to go on. Returns what BearSSL takes for that. */
int engine_refuse(engine_t *engine, char const *reason, unsigned char alert) {
  engine->reason = reason;
  send_alert(engine, alert);
  return 0;
}

/* BearSSL is silent when it fails by itself. In a resumed handshake our records may be encrypted by
   then, and what was half sent cannot be put right any more. */
void failure_note(engine_t *engine, bool sending) {
  int const error = br_ssl_engine_last_error(&engine->server.eng);
  unsigned char const alert = error ? find_failure(error)->alert : 0;
  if (alert && !engine->alert && !engine->opened && !engine->resumed && !sending)
    send_alert(engine, alert);
}

char const *engine_reason(engine_t const *engine) {
  return engine->reason ? engine->reason
                        : find_failure(br_ssl_engine_last_error(&engine->server.eng))->reason;
}

engine_side_t engine_alert(engine_t const *engine, unsigned int *alert) {
  int const error = br_ssl_engine_last_error(&engine->server.eng);
  *alert = engine->alert ? engine->alert : (unsigned int)error & 0xff;
  if (engine->alert || error >= BR_ERR_SEND_FATAL_ALERT) return ENGINE_SERVER;
  return error >= BR_ERR_RECV_FATAL_ALERT ? ENGINE_CLIENT : ENGINE_NOBODY;
}
