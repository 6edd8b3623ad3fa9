/* dovecot: asking Dovecot's auth service, its authentication protocol 1, as a client. */
#ifndef CHAINMAIL_DOVECOT_H
#define CHAINMAIL_DOVECOT_H

#include <stddef.h>
#include <sys/types.h>

#define DOVECOT_LINE_MAX 16384 /* bytes of a line, its newline included */

/* What is asked: PLAIN. NULL where nothing is known; words are tab-escaped. */
typedef struct dovecot_request {
  char const *service; /* smtp, imap... */
  char const *login, *password;
  char const *session;
  char const *local_ip, *local_port, *remote_ip, *remote_port;
  int secured; /* by TLS */
} dovecot_request_t;

/* Writes the client's half of the handshake, and a request, with id 1. Their length; -1 with
 * ERANGE.
 */
ssize_t dovecot_hello_format(char *text, size_t size, pid_t pid);
ssize_t dovecot_request_format(char *text, size_t size, dovecot_request_t const *request);

typedef enum dovecot_answer {
  DOVECOT_IGNORED,   /* a line that says nothing to us */
  DOVECOT_READY,     /* the handshake is over */
  DOVECOT_RIGHT,     /* user is who it is */
  DOVECOT_WRONG,     /* or disabled, or may not log in; reason may say why */
  DOVECOT_TEMPORARY, /* the service's own trouble */
  DOVECOT_BROKEN     /* another protocol, or none */
} dovecot_answer_t;

/* Strings into the line. */
typedef struct dovecot_reply {
  char const *user;   /* of DOVECOT_RIGHT */
  char const *reason; /* or NULL */
} dovecot_reply_t;

/* Reads a line of the server's, of len bytes without its newline; text that it keeps is unescaped
   in place, so line has room for a NUL behind it. */
dovecot_answer_t dovecot_line_parse(dovecot_reply_t *reply, char *line, size_t len);

#endif
