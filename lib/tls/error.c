#include <bearssl.h>

#include "tls/tls.h"

/* What BearSSL's errors mean to whoever reads a log. */
static char const *const texts[] = {
    [BR_ERR_BAD_PARAM] = "an empty certificate list or a bad parameter",
    [BR_ERR_BAD_STATE] = "bad state",
    [BR_ERR_UNSUPPORTED_VERSION] = "no protocol version in common, or not TLS",
    [BR_ERR_BAD_VERSION] = "record of another version",
    [BR_ERR_BAD_LENGTH] = "bad record length",
    [BR_ERR_TOO_LARGE] = "record too large",
    [BR_ERR_BAD_MAC] = "bad record MAC",
    [BR_ERR_NO_RANDOM] = "no randomness",
    [BR_ERR_UNKNOWN_TYPE] = "unknown record type",
    [BR_ERR_UNEXPECTED] = "unexpected message",
    [BR_ERR_BAD_CCS] = "bad ChangeCipherSpec",
    [BR_ERR_BAD_ALERT] = "bad alert",
    [BR_ERR_BAD_HANDSHAKE] = "bad handshake message",
    [BR_ERR_OVERSIZED_ID] = "session id too long",
    [BR_ERR_BAD_CIPHER_SUITE] = "no cipher suite in common",
    [BR_ERR_BAD_COMPRESSION] = "bad compression",
    [BR_ERR_BAD_FRAGLEN] = "bad fragment length",
    [BR_ERR_BAD_SECRENEG] = "bad renegotiation",
    [BR_ERR_EXTRA_EXTENSION] = "an extension that was not asked for",
    [BR_ERR_BAD_SNI] = "bad server name extension",
    [BR_ERR_BAD_HELLO_DONE] = "bad ServerHelloDone",
    [BR_ERR_LIMIT_EXCEEDED] = "key too large",
    [BR_ERR_BAD_FINISHED] = "bad Finished",
    [BR_ERR_RESUME_MISMATCH] = "session resumed with other parameters",
    [BR_ERR_INVALID_ALGORITHM] = "no curve or signature algorithm in common",
    [BR_ERR_BAD_SIGNATURE] = "bad signature",
    [BR_ERR_WRONG_KEY_USAGE] = "key not for this use",
    [BR_ERR_NO_CLIENT_AUTH] = "no client certificate",
    [BR_ERR_IO] = "connection lost",
    [BR_ERR_X509_EMPTY_CHAIN] = "no certificate",
};

char const *tls_error_text(int error) {
  size_t const i = (size_t)error;
  return error > 0 && i < sizeof texts / sizeof *texts && texts[i] ? texts[i] : "unknown error";
}
