/* session: what one client has told us so far, and the steps that act on it. There is one session
 * in a process; it is passed about as a value's address all the same, so that a step shows what it
 * reads and changes. */
#ifndef SMTP_FRONT_SESSION_H
#define SMTP_FRONT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chain/chain.h"
#include "conf/conf.h"
#include "facts.h"
#include "log/log.h"
#include "reply.h"
#include "route/route.h"
#include "sasl/sasl.h"
#include "smtp/smtp.h"
#include "spill.h"
#include "wire.h"

#define PROGRAM "smtp-front"

/* ---- hooks and extensions ------------------------------------------------------------------- */

typedef enum hook {
  HOOK_CONNECT,
  HOOK_HELO,
  HOOK_AUTH,
  HOOK_MAIL,
  HOOK_RCPT,
  HOOK_DATA,
  HOOK_VRFY,
  HOOK_UNKNOWN,
  HOOK_DISCONNECT,
  HOOK_COUNT
} hook_t;

typedef enum extension {
  EXTENSION_PIPELINING,
  EXTENSION_SIZE,
  EXTENSION_8BITMIME,
  EXTENSION_SMTPUTF8,
  EXTENSION_CHUNKING,
  EXTENSION_DSN,
  EXTENSION_MT_PRIORITY,
  EXTENSION_DELIVERBY,
  EXTENSION_FUTURERELEASE,
  EXTENSION_ENHANCEDSTATUSCODES,
  EXTENSION_LIMITS,
  EXTENSION_STARTTLS,
  EXTENSION_AUTH,
  EXTENSION_XCLIENT,
  EXTENSION_HELP,
  EXTENSION_COUNT
} extension_t;

typedef enum tls_state { TLS_NONE, TLS_OFFERED, TLS_REQUIRED, TLS_ACTIVE } tls_state_t;

/* What stands behind a verb; or a whole line. */
typedef struct argument {
  char const *s;
  size_t len;
} argument_t;

/* ---- the session ---------------------------------------------------------------------------- */

typedef struct options {
  bool lmtp;
  bool submission;              /* no mail before a login */
  bool hide_client;             /* Received does not tell whence a login's mail came */
  bool auth_equals;             /* EHLO lists the mechanisms as AUTH=, too */
  uint64_t messages;            /* of a session; 0: no limit */
  bool off[EXTENSION_COUNT];    /* extensions that are not offered */
  char const *hooks;            /* folder, or NULL */
  char const *xclient_networks; /* or NULL */
  char const *texts;            /* file, or NULL */
  char const *auth_socket;      /* of the auth service; NULL: the usual one, for submission only */
  char const *senders;          /* of logins that have no list of their own, or NULL */
  char const *const *chain;     /* or NULL: messages are put into the queue here */
} options_t;

/* A message on its way from the client into its file. */
typedef struct message {
  int fd;               /* -1: none */
  reply_name_t failure; /* why it will be refused; its bytes are then only framed */
  smtp_body_t body;
  smtp_header_scan_t header;
  size_t kept;      /* where in wire.input the bytes begin that are not yet written */
  uint64_t written; /* bytes of the file, the Received field included */
  uint64_t size;    /* bytes that came */
  size_t trace_len; /* of the Received field, as long as it is not written */
} message_t;

#define RECIPIENT_MAX 1000 /* bytes with what RELAYCLIENT appends: QUEUE_ADDRESS_MAX */

/* From MAIL to its end. Small, so that a new one costs nothing; what is large is in the session. */
typedef struct transaction {
  bool begun; /* MAIL was accepted */
  smtp_path_t sender;
  char id[CHAIN_ID_SIZE + 1];
  uint64_t limit;                    /* bytes of the message; 0: none */
  char size[21];                     /* SIZE= as declared, or "" */
  char const *body;                  /* BODY= as declared, or NULL */
  bool utf8;                         /* SMTPUTF8 was given */
  bool held;                         /* HOLDFOR or HOLDUNTIL was given */
  bool lowered;                      /* MT-PRIORITY was more than this client may ask for */
  bool chunked;                      /* a BDAT was seen */
  size_t recipients;                 /* accepted */
  char recipient[RECIPIENT_MAX + 1]; /* the latest that was accepted */
  message_t message;
} transaction_t;

/* What is large stands last: a session that only says hello touches none of it. */
typedef struct buffers {
  char connection_facts[FACTS_BYTES];
  char session_facts[FACTS_BYTES];
  char transaction_facts[FACTS_BYTES];
  char envelope[SPILL_BYTES];
  char parameters[SPILL_BYTES];
} buffers_t;

typedef struct session {
  options_t options;
  conf_t conf;

  char id[CHAIN_ID_SIZE + 1];
  bool xclient_trusted;
  bool refused;                      /* by the connect hook: only QUIT is left */
  bool extended;                     /* EHLO or LHLO was said */
  char helo[SMTP_DOMAIN_MAX + 1];    /* "" before it was said */
  char auth_user[SASL_NAME_MAX + 1]; /* "" when not authenticated */
  char const *auth_method;           /* of an AUTH that succeeded, or NULL */
  unsigned int auth_failures;        /* nothing makes them forgotten */
  bool after_auth;                   /* the latest command was AUTH */
  tls_state_t tls;
  struct {
    int control, read, write;
  } tls_fds;

  argument_t command; /* the line at hand */
  uint64_t commands, bad_commands, messages;
  char const *end_reason; /* set once the session is over */

  transaction_t transaction;
  spill_t envelope, parameters;
  int results;       /* LMTP: a memfd of verdicts by recipient, or -1 */
  bool results_lost; /* one could not be kept */

  facts_t connection_facts;  /* XCLIENT's and TLS's */
  facts_t session_facts;     /* AUTH's, and from connect, helo and auth hooks */
  facts_t transaction_facts; /* from mail, rcpt and data hooks */

  route_table_t routes; /* opened when first asked */
  bool routes_opened;

  wire_t wire;
  buffers_t buffers;
} session_t;

/* ---- environment.c -------------------------------------------------------------------------- */

/* Unsets what this program is the authority for, and takes SESSION_ID or makes one. */
void environment_init(session_t *session);
/* A fact by name: a hook's, XCLIENT's or TLS's, or the environment's; or NULL. */
char const *environment_get(session_t const *session, char const *name);
/* The UCSPI variable ${PROTO}suffix; or NULL. */
char const *environment_ucspi(session_t const *session, char const *suffix);
/* What the message comes by: SMTP, ESMTPSA... */
char const *environment_protocol(session_t const *session);
/* Sets, or with value NULL unsets, ${PROTO}suffix. */
void environment_set_ucspi(session_t *session, char const *suffix, char const *value);
/* Forgets a fact of the connection, wherever it is from. */
void environment_unset(session_t *session, char const *name);
/* Drops every variable of the environment that begins with prefix. */
void environment_drop(char const *prefix);
/* True if the fact's name is the session's own: hooks cannot set it. */
bool environment_owns(char const *fact);
/* The environment of a link; fact is one of this call alone, or NULL. What it returns lasts until
   the next call. */
char const *const *environment_build(session_t const *session, char const *fact);

/* ---- link.c ------------------------------------------------------------------------------- */

/* Runs a link with the session's facts and one of its own, NAME=value or NULL. What chain_call
   returns. */
typedef struct link_call {
  char const *path;
  char const *const *argv;
  int message_fd, envelope_fd;
  conf_name_t timeout;
  char const *fact;
} link_call_t;
int link_run(session_t const *session, link_call_t const *call, chain_reader_t *reader,
             chain_verdict_t *verdict);

/* ---- hooks.c -------------------------------------------------------------------------------- */

typedef enum hook_verdict { HOOK_PASSED, HOOK_ACCEPTED, HOOK_REFUSED } hook_verdict_t;

/* Reads the folder of hooks once. 0, or -1 with errno. */
int hooks_init(char const *path);
/* Runs a hook if there is one, and keeps the facts it hands back. HOOK_ACCEPTED: it said K.
   HOOK_REFUSED: *refusal is what the client is told. fact: of this call, or NULL. */
hook_verdict_t hook_run(session_t *session, hook_t hook, char const *fact, reply_t *refusal);

/* ---- commands.c ----------------------------------------------------------------------------- */

/* Greets, then answers command after command until the session is over. */
void session_run(session_t *session);
/* Puts a reply into the output. */
void session_reply(session_t *session, reply_t const *reply);
/* Spares reads a poll wherever their timeouts allow it; for each pair of descriptors. */
void session_limit_reads(session_t *session);
/* Ends it for want of a next byte. */
void session_break(session_t *session, wire_status_t status);
/* Bytes that a message may have; 0: no limit. */
uint64_t session_size_limit(session_t const *session);
/* True if the client may send to domains that are not ours. */
bool session_may_relay(session_t const *session);
/* Ends the session; the first reason stays. */
void session_end(session_t *session, char const *reason);
/* Forgets what was said since the connection began, as STARTTLS and XCLIENT want it. */
void session_forget(session_t *session);
reply_t session_greet(session_t *session);

reply_name_t check_hello(session_t *session, argument_t argument);
reply_t proceed_helo(session_t *session, argument_t argument);
reply_t proceed_ehlo(session_t *session, argument_t argument);

/* ---- transaction.c, recipient.c, message.c, submit.c ---------------------------------------- */

/* Makes a new session's empty transaction and facts. */
void session_init(session_t *session);
void transaction_reset(session_t *session);
reply_name_t check_mail(session_t *session, argument_t argument);
reply_t proceed_mail(session_t *session, argument_t argument);
reply_name_t check_rcpt(session_t *session, argument_t argument);
reply_t proceed_rcpt(session_t *session, argument_t argument);
reply_name_t check_data(session_t *session, argument_t argument);
reply_t proceed_data(session_t *session, argument_t argument);
reply_name_t check_bdat(session_t *session, argument_t argument);
reply_t proceed_bdat(session_t *session, argument_t argument);
reply_t refuse_bdat(session_t *session, argument_t argument, reply_name_t objection);

/* Runs the message chain over the message that was received, and answers. */
reply_t message_submit(session_t *session);
/* Answers for a whole message that is refused: once, or in LMTP to each recipient. */
reply_t message_refuse(session_t *session, reply_t reply);

/* Puts the message into the queue as queue-inject does, in this process: the envelope is complete.
   The verdict is queue-inject's. 0, or -1 with errno. */
int message_inject(session_t *session, chain_verdict_t *verdict);

/* A parameter of MAIL or RCPT. */
typedef struct esmtp_parameter {
  char const *keyword;
  extension_t extension;
  bool passed_on; /* in the envelope, as a P record */
  /* REPLY_NONE, or why not. What is passed on may be replaced by something shorter. */
  reply_name_t (*take)(session_t *session, smtp_parameter_t *parameter);
} esmtp_parameter_t;

/* Takes "KEY=value KEY ..." by a table that ends with a NULL keyword. What is to be passed on goes
   as a P record for recipient into *record. Returns a reply of code 0, or the refusal. */
typedef struct parameter_record {
  size_t len;
  char bytes[WIRE_LINE_MAX + RECIPIENT_MAX];
} parameter_record_t;
reply_t parameters_take(session_t *session, esmtp_parameter_t const *table, argument_t argument,
                        parameter_record_t *record);
/* Puts the record, if there is anything in it, into the envelope's parameters. 0, or -1. */
int parameters_keep(session_t *session, char const *recipient, parameter_record_t const *record);

/* ---- schedule.c: parameters of MAIL that say when, and how soon ---- */

reply_name_t take_holdfor(session_t *session, smtp_parameter_t *parameter);
reply_name_t take_holduntil(session_t *session, smtp_parameter_t *parameter);
reply_name_t take_by(session_t *session, smtp_parameter_t *parameter);
reply_name_t take_priority(session_t *session, smtp_parameter_t *parameter);

/* Splits "FROM:<path> parameters" after its keyword. REPLY_NONE, or syntax. */
reply_name_t path_take(argument_t *argument, char const *keyword, smtp_path_t *path,
                       unsigned int allow, reply_name_t syntax);

/* ---- extensions.c --------------------------------------------------------------------------- */

/* Switches extensions off: a comma-separated list. 0, or -1 with EINVAL. */
int extensions_switch_off(options_t *options, char const *list);
bool extension_offered(session_t const *session, extension_t extension);
/* Writes the text of the EHLO reply. */
void extensions_list(session_t const *session, char *text, size_t size);

/* ---- auth.c, service.c ---------------------------------------------------------------------- */

/* True if there is an auth service, whether or not a mechanism is fit for this connection. */
bool auth_configured(session_t const *session);
/* True if a mechanism is offered, now: not where TLS must come first. */
bool auth_stands_ready(session_t const *session);
/* Writes the names of the mechanisms that are offered, blanks between: AUTH_LIST_MAX bytes. */
#define AUTH_LIST_MAX 160
void auth_list(session_t const *session, char *text);
/* True if who logged in may send as address. */
bool auth_owns(session_t const *session, char const *address);
/* Notes who logged in, and as whom it may send (NULL: what the options say). False if there is no
   room. */
bool auth_take_user(session_t *session, char const *user, char const *senders);
/* Forgets who logged in. */
void auth_forget(session_t *session);
reply_name_t check_auth(session_t *session, argument_t argument);
reply_t proceed_auth(session_t *session, argument_t argument);

/* Connects to the auth service, for one exchange. NULL, after a line of the log, if it is not to be
   had. */
sasl_service_t *service_open(session_t const *session);
/* Closes the connection, if there is one, and wipes what it knew. */
void service_close(void);

/* ---- tls.c, xclient.c ----------------------------------------------------------------------- */

/* Finds out whether a TLS provider stands ready, or TLS is there already. -1 with ENOTCONN: TLS is
   required and there is none. */
int tls_init(session_t *session);
reply_name_t check_starttls(session_t *session, argument_t argument);
reply_t proceed_starttls(session_t *session, argument_t argument);

/* 0, or -1 with EINVAL if the list of networks cannot be parsed. */
int xclient_init(session_t *session);
reply_name_t check_xclient(session_t *session, argument_t argument);
reply_t proceed_xclient(session_t *session, argument_t argument);

#endif
