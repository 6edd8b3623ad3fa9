/* mail-inject: see mail-inject(1). A message is read (input.c), its header completed (compose.c),
 * and it is told to the service (client.c). What cannot go on dies (die.c). */
#ifndef MAIL_INJECT_H
#define MAIL_INJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <sysexits.h>

#include <skalibs/stralloc.h>

extern char const *PROG;

/* Says what went wrong and exits, or with the error that errno is. */
_Noreturn void die(int code, char const *text, char const *more);
_Noreturn void die_system(int code, char const *step);

/* ---- addresses ------------------------------------------------------------------------------- */

/* Addresses as SMTP takes them, a NUL behind each. */
typedef struct addresses {
  stralloc list;
  size_t count;
} addresses_t;

/* Adds the addresses of a list, with "@me" where there is no domain. False if it is none. */
bool addresses_add(addresses_t *addresses, char const *list, size_t len, char const *me);

/* ---- the message ----------------------------------------------------------------------------- */

typedef struct message {
  int fd; /* of a file that has these bytes, and maybe more */
  char const *bytes;
  size_t len;
} message_t;

/* Reads all of standard input into a file without a name, and maps it. */
message_t message_read(void);
/* Ends it before a line with a dot alone. */
void message_end_at_dot(message_t *message);

typedef struct author {
  char const *me;
  char const *sender; /* "" is the null sender */
  char const *name;   /* full name, or "" */
} author_t;

typedef struct draft {
  stralloc header;      /* with its empty line */
  size_t body;          /* where the message's begins */
  addresses_t all;      /* that To, Cc and Bcc name */
  addresses_t resent;   /* and those that Resent-To, ... name */
  char const *bad_list; /* a field of recipients that is no list, or NULL */
} draft_t;

/* Completes the header. */
void compose(draft_t *draft, message_t const *message, author_t const *author);

/* ---- the service ----------------------------------------------------------------------------- */

typedef struct envelope {
  char const *sender;
  addresses_t const *recipients;
  char const *notify; /* -N, or NULL */
  char const *ret;    /* -R */
  char const *id;     /* -V */
} envelope_t;

/* Hands the message over, or dies. */
void service_submit(envelope_t const *envelope, message_t const *message, draft_t const *draft,
                    bool verbose);

/* Lets standard input and output speak with the service, until that has ended. */
void service_relay(void);

#endif
