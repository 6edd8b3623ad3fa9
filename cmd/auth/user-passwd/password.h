/* password: asking for a password, and what the users file keeps of it. */
#ifndef CHAINMAIL_AUTH_PASSWORD_H
#define CHAINMAIL_AUTH_PASSWORD_H

#include <crypt.h>

#include "users/users.h"

typedef struct password_method {
  char const *name;
  char const *prefix; /* crypt_gensalt's; NULL: no hash */
  unsigned long cost; /* its count, when none is said; 0: the library's choice */
  size_t longest;     /* bytes of a password that count */
} password_method_t;

/* How a password is asked for and kept: the options of user-add and user-passwd. */
typedef struct password_settings {
  int fd; /* -1: the terminal */
  password_method_t const *method;
  unsigned long cost;
  uint32_t iterations; /* of SCRAM verifiers; 0: none */
  bool sha1, plain;
} password_settings_t;

#define PASSWORD_OPTIONS "p:m:i:1P"
#define PASSWORD_USAGE   "[-1P] [-p fd] [-m method[:cost]] [-i iterations]"

void password_settings_init(password_settings_t *settings);
/* Takes an option of PASSWORD_OPTIONS. False: it is none of them, or its argument is no good. */
bool password_option(password_settings_t *settings, int option, char const *argument);

typedef struct password {
  char text[USERS_PASSWORD_MAX + 1];
  char hash[CRYPT_OUTPUT_SIZE];
} password_t;

/* Asks for the password of name, twice, or reads the first line of the descriptor; dies if there is
   none, or it cannot be one. */
void password_ask(password_t *password, password_settings_t const *settings, char const *name);
/* Makes the hash; dies if it cannot. It takes its time: before the file is locked. */
void password_hash(password_t *password, password_settings_t const *settings);
/* Puts hash, verifiers and plain into user, in place of those it has; they point into password. */
void password_set(users_user_t *user, password_t const *password,
                  password_settings_t const *settings);
void password_wipe(password_t *password);

#endif
