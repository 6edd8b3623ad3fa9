/* connect: what an administrator says of the server, from the command line to the engine. */
#ifndef TLS_CONNECT_H
#define TLS_CONNECT_H

#include "tls/tls.h"

typedef struct connect_settings {
  tls_client_settings_t client; /* its anchors are loaded when they are needed */
  char const *authorities;      /* their file; NULL: none */
  bool has_certificate;         /* there are keys of our own */
  char const *names[TLS_NAMES_MAX];
  tls_pin_t pins[TLS_PINS_MAX];
  char const *pin_texts[TLS_PINS_MAX];
} connect_settings_t;

extern connect_settings_t connect_settings;

#endif
