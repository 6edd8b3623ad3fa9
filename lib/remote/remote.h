/* remote: what is agreed with other mail hosts: how safe a connection must be, and how we log in.
 * Two texts, one line for each destination; deliver-smtp(8) describes them.
 *
 * A destination is written as the routes write it. Letters are the same in either case. */
#ifndef CHAINMAIL_REMOTE_H
#define CHAINMAIL_REMOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "tls/tls.h"

#define REMOTE_TEXT_MAX 1048576 /* bytes of a text */
#define REMOTE_LINE_MAX 4096    /* and of a line */
#define REMOTE_LINES    10000   /* of a text */

/* ---- how safe a connection must be ---------------------------------------------------------- */

typedef enum remote_level {
  REMOTE_NONE,    /* no TLS */
  REMOTE_MAY,     /* TLS with whoever it is, if it can be had; else without */
  REMOTE_ENCRYPT, /* TLS with whoever it is */
  REMOTE_VERIFY,  /* TLS with a host that an authority vouches for */
  REMOTE_PIN,     /* TLS with a host whose certificate or key is known */
  REMOTE_LEVELS
} remote_level_t;

char const *remote_level_word(remote_level_t level);

typedef struct remote_policy {
  remote_level_t level;
  bool implicit; /* TLS from the first byte, whatever the port */
  size_t names_count, pins_count;
  char const *names[TLS_NAMES_MAX]; /* that a host may be verified as; ".domain" any below it */
  tls_pin_t pins[TLS_PINS_MAX];
  unsigned char pin_bytes[TLS_PINS_MAX][64];
} remote_policy_t;

/* Why a text is no good; line is 0 if no line is to blame. */
typedef struct remote_error {
  unsigned int line;
  char const *reason;
} remote_error_t;

/* Tables made of a text. They hold a copy of it. */
typedef struct remote_policies remote_policies_t;

/* NULL with errno; EINVAL: error says where. */
remote_policies_t *remote_policies_parse(char const *text, size_t len, remote_error_t *error);
void remote_policies_free(remote_policies_t *policies);

/* The line for destination itself. NULL: none. policies may be NULL. */
remote_policy_t const *remote_policy_of(remote_policies_t const *policies, char const *destination);
/* Or else for the domains above it ("." and the domain), the longest first, or else for "*". */
remote_policy_t const *remote_policy_find(remote_policies_t const *policies,
                                          char const *destination);

/* The names that a host may be verified as: those of the policy; without any, domain and all below
   it. An entry ".x" stands for host if that lies below x. Returns their number, at most
   TLS_NAMES_MAX; 0: this host can be none of them. They point into policy, domain and host. */
size_t remote_names(char const *names[TLS_NAMES_MAX], remote_policy_t const *policy,
                    char const *domain, char const *host);

/* ---- how we log in -------------------------------------------------------------------------- */

typedef struct remote_login {
  char const *name, *password;
} remote_login_t;

typedef struct remote_logins remote_logins_t;

/* As above. The caller wipes text, which is secret. */
remote_logins_t *remote_logins_parse(char const *text, size_t len, remote_error_t *error);
/* Wipes them. */
void remote_logins_free(remote_logins_t *logins);

/* The login at destination, or NULL. logins may be NULL. */
remote_login_t const *remote_login_find(remote_logins_t const *logins, char const *destination);

#endif
