/* smtp: the grammar of SMTP as pure functions: bytes in, struct out (RFC 5321, 6531, 3461, 1870,
 * 3030, 4954, 4865, 2852, 6710). What is said with them is smtp-front's. */
#ifndef CHAINMAIL_SMTP_H
#define CHAINMAIL_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SMTP_LOCAL_MAX   64  /* octets of a local part, RFC 5321 4.5.3.1.1 */
#define SMTP_DOMAIN_MAX  255 /* octets of a domain, 4.5.3.1.2 */
#define SMTP_LABEL_MAX   63  /* octets of a label, RFC 1035 2.3.4 */
#define SMTP_ADDRESS_MAX (SMTP_LOCAL_MAX + 1 + SMTP_DOMAIN_MAX)

/* ---- domains, literals, paths -------------------------------------------------------------- */

typedef enum smtp_charset { SMTP_ASCII, SMTP_UTF8 } smtp_charset_t;

/* True if s is a Domain (5321 4.1.2; of SMTP_UTF8 also 6531's U-labels). Underscores are let
   through, as they are in the wild; a final dot is not. */
bool smtp_domain_valid(char const *s, size_t len, smtp_charset_t charset);

/* True if s is an address literal: [192.0.2.1], [IPv6:2001:db8::1], or a general one. */
bool smtp_literal_valid(char const *s, size_t len);

/* The local part is quoted only where it must be: "a b"@x, but "ab"@x is ab@x. */
typedef struct smtp_path {
  char address[SMTP_ADDRESS_MAX + 1]; /* local@domain, NUL-terminated; "" is the null path */
  size_t len;
  size_t local_len;
  bool utf8; /* has non-ASCII octets */
} smtp_path_t;

typedef enum smtp_path_status {
  SMTP_PATH_OK,
  SMTP_PATH_SYNTAX,   /* 501 5.1.3 / 5.1.7 */
  SMTP_PATH_TOO_LONG, /* 501 5.1.3: a part over its limit */
  SMTP_PATH_UTF8,     /* 553 5.6.7: non-ASCII without SMTPUTF8 */
  SMTP_PATH_NO_DOMAIN /* 501 5.1.3: a local part alone */
} smtp_path_status_t;

/* What more than Mailbox a path may be. */
enum {
  SMTP_PATH_NULL = 1,       /* <> */
  SMTP_PATH_POSTMASTER = 2, /* <postmaster>, any case; address is then "postmaster" */
  SMTP_PATH_BARE = 4,       /* without the angle brackets */
  SMTP_PATH_UTF8_OK = 8     /* RFC 6531 */
};

/* Parses a path at the start of s: <...>, a source route in it is dropped (RFC 5321 appendix C).
   Non-ASCII is well-formed UTF-8 (RFC 3629) and no control. When it is SMTP_PATH_OK, *consumed is
   the bytes it took; what follows them is for smtp_parameter_next, which wants a blank there. */
smtp_path_status_t smtp_path_parse(smtp_path_t *path, char const *s, size_t len, unsigned int allow,
                                   size_t *consumed);

/* ---- whose address a sender may bear --------------------------------------------------------- */

/* May who logged in as user send as address (RFC 6409 6.1)? senders: words with blanks between, or
   NULL: "*" is any address, "@domain" any of that domain, "a@b" that one. Without a word in it user
   may send as itself: its own address, or user@me where it has no @. An address stands also for its
   +extension forms, a+x@b. ASCII letters in any case, other bytes as they are; so is address, in
   the form of smtp_path_t. The null address "" is allowed to all: notifications bear it (RFC 8098
   3), and nobody. */
bool smtp_sender_allowed(char const *senders, char const *user, char const *me,
                         char const *address);

/* ---- commands ------------------------------------------------------------------------------ */

/* A command line without its CRLF, split: "MAIL FROM:<a@b> SIZE=1". */
typedef struct smtp_command {
  char const *verb; /* up to the first blank: printable ASCII, any case */
  size_t verb_len;
  char const *argument; /* after one or more blanks; trailing blanks are not in it */
  size_t argument_len;
} smtp_command_t;

/* -1 with EINVAL if the line holds NUL or other control bytes (tab excepted), or a verb with
   non-ASCII bytes; an empty line has an empty verb. */
int smtp_command_parse(smtp_command_t *command, char const *line, size_t len);

/* Where the path begins in the argument of MAIL (word "FROM:") or RCPT ("TO:"). One blank before it
   is let through, as many clients send it. -1 for two, for none of word, or nothing after it. */
ssize_t smtp_path_find(char const *s, size_t len, char const *word);

/* One ESMTP parameter (4.1.2): keyword, and value or NULL. */
typedef struct smtp_parameter {
  char const *keyword;
  size_t keyword_len;
  char const *value;
  size_t value_len;
} smtp_parameter_t;

/* Steps through " KEY=value KEY" from *position. 1 found, 0 end, -1 bad syntax. */
int smtp_parameter_next(smtp_parameter_t *parameter, char const *s, size_t len, size_t *position);

/* True if keyword is word, in any case. */
bool smtp_word_is(char const *s, size_t len, char const *word);
/* True if it is one of the list's words, which have commas between them. */
bool smtp_list_has(char const *list, char const *word);

/* SIZE=n: up to 20 digits (RFC 1870 4). A number beyond 2^64-1 is 2^64-1. 0, or -1. */
int smtp_size_parse(uint64_t *size, char const *s, size_t len);

/* xtext (RFC 3461 4): decodes into out (at most size bytes, NUL-terminated). Length, or -1 with
   EINVAL or EMSGSIZE. A decoded control byte is EINVAL. */
ssize_t smtp_xtext_decode(char *out, size_t size, char const *s, size_t len);
/* Encodes printable ASCII as xtext into out, NUL-terminated. Length, or -1 with EINVAL for other
   bytes, or EMSGSIZE. */
ssize_t smtp_xtext_encode(char *out, size_t size, char const *s, size_t len);
/* True if s is xtext for printable ASCII, as ENVID and ORCPT want it. */
bool smtp_xtext_valid(char const *s, size_t len);

#define SMTP_ENVID_MAX 100 /* octets of ENVID as it came, RFC 3461 4.4 */
#define SMTP_ORCPT_MAX 500 /* of ORCPT, 4.2 */

/* NOTIFY=NEVER or a list of SUCCESS, FAILURE, DELAY, each once (RFC 3461 4.1). */
bool smtp_notify_valid(char const *s, size_t len);
/* ORCPT=addr-type;xtext (4.2), of SMTP_UTF8 also utf-8;... of RFC 6533 3; at most SMTP_ORCPT_MAX
   bytes. */
bool smtp_orcpt_valid(char const *s, size_t len, smtp_charset_t charset);

/* "BDAT n [LAST]" (RFC 3030 2). -1 with EINVAL or, for n beyond 2^63-1, EOVERFLOW. */
int smtp_bdat_parse(uint64_t *size, bool *last, char const *s, size_t len);

/* ---- when and how soon: FUTURERELEASE, DELIVERBY, MT-PRIORITY -------------------------------- */

#define SMTP_HOLDFOR_MAX 999999999 /* seconds, RFC 4865; also the most that BY= can say */

/* HOLDFOR= (RFC 4865): seconds, 1 to SMTP_HOLDFOR_MAX, without leading zeros. 0, or -1 with
   EINVAL, or ERANGE for more. */
int smtp_holdfor_parse(uint64_t *seconds, char const *s, size_t len);

/* HOLDUNTIL=: a date-time of RFC 3339 5.6, to seconds since the epoch; fractions are dropped, a
   leap second is the one that follows it. 0, or -1 with EINVAL, or ERANGE before 1970. */
int smtp_holduntil_parse(uint64_t *seconds, char const *s, size_t len);

#define SMTP_DATE_TIME_SIZE 21
/* The same for FUTURERELEASE: "2026-11-20T21:03:31Z", at most the end of the year 9999. */
void smtp_date_time_format(char out[SMTP_DATE_TIME_SIZE], uint64_t seconds);

/* BY= (RFC 2852 4). */
typedef struct smtp_by {
  int64_t seconds; /* from arrival, -999999999 to 999999999; more than 0 if returns */
  bool returns;    /* mode R: what is late is returned; else N: the sender is notified */
  bool trace;      /* T: each relay is told of */
} smtp_by_t;

/* 0, or -1 with EINVAL, or ERANGE for a time of more than nine digits, or of none in mode R. */
int smtp_by_parse(smtp_by_t *by, char const *s, size_t len);

#define SMTP_BY_SIZE 14
/* Writes what smtp_by_parse reads, and a NUL. seconds must be in its range. */
void smtp_by_format(char out[SMTP_BY_SIZE], smtp_by_t const *by);

/* MT-PRIORITY= (RFC 6710): -9 to 9. 0, or -1 with EINVAL, or ERANGE for a number beyond. */
int smtp_priority_parse(int *priority, char const *s, size_t len);

/* ---- AUTH ---------------------------------------------------------------------------------- */

/* What stands behind AUTH (RFC 4954 4): a mechanism, and an initial response or not. */
typedef struct smtp_auth {
  char const *mechanism; /* letters, digits, - and _ */
  size_t mechanism_len;
  char const *initial; /* visible ASCII; NULL: none. What it says is the mechanism's */
  size_t initial_len;
} smtp_auth_t;

/* 0, or -1 with EINVAL. */
int smtp_auth_parse(smtp_auth_t *auth, char const *s, size_t len);

/* True if it may be a base64 line: visible ASCII, or nothing. */
bool smtp_auth_line_valid(char const *s, size_t len);

/* AUTH= of MAIL (RFC 4954 5): xtext of a mailbox, or of "<>", which sets path to the null one. 0,
   or -1 with EINVAL. */
int smtp_auth_path_parse(smtp_path_t *path, char const *s, size_t len);

/* ---- message bytes: DATA and BDAT ---------------------------------------------------------- */

/* The framing machine. It turns wire bytes into file bytes in place: CRLF to LF, dots unstuffed,
   the end found. Only CRLF.CRLF ends DATA. A CR without LF or a LF without CR is noted, and the
   machine goes on to the true end. */
typedef struct smtp_body {
  unsigned int state; /* body.c's */
  bool bare;          /* a bare CR or LF was seen: refuse the message */
  bool ended;         /* CRLF.CRLF was seen */
} smtp_body_t;

void smtp_body_data(smtp_body_t *body);
void smtp_body_chunks(smtp_body_t *body);

/* Takes len bytes at s, overwrites them with what goes into the file, *out of them (never more than
   were taken: a CR or a dot that is held back is never put back), and returns how many it took:
   all, unless the end was found; what is behind it is not touched. Once bare is set *out is 0 and
   only framing goes on. */
size_t smtp_body_feed(smtp_body_t *body, char *s, size_t len, size_t *out);

/* At the end of the last BDAT chunk: a CR held back is a bare one. */
void smtp_body_finish(smtp_body_t *body);

/* Looks at the header of a message as it streams by, LF line ends: counts Received fields. */
typedef struct smtp_header_scan {
  unsigned int state;
  size_t matched;
  unsigned int received; /* so far */
  bool done;             /* the empty line was seen */
} smtp_header_scan_t;

void smtp_header_scan_init(smtp_header_scan_t *scan);
void smtp_header_scan_feed(smtp_header_scan_t *scan, char const *s, size_t len);

/* ---- replies ------------------------------------------------------------------------------- */

#define SMTP_REPLY_LINE_MAX 512 /* octets of a reply line with CRLF, RFC 5321 4.5.3.1.5 */

/* Formats a reply: text's LFs begin new lines of a multi-line reply, over-long lines are split at a
   blank where possible, control bytes become spaces; enhanced ("" or NULL for none) stands on every
   line. Returns bytes written, at most size; what does not fit is cut at whole lines. */
size_t smtp_reply_format(char *out, size_t size, unsigned int code, char const *enhanced,
                         char const *text);

/* ---- trace --------------------------------------------------------------------------------- */

#define SMTP_DATE_SIZE 40
/* "Fri, 20 Nov 2026 21:03:31 +0000": RFC 5322 3.3, always UTC. Returns its length. */
size_t smtp_date_format(char out[SMTP_DATE_SIZE], uint64_t seconds);

/* What a Received field tells (RFC 5321 4.4, RFC 3848 for with, RFC 8314 for tls). */
typedef struct smtp_trace {
  char const *helo;        /* as the client said it, or NULL */
  char const *remote_host; /* reverse name, or NULL */
  char const *remote_ip;   /* or NULL (a unix socket) */
  char const *auth_user;   /* NULL: not authenticated, or not told */
  char const *me;
  char const *protocol;    /* ESMTPS, UTF8SMTP... */
  char const *tls_version; /* or NULL */
  char const *tls_cipher;  /* or NULL */
  char const *id;
  char const *recipient; /* only when there is just one; or NULL */
  uint64_t seconds;      /* since the epoch */
} smtp_trace_t;

#define SMTP_TRACE_MAX 4096
/* Writes a folded "Received: ...\n" with LF line ends, no line over 78 characters where its words
   allow. Bytes that have no place in a word become '?', and so does non-ASCII unless the protocol
   is a UTF8 one; words are cut at 255 bytes; a recipient that is no path is left out. Returns its
   bytes. */
size_t smtp_trace_format(char out[SMTP_TRACE_MAX], smtp_trace_t const *trace);

/* What a message comes by. */
typedef struct smtp_protocol {
  bool extended; /* EHLO; LMTP always is */
  bool lmtp, utf8, tls, auth;
} smtp_protocol_t;

/* Its name for with and SMTP_PROTO: SMTP, ESMTP[S][A], LMTP[S][A], UTF8SMTP[S][A], UTF8LMTP[S][A]
   (RFC 3848, RFC 6531 4.3). */
char const *smtp_protocol_name(smtp_protocol_t protocol);

/* ---- XCLIENT ------------------------------------------------------------------------------- */

#define SMTP_XCLIENT_VALUE_MAX 256

typedef enum smtp_xclient_name {
  SMTP_XCLIENT_NAME,
  SMTP_XCLIENT_REVERSE_NAME,
  SMTP_XCLIENT_ADDR,
  SMTP_XCLIENT_PORT,
  SMTP_XCLIENT_PROTO,
  SMTP_XCLIENT_HELO,
  SMTP_XCLIENT_LOGIN,
  SMTP_XCLIENT_DESTADDR,
  SMTP_XCLIENT_DESTPORT,
  SMTP_XCLIENT_COUNT
} smtp_xclient_name_t;

typedef struct smtp_xclient {
  bool given[SMTP_XCLIENT_COUNT];
  char value[SMTP_XCLIENT_COUNT][SMTP_XCLIENT_VALUE_MAX]; /* decoded; "" for [UNAVAILABLE] and
                                                             [TEMPUNAVAIL]; an address in its
                                                             plain form, without IPV6: */
} smtp_xclient_t;

/* Parses "NAME=value ..." as Postfix documents it (XCLIENT_README). The last of a name counts.
   0, or -1 with EINVAL: an unknown name, a value that is no xtext, or not what its name says. */
int smtp_xclient_parse(smtp_xclient_t *xclient, char const *s, size_t len);

/* The names that it knows, for the EHLO line: "NAME ADDR ...". */
extern char const smtp_xclient_names[];

#endif
