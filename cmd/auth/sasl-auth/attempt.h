/* One attempt to log in: what its files share. */
#ifndef CHAINMAIL_AUTH_SASL_AUTH_ATTEMPT_H
#define CHAINMAIL_AUTH_SASL_AUTH_ATTEMPT_H

#include "base64/base64.h"
#include "sasl-auth.h"

#define NONCE_BYTES 18

/* One attempt. */
typedef struct attempt {
  char const *method;
  sasl_server_t server; /* also of APOP, which has no exchange: name and secret */
  bool is_over;
  bool is_refused; /* logged and counted already; the client has yet to answer to it */
  sasl_result_t result;
  bool is_failure;        /* counts against the client's network */
  char const *reason;     /* for the log */
  char const *user;       /* who has logged in */
  char const *user_facts; /* strings, the last of which is empty */
  char nonce[BASE64_ENCODED(NONCE_BYTES) + 1], challenge[320];
  unsigned char end_point[64];
  checker_answer_t answer;
  account_t account;
} attempt_t;

extern attempt_t attempt;

/* Ends the attempt; reason, for the log, must outlive it. */
void attempt_end(sasl_result_t result, char const *reason);
/* Logs and counts a failure of which the client is told by a challenge, as some mechanisms have it:
   it is one whatever the client says to that, and if it says nothing. */
void attempt_refuse(char const *reason);
/* True if the client's network has failed too often. */
bool attempt_is_throttled(void);
/* The time as checkers are told it: seconds since the epoch. */
char const *attempt_seconds(void);
void attempt_log_trouble(char const *what);

/* steps.c: goes on from this step until the attempt has ended. */
void steps_run(sasl_step_t step);
/* Lets others ask a checker, if this attempt had its turn. */
void steps_end_turn(void);
/* Decodes what the client says, base64, in its own place. NULL: it is none. */
char const *steps_decode(char *line, size_t *len);

#endif
