#include <string.h>

#include "engine_parts.h"

static client_t *client_of(br_x509_class const *const *class) {
  return (client_t *)(void *)((char const *)class - offsetof(client_t, class));
}

static void start_chain(br_x509_class const **class, char const *name) {
  client_t *const client = client_of(class);
  (void)name;
  client->count = client->len = 0;
  client->minimal.vtable->start_chain(&client->minimal.vtable, NULL);
}

static void start_certificate(br_x509_class const **class, uint32_t len) {
  client_t *const client = client_of(class);
  client->count++;
  client->minimal.vtable->start_cert(&client->minimal.vtable, len);
}

static void append(br_x509_class const **class, unsigned char const *bytes, size_t len) {
  client_t *const client = client_of(class);
  if (client->count == 1) {
    size_t const room = LEAF_MAX - client->len;
    memcpy(client->leaf + client->len, bytes, len < room ? len : room);
    client->len += len < room ? len : room;
  }
  client->minimal.vtable->append(&client->minimal.vtable, bytes, len);
}

static void end_certificate(br_x509_class const **class) {
  client_t *const client = client_of(class);
  client->minimal.vtable->end_cert(&client->minimal.vtable);
}

static unsigned int end_chain(br_x509_class const **class) {
  client_t *const client = client_of(class);
  engine_t *const engine = (engine_t *)(void *)((char *)client - offsetof(engine_t, client));
  tls_kept_t *const session = &engine->session;
  unsigned int const error = client->minimal.vtable->end_chain(&client->minimal.vtable);
  if (error) return error;
  if (client->len == LEAF_MAX || client->count > CLIENT_MAX) return BR_ERR_X509_LIMIT_EXCEEDED;
  if (!cert_is_for(client->leaf, client->len, CERT_FOR_CLIENTS))
    return BR_ERR_X509_FORBIDDEN_KEY_USAGE;
  cert_hash_text(client->leaf, client->len, session->peer_hash);
  if (cert_subject(client->leaf, client->len, session->peer_subject) < 0)
    session->peer_subject[0] = 0;
  return 0;
}

static br_x509_pkey const *get_key(br_x509_class const *const *class, unsigned int *usages) {
  client_t *const client = client_of(class);
  return client->minimal.vtable->get_pkey(&client->minimal.vtable, usages);
}

static br_x509_class const client_class = {
    .context_size = sizeof(client_t),
    .start_chain = start_chain,
    .start_cert = start_certificate,
    .append = append,
    .end_cert = end_certificate,
    .end_chain = end_chain,
    .get_pkey = get_key,
};

static void set_client_verifier(engine_t *engine) {
  br_x509_minimal_context *const minimal = &engine->client.minimal;
  br_rsa_pkcs1_vrfy const rsa = br_rsa_pkcs1_vrfy_get_default();
  br_ecdsa_vrfy const ecdsa = br_ecdsa_vrfy_asn1_get_default();
  br_x509_minimal_init(minimal, &br_sha256_vtable, engine->anchors->all, engine->anchors->count);
  for (size_t i = 0; i < HASHES; i++)
    br_x509_minimal_set_hash(minimal, engine_hashes[i].id, engine_hashes[i].class);
  br_x509_minimal_set_rsa(minimal, rsa);
  br_x509_minimal_set_ecdsa(minimal, &engine->curves, ecdsa);
  br_ssl_engine_set_rsavrfy(&engine->server.eng, rsa);
  br_ssl_engine_set_ecdsa(&engine->server.eng, ecdsa);
  engine->client.class = &client_class;
  br_ssl_engine_set_x509(&engine->server.eng, &engine->client.class);
  br_ssl_server_set_trust_anchor_names_alt(&engine->server, engine->anchors->all,
                                           engine->anchors->count);
}

/* 0, or -1 with errno. */
int client_init(engine_t *engine) {
  engine_settings_t const *const settings = engine->settings;
  if (settings->client_certificate == CLIENT_CERTIFICATE_NONE) return 0;
  engine->anchors = tls_anchors_load(settings->ca_file);
  if (!engine->anchors) return -1;
  set_client_verifier(engine);
  return 0;
}
