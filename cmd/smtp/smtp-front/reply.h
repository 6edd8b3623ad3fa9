/* reply: what can be said to a client. One table holds every reply; the texts can be replaced. */
#ifndef SMTP_FRONT_REPLY_H
#define SMTP_FRONT_REPLY_H

#include <stdbool.h>

#include "chain/chain.h"

typedef enum reply_name {
  REPLY_NONE, /* nothing to say: no objection, or it was said already */
  REPLY_GREETING,
  REPLY_HELO,
  REPLY_MAIL_OK,
  REPLY_MAIL_PRIORITY,
  REPLY_RCPT_OK,
  REPLY_DATA,
  REPLY_CHUNK_OK,
  REPLY_QUEUED,
  REPLY_RSET,
  REPLY_NOOP,
  REPLY_QUIT,
  REPLY_HELP,
  REPLY_VRFY,
  REPLY_STARTTLS,
  REPLY_HOOK_OK,
  REPLY_AUTH_OK,

  REPLY_UNKNOWN,
  REPLY_BAD_LINE,
  REPLY_LONG_LINE,
  REPLY_NOT_IMPLEMENTED,
  REPLY_NOT_LMTP,
  REPLY_ONLY_LMTP,
  REPLY_ARGUMENT_MISSING,
  REPLY_ARGUMENT_UNWANTED,
  REPLY_BAD_HELO,
  REPLY_BAD_ARGUMENT,
  REPLY_BAD_PARAMETER,
  REPLY_UNKNOWN_PARAMETER,
  REPLY_EXCESSIVE_PARAMETER,
  REPLY_HELO_FIRST,
  REPLY_MAIL_FIRST,
  REPLY_MAIL_ALREADY,
  REPLY_RCPT_FIRST,
  REPLY_CHUNKS_ONLY,
  REPLY_CHUNK_FAILED,
  REPLY_BAD_CHUNK,
  REPLY_REFUSED_SESSION,
  REPLY_TLS_FIRST,
  REPLY_TLS_ALREADY,
  REPLY_XCLIENT_DENIED,
  REPLY_XCLIENT_LATE,

  REPLY_AUTH_FIRST,
  REPLY_AUTH_ALREADY,
  REPLY_AUTH_LATE,
  REPLY_AUTH_LONG_LINE,
  REPLY_AUTH_MECHANISM,
  REPLY_AUTH_NEEDS_TLS,
  REPLY_AUTH_MALFORMED,
  REPLY_AUTH_UNASKED,
  REPLY_AUTH_CANCELLED,
  REPLY_AUTH_FAILED,
  REPLY_AUTH_TOO_WEAK,
  REPLY_AUTH_TROUBLE,

  REPLY_BAD_SENDER,
  REPLY_FOREIGN_SENDER,
  REPLY_BAD_RECIPIENT,
  REPLY_ADDRESS_UTF8,
  REPLY_NO_USER,
  REPLY_RELAY_DENIED,
  REPLY_ROUTES_BROKEN,
  REPLY_TOO_MANY_RECIPIENTS,
  REPLY_TOO_MANY_MESSAGES,

  REPLY_TOO_BIG,
  REPLY_BARE,
  REPLY_LOOP,
  REPLY_DISK_FULL,
  REPLY_STORAGE,
  REPLY_CHAIN_REJECT,
  REPLY_CHAIN_DEFER,

  REPLY_CONNECT_REJECT,
  REPLY_CONNECT_DEFER,
  REPLY_HELO_REJECT,
  REPLY_HELO_DEFER,
  REPLY_AUTH_REJECT,
  REPLY_AUTH_DEFER,
  REPLY_MAIL_REJECT,
  REPLY_MAIL_DEFER,
  REPLY_RCPT_REJECT,
  REPLY_RCPT_DEFER,
  REPLY_DATA_REJECT,
  REPLY_DATA_DEFER,
  REPLY_VRFY_REJECT,
  REPLY_VRFY_DEFER,
  REPLY_UNKNOWN_REJECT,
  REPLY_UNKNOWN_DEFER,

  REPLY_TIMEOUT,
  REPLY_OVERTIME,
  REPLY_ENDLESS_LINE,
  REPLY_TOO_MANY_BAD,
  REPLY_TOO_MANY_COMMANDS,
  REPLY_TOO_MANY_LOGINS,
  REPLY_THROTTLED,
  REPLY_NO_CONFIGURATION,
  REPLY_COUNT
} reply_name_t;

/* A reply as a value: the strings live at least until the next reply is made. */
typedef struct reply {
  reply_name_t name;
  unsigned int code; /* 0: nothing to say */
  char const *enhanced;
  char const *text;
  bool close; /* the session ends after it */
} reply_t;

/* What files of texts, and the log, call it. */
char const *reply_word(reply_name_t name);

/* The reply of this name; argument stands for "%s" in its text (NULL: there is none). */
reply_t reply_get(reply_name_t name, char const *argument);

/* What a verdict says, with the code, enhanced code or text of name where it says none. */
reply_t reply_from_verdict(chain_verdict_t const *verdict, reply_name_t name);

/* Reads texts that replace those of the table, a line each: "NAME text"; empty lines and lines
   that begin with # do not count. 0, or -1 with errno and the number of the line in *line
   (EINVAL: no such name or no text; EFBIG: the file is too large). */
int reply_load_texts(char const *path, unsigned int *line);

#endif
