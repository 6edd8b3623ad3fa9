#include <skalibs/fmtscan.h>

#include "wrap.h"

size_t facts_write(engine_facts_t const *facts, char bytes[TLS_RECORDS_BYTES]) {
  char end_point[2 * CERT_END_POINT_MAX + 1];
  struct {
    char const *name, *value;
  } const all[] = {
      {"SSL_PROTOCOL", facts->protocol},        {"SSL_CIPHER", facts->cipher},
      {"SSL_TLS_SNI_SERVERNAME", facts->name},  {"SSL_SERVER_END_POINT", end_point},
      {"SSL_PEER_CERT_HASH", facts->peer_hash}, {"SSL_PEER_CERT_SUBJECT", facts->peer_subject},
      {"SSL_VERIFIED", facts->verified},        {"SSL_VERIFIED_REASON", facts->verified_reason},
  };
  size_t len = 0;
  end_point[ucharn_fmt(end_point, (char const *)facts->end_point, facts->end_point_len)] = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i].value && *all[i].value)
      tls_records_add(bytes, TLS_RECORDS_BYTES, &len, all[i].name, all[i].value);
  tls_records_end(bytes, TLS_RECORDS_BYTES, &len);
  return len;
}
