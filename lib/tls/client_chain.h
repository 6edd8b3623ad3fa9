/* client_chain: inside lib/tls, a server's certificates and what they come to. */
#ifndef CHAINMAIL_TLS_CLIENT_CHAIN_H
#define CHAINMAIL_TLS_CLIENT_CHAIN_H

#include <bearssl.h>

#include "tls/tls.h"

struct tls_anchors {
  size_t count;
  br_x509_trust_anchor *all; /* each dn.data holds the key's bytes as well */
};

/* Makes an anchor of a certificate's subject and key, in one block at dn.data that the caller
   frees. 0, or -1 with ENOMEM. */
int tls_anchor_make(br_x509_trust_anchor *anchor, void const *subject, size_t subject_len,
                    br_x509_pkey const *key, bool is_authority);

/* The certificates that a server sent, leaf first. Not to be moved. */
typedef struct tls_chain {
  size_t count, used;
  bool is_cut; /* there were more, or larger ones; none from the first that did not fit is kept */
  cert_bytes_t all[TLS_CHAIN_MAX];
  unsigned char bytes[TLS_CHAIN_BYTES];
} tls_chain_t;

void tls_chain_init(tls_chain_t *chain);
/* Begins a certificate of this length, and appends to it. */
void tls_chain_begin(tls_chain_t *chain, size_t len);
void tls_chain_append(tls_chain_t *chain, void const *bytes, size_t len);

/* Finds out all that settings ask for, and who the server is: report's ca, pin, pin_index and what
   begins with peer and end_point. */
void tls_chain_verify(tls_chain_t const *chain, tls_client_settings_t const *settings,
                      tls_report_t *report);
/* What the policy looks at. */
tls_finding_t tls_policy_finding(tls_policy_t policy, tls_report_t const *report);

/* What the leaf's key may be used for, BR_KEYTYPE_SIGN and BR_KEYTYPE_KEYX (RFC 5280, section
   4.2.1.3). */
unsigned int tls_chain_usages(tls_chain_t const *chain);
/* The leaf's key; decoder holds it. NULL if it is none that we can use. */
br_x509_pkey const *tls_chain_key(tls_chain_t const *chain, br_x509_decoder_context *decoder);

#endif
