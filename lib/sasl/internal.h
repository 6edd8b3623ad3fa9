/* What the mechanisms share. */
#ifndef CHAINMAIL_SASL_INTERNAL_H
#define CHAINMAIL_SASL_INTERNAL_H

#include <bearssl.h>

#include "sasl/sasl.h"

/* ---- pieces of a message ---- */

typedef struct slice {
  char const *s; /* NULL: there is none */
  size_t len;
} slice_t;

/* Takes what comes before the separator, and the separator, off rest; if there is none, all of it,
   and rest is then no slice. */
slice_t slice_cut(slice_t *rest, char separator);
/* Takes a beginning off s; false if it has another. */
bool slice_skip(slice_t *s, char const *beginning);
/* Writes s and a NUL to text; false if it does not fit or has a NUL itself. */
typedef bool slice_copy_f(char *text, size_t size, slice_t s);
bool slice_copy(char *text, size_t size, slice_t s);
/* saslname of RFC 5801, section 4: "=2C" is a comma, "=3D" an equals sign. */
bool slice_copy_saslname(char *text, size_t size, slice_t s);

/* Appends to a message of which *len bytes of size are written. */
bool message_append(char *message, size_t size, size_t *len, void const *bytes, size_t count);
bool message_append_text(char *message, size_t size, size_t *len, char const *text);
bool message_append_saslname(char *message, size_t size, size_t *len, char const *name);

/* Parses gs2-header: authzid is the identity in it, binding what follows "p=" (no slice for "n" and
   "y"), flag its first letter; rest what follows the header. */
typedef struct gs2_header {
  char flag;
  slice_t binding, authzid, whole, rest;
} gs2_header_t;
bool gs2_header_parse(gs2_header_t *header, slice_t message);

/* ---- the server ---- */

typedef sasl_step_t server_step_f(sasl_server_t *server, slice_t message);
server_step_f server_plain, server_login, server_cram_md5, server_scram, server_external,
    server_oauth;

sasl_step_t server_send(sasl_server_t *server, char const *text);
sasl_step_t server_fail(sasl_server_t *server, char const *why);
/* Keeps a name or a secret: SASL_STEP_SEND if it is sound, else how the exchange ends. */
sasl_step_t server_take_name(sasl_server_t *server, slice_t name);
/* copy: slice_copy, or slice_copy_saslname where it is written as a saslname. */
sasl_step_t server_take_authzid(sasl_server_t *server, slice_t authzid, slice_copy_f *copy);
sasl_step_t server_take_secret(sasl_server_t *server, slice_t secret);
sasl_step_t server_refuse_token(sasl_server_t *server);

/* ---- the client ---- */

typedef sasl_step_t client_step_f(sasl_client_t *client, slice_t challenge);
client_step_f client_plain, client_login, client_cram_md5, client_scram, client_external,
    client_oauth;

bool client_append(sasl_client_t *client, void const *bytes, size_t len);
bool client_append_text(sasl_client_t *client, char const *text);

/* ---- SCRAM, both sides ---- */

#define SCRAM_BINDING "tls-server-end-point"

br_hash_class const *scram_hash(sasl_mechanism_t mechanism);
size_t scram_hash_size(br_hash_class const *hash);
/* Takes the attribute key=value that rest must begin with. */
bool scram_take(slice_t *rest, char key, slice_t *value);
bool scram_nonce_valid(slice_t nonce);
/* HMAC(key, AuthMessage); final is client-final-message-without-proof. */
void scram_sign(br_hash_class const *hash, unsigned char *signature, unsigned char const *key,
                sasl_scram_t const *scram, slice_t final);

/* In time that does not depend on where they differ. */
bool is_equal(void const *a, void const *b, size_t len);

#endif
