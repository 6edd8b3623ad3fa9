/* Keys: those in certificates, and private ones. */
#include <string.h>

#include "cert/cert.h"

char const *cert_key_type_name(cert_key_type_t type) {
  static char const *const names[] = {
      [CERT_RSA] = "RSA", [CERT_P256] = "P-256", [CERT_P384] = "P-384"};
  return names[type];
}

static unsigned int rsa_bits(unsigned char const *n, size_t len) {
  unsigned int bits = (unsigned int)(8 * len);
  for (unsigned int top = 0x80; len && top && !(*n & top); top >>= 1) bits--;
  return bits;
}

static char const *check_rsa_bits(unsigned int bits) {
  if (bits < CERT_KEY_BITS_MIN) return "an RSA key of less than 1024 bits";
  return bits > CERT_KEY_BITS_MAX ? "an RSA key of more than 4096 bits" : NULL;
}

static char const *check_curve(int curve, cert_key_type_t *type, unsigned int *bits) {
  *type = curve == BR_EC_secp384r1 ? CERT_P384 : CERT_P256;
  *bits = *type == CERT_P384 ? 384 : 256;
  return curve == BR_EC_secp256r1 || curve == BR_EC_secp384r1
             ? NULL
             : "an elliptic curve other than P-256 and P-384";
}

/* ---- public ---------------------------------------------------------------------------------- */

static char const *take_public_rsa(cert_public_t *key, br_rsa_public_key const *rsa) {
  if (rsa->nlen + rsa->elen > sizeof key->bytes) return "an RSA key that is too long";
  memcpy(key->bytes, rsa->n, rsa->nlen);
  memcpy(key->bytes + rsa->nlen, rsa->e, rsa->elen);
  key->rsa = (br_rsa_public_key){key->bytes, rsa->nlen, key->bytes + rsa->nlen, rsa->elen};
  key->type = CERT_RSA;
  key->bits = rsa_bits(rsa->n, rsa->nlen);
  return check_rsa_bits(key->bits);
}

static char const *take_public_ec(cert_public_t *key, br_ec_public_key const *ec) {
  if (ec->qlen > sizeof key->bytes) return "an EC key that is too long";
  memcpy(key->bytes, ec->q, ec->qlen);
  key->ec = (br_ec_public_key){ec->curve, key->bytes, ec->qlen};
  return check_curve(ec->curve, &key->type, &key->bits);
}

char const *cert_public_read(cert_public_t *key, unsigned char const *der, size_t len) {
  br_x509_decoder_context decoder;
  br_x509_decoder_init(&decoder, NULL, NULL);
  br_x509_decoder_push(&decoder, der, len);
  br_x509_pkey const *const found = br_x509_decoder_get_pkey(&decoder);
  if (!found) return "a certificate that is none, or whose key is neither RSA nor EC";
  if (found->key_type == BR_KEYTYPE_RSA) return take_public_rsa(key, &found->key.rsa);
  return take_public_ec(key, &found->key.ec);
}

/* ---- private --------------------------------------------------------------------------------- */

static char const not_rsa_nor_ec[] = "the private key is neither RSA nor EC, or damaged";

/* Copies bytes to *to, moves that behind them. Returns the copy. */
static unsigned char *keep(unsigned char **to, unsigned char const *bytes, size_t len) {
  unsigned char *const kept = memcpy(*to, bytes, len);
  *to += len;
  return kept;
}

static char const *take_rsa(cert_key_t *key, br_rsa_private_key const *rsa) {
  unsigned char *to = key->bytes;
  char const *const wrong = check_rsa_bits(rsa->n_bitlen);
  if (wrong) return wrong;
  if (rsa->plen + rsa->qlen + rsa->dplen + rsa->dqlen + rsa->iqlen > sizeof key->bytes)
    return not_rsa_nor_ec;
  key->type = CERT_RSA;
  key->bits = rsa->n_bitlen;
  key->rsa = *rsa;
  key->rsa.p = keep(&to, rsa->p, rsa->plen);
  key->rsa.q = keep(&to, rsa->q, rsa->qlen);
  key->rsa.dp = keep(&to, rsa->dp, rsa->dplen);
  key->rsa.dq = keep(&to, rsa->dq, rsa->dqlen);
  key->rsa.iq = keep(&to, rsa->iq, rsa->iqlen);
  return NULL;
}

/* BearSSL takes any number for a private key, and wants it to be of the curve's order. */
static bool is_in_range(br_ec_private_key const *ec) {
  size_t len, skip = 0;
  unsigned char const *const order = br_ec_get_default()->order(ec->curve, &len);
  unsigned char any = 0;
  if (ec->xlen > len) return false;
  for (size_t i = 0; i < ec->xlen; i++) any |= ec->x[i];
  while (skip < len && !order[skip]) skip++;
  return any && (ec->xlen < len - skip || memcmp(ec->x, order + skip, ec->xlen) < 0);
}

static char const *take_ec(cert_key_t *key, br_ec_private_key const *ec) {
  unsigned char *to = key->bytes;
  br_ec_private_key number = *ec;
  char const *const wrong = check_curve(ec->curve, &key->type, &key->bits);
  if (wrong) return wrong;
  while (number.xlen && !*number.x) number.x++, number.xlen--;
  if (!is_in_range(&number)) return not_rsa_nor_ec;
  key->ec = number;
  key->ec.x = keep(&to, number.x, number.xlen);
  return NULL;
}

static char const *decode(cert_key_t *key, br_skey_decoder_context *decoder) {
  switch (br_skey_decoder_key_type(decoder)) {
  case BR_KEYTYPE_RSA: return take_rsa(key, br_skey_decoder_get_rsa(decoder));
  case BR_KEYTYPE_EC: return take_ec(key, br_skey_decoder_get_ec(decoder));
  default: return not_rsa_nor_ec;
  }
}

/* While the keys of a file are looked for. */
typedef struct search {
  cert_key_t *key;
  bool is_encrypted; /* OpenSSL's old way, which stands in the object's header lines */
} search_t;

static char const found[] = "";

static bool is_key(char const *label) {
  size_t const len = strlen(label), tail = strlen("PRIVATE KEY");
  return len >= tail && !strcmp(label + len - tail, "PRIVATE KEY");
}

static char const *take_key(void *data, char const *label, unsigned char const *der, size_t len) {
  search_t const *const search = data;
  br_skey_decoder_context decoder;
  if (!is_key(label)) return NULL;
  if (!strcmp(label, "ENCRYPTED PRIVATE KEY") || (!der && search->is_encrypted))
    return "the private key is encrypted: decrypt it, with openssl pkey say";
  if (!der) return "the private key is not whole, or too long";
  br_skey_decoder_init(&decoder);
  br_skey_decoder_push(&decoder, der, len);
  char const *const wrong = decode(search->key, &decoder);
  cert_wipe(&decoder, sizeof decoder);
  return wrong ? wrong : found;
}

char const *cert_key_read(cert_key_t *key, char const *pem, size_t len) {
  static char const mark[] = "Proc-Type: 4,ENCRYPTED";
  search_t search = {.key = key, .is_encrypted = memmem(pem, len, mark, sizeof mark - 1)};
  char const *const wrong = cert_pem_each(pem, len, take_key, &search);
  return wrong == found ? NULL : wrong ? wrong : "no private key in it";
}

void cert_key_wipe(cert_key_t *key) {
  cert_wipe(key, sizeof *key);
}

/* ---- both ------------------------------------------------------------------------------------ */

/* n = p * q. (BearSSL's own function for it ends below 4096 bits.) */
static void multiply(unsigned char *n, br_rsa_private_key const *rsa) {
  memset(n, 0, rsa->plen + rsa->qlen);
  for (size_t i = rsa->plen; i-- > 0;) {
    unsigned int carry = 0;
    for (size_t j = rsa->qlen; j-- > 0; carry >>= 8) {
      carry += n[i + j + 1] + (unsigned int)rsa->p[i] * rsa->q[j];
      n[i + j + 1] = (unsigned char)carry;
    }
    n[i] = (unsigned char)carry;
  }
}

static bool rsa_matches(cert_key_t const *key, cert_public_t const *public) {
  unsigned char n[3 * BR_X509_BUFSIZE_SIG];
  size_t const len = key->rsa.plen + key->rsa.qlen;
  size_t skip = 0;
  multiply(n, &key->rsa);
  while (skip < len && !n[skip]) skip++;
  return len - skip == public->rsa.nlen && !memcmp(n + skip, public->rsa.n, public->rsa.nlen);
}

static bool ec_matches(cert_key_t const *key, cert_public_t const *public) {
  unsigned char q[BR_EC_KBUF_PUB_MAX_SIZE];
  size_t const len = br_ec_compute_pub(br_ec_get_default(), NULL, q, &key->ec);
  return len && len == public->ec.qlen && !memcmp(q, public->ec.q, len);
}

bool cert_key_matches(cert_key_t const *key, cert_public_t const *public) {
  if (key->type != public->type) return false;
  return key->type == CERT_RSA ? rsa_matches(key, public) : ec_matches(key, public);
}
