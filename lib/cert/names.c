/* Host names: those of a certificate, and whether one is meant by them. */
#include <string.h>
#include <strings.h>

#include "cert/der.h"

static unsigned char const subject_alt_name[] = {0x55, 0x1d, 17};
static unsigned char const common_name[] = {0x55, 4, 3};

#define GENERAL_NAME_DNS DER_CONTEXT(2)

bool cert_name_matches(char const *pattern, size_t len, char const *name) {
  if (len > 2 && pattern[0] == '*' && pattern[1] == '.') {
    size_t const label = strcspn(name, ".");
    if (!label || !name[label] || !memchr(pattern + 2, '.', len - 2)) return false;
    pattern++;
    len--;
    name += label;
  }
  return len && strlen(name) == len && !strncasecmp(pattern, name, len);
}

/* ---- those of a certificate ------------------------------------------------------------------ */

static bool is_host_char(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

/* A star is a whole first label. */
static bool is_host_name(cert_bytes_t name) {
  if (!name.len || name.len > CERT_NAME_MAX) return false;
  if (name.len > 2 && !memcmp(name.at, "*.", 2)) {
    name.at += 2;
    name.len -= 2;
  }
  for (size_t i = 0; i < name.len; i++)
    if (!is_host_char(name.at[i])) return false;
  return name.at[0] != '.';
}

static void find_common_name(cert_names_t *names, cert_bytes_t subject) {
  cert_bytes_t set, attribute, id;
  der_t value;
  while (der_take(&subject, DER_SET, &set))
    while (der_take(&set, DER_SEQUENCE, &attribute))
      if (der_take(&attribute, DER_OID, &id) && der_is(&id, common_name, sizeof common_name) &&
          der_next(&attribute, &value))
        names->subject = value.body;
}

void cert_names_begin(cert_names_t *names, unsigned char const *der, size_t len) {
  certificate_t certificate;
  cert_bytes_t value;
  *names = (cert_names_t){.rest = {der, 0}, .subject = {der, 0}};
  if (!certificate_parse(&certificate, der, len)) return;
  if (certificate_extension(&certificate, subject_alt_name, sizeof subject_alt_name, &value)) {
    der_take(&value, DER_SEQUENCE, &names->rest);
    return;
  }
  find_common_name(names, certificate.subject);
  names->is_common_name = true;
}

bool cert_names_next(cert_names_t *names, cert_bytes_t *name) {
  der_t general;
  while (der_next(&names->rest, &general))
    if (general.tag == GENERAL_NAME_DNS && is_host_name(general.body))
      return *name = general.body, true;
  *name = names->subject;
  names->subject.len = 0;
  return is_host_name(*name);
}
