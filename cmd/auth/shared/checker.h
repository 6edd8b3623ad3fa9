/* checker: what the checkpassword programs do alike: reading the credentials, and ending. What
 * cannot go on says why, and exits. */
#ifndef CHAINMAIL_AUTH_CHECKER_H
#define CHAINMAIL_AUTH_CHECKER_H

#include <stdbool.h>
#include <stdint.h>

#include "credentials/credentials.h"

/* checkpassword's exit codes. */
enum { CHECKER_WRONG = 1, CHECKER_MISUSED = 2, CHECKER_TEMPORARY = 111 };

#define CHECKER_FD 3

/* Who has logged in: what the next program is told. */
typedef struct checker_account {
  char const *name;
  char const *home;    /* NULL: none */
  char const *shell;   /* NULL: one that lets nobody in */
  char const *senders; /* NULL: its own address */
  uint32_t uid, gid;   /* 0: not known */
  bool has_groups;     /* those of the system: else gid is all there is */
} checker_account_t;

/* Prints the usage; option: the one that was not taken, 'h' or another. */
_Noreturn void checker_usage(int option, char const *usage);
/* A uid or gid, which is not root's. */
uint32_t checker_id(char const *argument, char const *usage);
/* Reads descriptor 3. Wrong is what nobody could have as a password; misused, that there is nobody
 * who asks. */
void checker_read(credentials_t *credentials);
/* Becomes the user: what only root can, and never to root. */
void checker_become(checker_account_t const *account);
/* Executes the next program for the user. */
_Noreturn void checker_pass(checker_account_t const *account, char const *const *argv);

#endif
