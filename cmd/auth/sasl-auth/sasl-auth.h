/* sasl-auth: see sasl-auth(8). */
#ifndef CHAINMAIL_AUTH_SASL_AUTH_H
#define CHAINMAIL_AUTH_SASL_AUTH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "sasl/sasl.h"
#include "throttle/throttle.h"

#define PROGRAM "sasl-auth"

/* ---- settings ------------------------------------------------------------------------------- */

#define EXIT_CODES_MAX 32

typedef struct options {
  bool foreign_authzid; /* -z */
  char const *users;    /* the table */
  char const *token_checker;
  char const *judge; /* -k: the program whose exit code counts */
  size_t wrong_codes_count;
  unsigned int wrong_codes[EXIT_CODES_MAX];
  char const *const *checker; /* its words and sasl-ok; NULL: there is none */
  throttle_t throttle;
  unsigned int checkers; /* that may run at a time; 0: any number */
} options_t;

extern options_t options;
extern conf_t conf;

/* ---- front.c: lines from the front and to it ------------------------------------------------ */

/* The next line, without its end, in a buffer that front_forget wipes. It ends the process when the
   front has gone, says nothing for these seconds, or too much. */
char *front_read(unsigned int seconds);
void front_forget(void);
/* Say a line, or end one; text is what comes behind the word. */
void front_challenge(char const *bytes, size_t len);
void front_refuse(sasl_result_t result, char const *text);
/* facts: strings, the last of which is empty. */
void front_accept(char const *method, char const *facts, char const *user);

/* ---- facts.c: what the front says of its client --------------------------------------------- */

/* Reads the facts that the front begins with. */
void facts_read(void);
/* A fact, or NULL. */
char const *facts_get(char const *name);
sasl_channel_t facts_channel(void);
/* SSL_SERVER_END_POINT as bytes. Its length, 0 if there is none. */
size_t facts_end_point(unsigned char *bytes, size_t size);
/* The client's address; false if it is not known. */
bool facts_address(ip46 *ip);

/* A checker's environment: what is inherited, without what could pose as a fact, the front's facts,
   and more variables, up to a NULL name; a NULL value is none. */
typedef struct variable {
  char const *name, *value;
} variable_t;
char const *const *environment_make(variable_t const *more);

/* ---- checker.c: asking a checker ------------------------------------------------------------ */

typedef enum answer { ANSWER_YES, ANSWER_NO, ANSWER_TROUBLE } answer_t;

typedef struct checker_call {
  char const *const *argv;
  char const *const *envp; /* has token and CHECKER_RECORD_FD */
  char const *token;
  char const *credentials; /* what descriptor 3 has; NULL: it is not open */
  size_t credentials_len;
} checker_call_t;

#define CHECKER_RECORD_FD 4

typedef struct checker_answer {
  answer_t answer;
  bool is_failure;   /* counts as one, whatever the answer is: somebody may be guessing */
  char const *facts; /* of a yes: strings, the last of which is empty; until the next call */
  char trouble[128]; /* what happened, for the log */
} checker_answer_t;

void checker_ask(checker_call_t const *call, checker_answer_t *answer);

/* ---- lookup.c: stored verifiers ---------------------------------------------------------------
 */

typedef struct account {
  bool known; /* and may log in */
  char name[SASL_NAME_MAX + 1];
  char home[PATH_MAX];
  char senders[8192];
  uint32_t uid, gid;
  sasl_verifier_t verifier;
  unsigned char salt[SASL_SALT_MAX];
  unsigned char stored_key[SASL_SCRAM_KEY_MAX], server_key[SASL_SCRAM_KEY_MAX];
} account_t;

/* Looks name's verifier up; for a stranger, or one who has none, it makes one up. 0, or -1 with
   errno. */
int lookup_verifier(account_t *account, char const *name, sasl_mechanism_t mechanism);
/* Looks up whom the client's certificate belongs to. */
int lookup_certificate(account_t *account, char const *hash);
void lookup_wipe(account_t *account);

/* ---- attempt.c --------------------------------------------------------------------------------
 */

/* Runs one attempt, from the front's request to the answer, and logs it. */
void attempt_run(sasl_request_t const *request);

#endif
