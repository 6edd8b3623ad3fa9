#include "tls/client_chain.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "cert/der.h"

#define RSA_BYTES_MIN    256 /* 2048 bits */
#define SECONDS_PER_DAY  86400
#define DAYS_TO_1970     719528 /* from the year 0, as BearSSL counts */
#define GENERAL_NAME_IP  DER_CONTEXT(7)
#define EXTENSION_NAMES  "\x55\x1d\x11" /* subjectAltName */
#define EXTENSION_LIMITS "\x55\x1d\x1e" /* nameConstraints */
#define EXTENSION_USAGES "\x55\x1d\x0f" /* keyUsage */
#define USAGES_SIGN      0xc0           /* digitalSignature, nonRepudiation */
#define USAGES_EXCHANGE  0x38           /* keyEncipherment, dataEncipherment, keyAgreement */

char const *tls_finding_text(tls_finding_t finding) {
  static char const *const texts[TLS_FINDINGS] = {
      [TLS_UNASKED] = "nothing to verify it by",
      [TLS_HELD] = "verified",
      [TLS_NAME_MISMATCH] = "name mismatch",
      [TLS_EXPIRED] = "expired or not yet valid",
      [TLS_SELF_SIGNED] = "self-signed",
      [TLS_UNTRUSTED] = "issuer unknown",
      [TLS_BAD_SIGNATURE] = "bad signature",
      [TLS_WRONG_PURPOSE] = "wrong purpose",
      [TLS_WEAK_KEY] = "weak key",
      [TLS_UNSUPPORTED] = "unsupported",
      [TLS_MALFORMED] = "malformed",
      [TLS_NO_MATCH] = "no pin matches",
  };
  return (unsigned int)finding < TLS_FINDINGS ? texts[finding] : "";
}

/* ---- collecting ------------------------------------------------------------------------------ */

void tls_chain_init(tls_chain_t *chain) {
  chain->count = chain->used = 0;
  chain->is_cut = false;
}

void tls_chain_begin(tls_chain_t *chain, size_t len) {
  if (chain->count == TLS_CHAIN_MAX || len > sizeof chain->bytes - chain->used)
    chain->is_cut = true;
  if (!chain->is_cut) chain->all[chain->count++] = (cert_bytes_t){chain->bytes + chain->used, 0};
}

void tls_chain_append(tls_chain_t *chain, void const *bytes, size_t len) {
  if (chain->is_cut || len > sizeof chain->bytes - chain->used) return;
  memcpy(chain->bytes + chain->used, bytes, len);
  chain->used += len;
  chain->all[chain->count - 1].len += len;
}

static br_x509_pkey const *decode_key(cert_bytes_t der, br_x509_decoder_context *decoder) {
  br_x509_decoder_init(decoder, NULL, NULL);
  br_x509_decoder_push(decoder, der.at, der.len);
  return br_x509_decoder_get_pkey(decoder);
}

br_x509_pkey const *tls_chain_key(tls_chain_t const *chain, br_x509_decoder_context *decoder) {
  return chain->count ? decode_key(chain->all[0], decoder) : NULL;
}

/* ---- names and purposes ---------------------------------------------------------------------- */

/* Who the server is to be: a name, or an address of this many bytes. */
typedef struct reference {
  char const *name;
  size_t address_len;
  unsigned char address[16];
} reference_t;

static reference_t make_reference(char const *name) {
  reference_t reference = {.name = name};
  if (inet_pton(AF_INET, name, reference.address) == 1)
    reference.address_len = 4;
  else if (inet_pton(AF_INET6, name, reference.address) == 1)
    reference.address_len = 16;
  return reference;
}

static bool is_meant(der_t const *general, reference_t const *reference) {
  if (reference->address_len)
    return general->tag == GENERAL_NAME_IP &&
           der_is(&general->body, reference->address, reference->address_len);
  return general->tag == DER_CONTEXT(2) &&
         cert_name_matches((char const *)general->body.at, general->body.len, reference->name);
}

/* Names are those of subjectAltName alone; a common name is none (RFC 9525, section 2). */
static bool has_name(certificate_t const *certificate, char const *name) {
  reference_t const reference = make_reference(name);
  cert_bytes_t value, names;
  der_t general;
  if (!certificate_extension(certificate, EXTENSION_NAMES, 3, &value) ||
      !der_take(&value, DER_SEQUENCE, &names))
    return false;
  while (der_next(&names, &general))
    if (is_meant(&general, &reference)) return true;
  return false;
}

static bool has_a_name(certificate_t const *certificate, tls_client_settings_t const *settings) {
  for (size_t i = 0; i < settings->names_count && i < TLS_NAMES_MAX; i++)
    if (has_name(certificate, settings->names[i])) return true;
  return false;
}

unsigned int tls_chain_usages(tls_chain_t const *chain) {
  certificate_t certificate;
  cert_bytes_t value, bits;
  if (!chain->count || !certificate_parse(&certificate, chain->all[0].at, chain->all[0].len))
    return 0;
  if (!certificate_extension(&certificate, EXTENSION_USAGES, 3, &value))
    return BR_KEYTYPE_SIGN | BR_KEYTYPE_KEYX;
  /* The first byte counts the bits of the last that are not used. */
  if (!der_take(&value, DER_BIT_STRING, &bits) || bits.len < 2) return 0;
  return (bits.at[1] & USAGES_SIGN ? BR_KEYTYPE_SIGN : 0) |
         (bits.at[1] & USAGES_EXCHANGE ? BR_KEYTYPE_KEYX : 0);
}

static tls_finding_t verify_leaf(cert_bytes_t leaf, tls_client_settings_t const *settings) {
  certificate_t certificate;
  if (!certificate_parse(&certificate, leaf.at, leaf.len)) return TLS_MALFORMED;
  if (!cert_is_for(leaf.at, leaf.len, CERT_FOR_SERVERS)) return TLS_WRONG_PURPOSE;
  return has_a_name(&certificate, settings) ? TLS_HELD : TLS_NAME_MISMATCH;
}

/* ---- paths ----------------------------------------------------------------------------------- */

static bool issued(cert_bytes_t issuer, cert_bytes_t der) {
  cert_bytes_t names[4];
  return cert_distinguished_names(issuer.at, issuer.len, &names[0], &names[1]) == 0 &&
         cert_distinguished_names(der.at, der.len, &names[2], &names[3]) == 0 &&
         der_is(&names[0], names[3].at, names[3].len);
}

static bool is_self_signed(cert_bytes_t der) {
  return issued(der, der);
}

/* Puts a chain in the order in which each certificate is followed by its issuer: many servers send
   them otherwise. Returns how many there are in it. */
static size_t make_path(tls_chain_t const *chain, cert_bytes_t path[TLS_CHAIN_MAX]) {
  bool taken[TLS_CHAIN_MAX] = {true};
  size_t count = 1, next = 0;
  path[0] = chain->all[0];
  while (next < chain->count && !is_self_signed(path[count - 1])) {
    for (next = 1; next < chain->count; next++)
      if (!taken[next] && issued(chain->all[next], path[count - 1])) break;
    if (next == chain->count) break;
    taken[next] = true;
    path[count++] = chain->all[next];
  }
  return count;
}

/* What BearSSL says of a path. */
static struct {
  unsigned int error;
  tls_finding_t finding;
} const meanings[] = {
    {0, TLS_HELD},
    {BR_ERR_X509_EXPIRED, TLS_EXPIRED},
    {BR_ERR_X509_NOT_TRUSTED, TLS_UNTRUSTED},
    {BR_ERR_X509_DN_MISMATCH, TLS_UNTRUSTED},
    {BR_ERR_X509_BAD_SIGNATURE, TLS_BAD_SIGNATURE},
    {BR_ERR_X509_WRONG_KEY_TYPE, TLS_BAD_SIGNATURE},
    {BR_ERR_X509_NOT_CA, TLS_WRONG_PURPOSE},
    {BR_ERR_X509_FORBIDDEN_KEY_USAGE, TLS_WRONG_PURPOSE},
    {BR_ERR_X509_WEAK_PUBLIC_KEY, TLS_WEAK_KEY},
    {BR_ERR_X509_UNSUPPORTED, TLS_UNSUPPORTED},
    {BR_ERR_X509_CRITICAL_EXTENSION, TLS_UNSUPPORTED},
    {BR_ERR_X509_LIMIT_EXCEEDED, TLS_UNSUPPORTED},
};

static tls_finding_t meaning_of(unsigned int error, cert_bytes_t leaf) {
  for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
    if (meanings[i].error != error) continue;
    if (meanings[i].finding == TLS_UNTRUSTED && is_self_signed(leaf)) return TLS_SELF_SIGNED;
    return meanings[i].finding;
  }
  return TLS_MALFORMED;
}

static void set_up(br_x509_minimal_context *minimal, br_x509_trust_anchor const *anchors,
                   size_t count, int64_t time) {
  br_x509_minimal_init(minimal, &br_sha256_vtable, anchors, count);
  br_x509_minimal_set_rsa(minimal, br_rsa_pkcs1_vrfy_get_default());
  br_x509_minimal_set_ecdsa(minimal, br_ec_get_default(), br_ecdsa_vrfy_asn1_get_default());
  br_x509_minimal_set_minrsa(minimal, RSA_BYTES_MIN);
  br_x509_minimal_set_hash(minimal, br_sha256_ID, &br_sha256_vtable);
  br_x509_minimal_set_hash(minimal, br_sha384_ID, &br_sha384_vtable);
  br_x509_minimal_set_hash(minimal, br_sha512_ID, &br_sha512_vtable);
  if (time)
    br_x509_minimal_set_time(minimal, (uint32_t)(time / SECONDS_PER_DAY + DAYS_TO_1970),
                             (uint32_t)(time % SECONDS_PER_DAY));
}

/* What BearSSL does not look at: what an authority may issue certificates for, and, unless they are
   critical, for which names. It knows no constraints of names, and nor do we. */
static tls_finding_t verify_issuer(cert_bytes_t der) {
  certificate_t certificate;
  cert_bytes_t value;
  if (!certificate_parse(&certificate, der.at, der.len)) return TLS_MALFORMED;
  if (!cert_is_for(der.at, der.len, CERT_FOR_SERVERS)) return TLS_WRONG_PURPOSE;
  return certificate_extension(&certificate, EXTENSION_LIMITS, 3, &value) ? TLS_UNSUPPORTED
                                                                          : TLS_HELD;
}

/* Of roots a key and a name are known, and nothing else is looked at. */
static tls_finding_t verify_issuers(cert_bytes_t const *path, size_t path_len) {
  for (size_t i = 1; i < path_len && !is_self_signed(path[i]); i++) {
    tls_finding_t const finding = verify_issuer(path[i]);
    if (finding != TLS_HELD) return finding;
  }
  return TLS_HELD;
}

static tls_finding_t verify_path(tls_chain_t const *chain, br_x509_trust_anchor const *anchors,
                                 size_t count, tls_client_settings_t const *settings) {
  cert_bytes_t path[TLS_CHAIN_MAX];
  br_x509_minimal_context minimal;
  size_t const path_len = make_path(chain, path);
  set_up(&minimal, anchors, count, settings->time);
  minimal.vtable->start_chain(&minimal.vtable, NULL);
  for (size_t i = 0; i < path_len; i++) {
    minimal.vtable->start_cert(&minimal.vtable, (uint32_t)path[i].len);
    minimal.vtable->append(&minimal.vtable, path[i].at, path[i].len);
    minimal.vtable->end_cert(&minimal.vtable);
  }
  tls_finding_t finding = meaning_of(minimal.vtable->end_chain(&minimal.vtable), chain->all[0]);
  if (finding == TLS_HELD) finding = verify_issuers(path, path_len);
  return finding == TLS_HELD ? verify_leaf(chain->all[0], settings) : finding;
}

/* ---- pins ------------------------------------------------------------------------------------ */

static bool matches(tls_pin_t const *pin, cert_bytes_t der) {
  unsigned char hash[64];
  br_sha256_context sha256;
  br_sha512_context sha512;
  if (pin->selector && cert_public_key(der.at, der.len, &der.at, &der.len) < 0) return false;
  switch (pin->matching) {
  case 0: return der_is(&der, pin->data, pin->len);
  case 1:
    br_sha256_init(&sha256);
    br_sha256_update(&sha256, der.at, der.len);
    br_sha256_out(&sha256, hash);
    return pin->len == br_sha256_SIZE && !memcmp(hash, pin->data, br_sha256_SIZE);
  case 2:
    br_sha512_init(&sha512);
    br_sha512_update(&sha512, der.at, der.len);
    br_sha512_out(&sha512, hash);
    return pin->len == br_sha512_SIZE && !memcmp(hash, pin->data, br_sha512_SIZE);
  default: return false;
  }
}

/* The certificate that a pin of an authority means. One that is given whole need not be sent. */
static bool find_authority(tls_chain_t const *chain, tls_pin_t const *pin, cert_bytes_t *found) {
  for (size_t i = 1; i < chain->count; i++)
    if (matches(pin, chain->all[i])) return *found = chain->all[i], true;
  *found = (cert_bytes_t){pin->data, pin->len};
  return !pin->matching && !pin->selector;
}

static tls_finding_t verify_authority(tls_chain_t const *chain, tls_pin_t const *pin,
                                      tls_client_settings_t const *settings) {
  br_x509_decoder_context decoder;
  br_x509_trust_anchor anchor;
  cert_bytes_t authority, subject, issuer;
  if (!find_authority(chain, pin, &authority)) return TLS_NO_MATCH;
  br_x509_pkey const *const key = decode_key(authority, &decoder);
  if (!key) return TLS_UNSUPPORTED;
  if (cert_distinguished_names(authority.at, authority.len, &subject, &issuer) < 0)
    return TLS_MALFORMED;
  if (tls_anchor_make(&anchor, subject.at, subject.len, key, true) < 0) return TLS_UNSUPPORTED;
  tls_finding_t const finding = verify_path(chain, &anchor, 1, settings);
  free(anchor.dn.data);
  return finding;
}

/* A key or certificate that is pinned itself is good whatever its names and dates are (RFC 7671,
   section 5.1). */
static tls_finding_t verify_pin(tls_chain_t const *chain, tls_pin_t const *pin,
                                tls_client_settings_t const *settings) {
  if (pin->usage == 2) return verify_authority(chain, pin, settings);
  return pin->usage == 3 && matches(pin, chain->all[0]) ? TLS_HELD : TLS_NO_MATCH;
}

static tls_finding_t verify_pins(tls_chain_t const *chain, tls_client_settings_t const *settings,
                                 size_t *index) {
  tls_finding_t nearest = TLS_NO_MATCH;
  for (size_t i = 0; i < settings->pins_count && i < TLS_PINS_MAX; i++) {
    tls_finding_t const finding = verify_pin(chain, &settings->pins[i], settings);
    if (finding == TLS_HELD) return *index = i, TLS_HELD;
    if (finding != TLS_NO_MATCH) nearest = finding;
  }
  return nearest;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void describe(cert_bytes_t leaf, tls_report_t *report) {
  cert_hash_text(leaf.at, leaf.len, report->peer_hash);
  if (cert_subject(leaf.at, leaf.len, report->peer_subject) < 0) report->peer_subject[0] = 0;
  report->end_point_len = cert_end_point(leaf.at, leaf.len, report->end_point);
}

void tls_chain_verify(tls_chain_t const *chain, tls_client_settings_t const *settings,
                      tls_report_t *report) {
  bool const by_ca = settings->anchors && settings->names_count, by_pin = settings->pins_count;
  report->ca = by_ca ? TLS_MALFORMED : TLS_UNASKED;
  report->pin = by_pin ? TLS_NO_MATCH : TLS_UNASKED;
  if (!chain->count) return;
  describe(chain->all[0], report);
  if (by_ca)
    report->ca = verify_path(chain, settings->anchors->all, settings->anchors->count, settings);
  if (by_pin) report->pin = verify_pins(chain, settings, &report->pin_index);
}

tls_finding_t tls_policy_finding(tls_policy_t policy, tls_report_t const *report) {
  return policy == TLS_POLICY_CA ? report->ca : policy == TLS_POLICY_PIN ? report->pin : TLS_HELD;
}
