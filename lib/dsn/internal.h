/* What the files of lib/dsn share. */
#ifndef CHAINMAIL_DSN_INTERNAL_H
#define CHAINMAIL_DSN_INTERNAL_H

#include "dsn/dsn.h"

/* ---- who is told ---------------------------------------------------------------------------- */

/* The value of a parameter of the whole message, or NULL. */
char const *dsn_message_parameter(queue_envelope_t const *envelope, char const *name);

/* Who the notice goes to. */
char const *dsn_addressee(queue_entry_t const *entry, dsn_settings_t const *settings);

/* ---- results as they are told --------------------------------------------------------------- */

/* "failed"... (RFC 3464 2.3.3). */
extern char const *const dsn_action_words[DSN_ACTIONS];

#define DSN_STATUS_SIZE 12

typedef struct dsn_view {
  dsn_result_t const *result;
  char const *original;         /* ORCPT's value, or NULL */
  char status[DSN_STATUS_SIZE]; /* of a class that fits the action */
  char const *remote;           /* the host, or NULL */
  size_t remote_len;
  char const *codes; /* stand before words, with a blank behind each */
  size_t codes_len;
  char const *words;
  size_t words_len;
  bool is_reply; /* there is a reply code, and a host said it */
} dsn_view_t;

/* Takes words apart as deliverers put them together: "550 5.1.1 mx.example[192.0.2.1] said: no such
   user", "4.4.1 mx.example[192.0.2.1] said: 554 5.7.1 go away". original is left alone. */
void dsn_view_init(dsn_view_t *view, dsn_result_t const *result);

/* True if both are told in one breath: the same action, status, host and words. */
bool dsn_view_same(dsn_view_t const *a, dsn_view_t const *b);

/* Views of the results that are wanted, those that are the same side by side, the gravest first:
   malloced, *count of them, which may be none; NULL with ENOMEM. */
dsn_view_t *dsn_views_make(size_t *count, dsn_request_t const *request,
                           dsn_settings_t const *settings);

/* ---- characters ----------------------------------------------------------------------------- */

/* Writes s as UTF-8 of one line, and a NUL: controls become blanks, bytes that are no UTF-8 U+FFFD;
   cut at whole characters. Its length. */
size_t dsn_clean(char *out, size_t size, char const *s, size_t len);

/* The same in ASCII: other characters as RFC 6533 3 has them, \x{E9}, and those of escaped, too;
   bytes that are no UTF-8 become '?'. */
size_t dsn_escape(char *out, size_t size, char const *s, size_t len, char const *escaped);

/* True if these len bytes are this name. */
bool dsn_names(char const *s, size_t len, char const *name);

bool dsn_is_ascii(char const *s, size_t len);
bool dsn_is_utf8(char const *s, size_t len);

/* ---- writing -------------------------------------------------------------------------------- */

#define DSN_BOUNDARIES    256
#define DSN_BOUNDARY_STEM (sizeof "--=_" - 1 + CHAIN_ID_SIZE + 1) /* of its line, up to the dot */
#define DSN_BOUNDARY_SIZE (DSN_BOUNDARY_STEM + 2 + 1)

/* What is known of a part after it was looked at. */
typedef struct dsn_survey {
  bool eight_bit;
  bool odd;       /* NUL or CR */
  size_t longest; /* line, in bytes */
} dsn_survey_t;

/* A notice is written twice: first only looked at, so that nothing of it need be kept, and no part
   is labelled or bounded wrongly. */
typedef struct dsn_sink {
  int fd; /* -1: look */
  int error;
  dsn_survey_t survey;           /* of the part at hand */
  size_t column;                 /* of the line at hand */
  char start[DSN_BOUNDARY_SIZE]; /* of the line at hand */
  char stem[DSN_BOUNDARY_SIZE];
  bool used[DSN_BOUNDARIES]; /* lines that begin so were seen */
  size_t len;
  char buffer[16384];
} dsn_sink_t;

/* A sink that looks. */
void dsn_sink_init(dsn_sink_t *sink, char const *id);
void dsn_sink_part(dsn_sink_t *sink); /* another part begins */
/* The first boundary that stands nowhere. 0, or -1 with EEXIST. */
int dsn_sink_boundary(dsn_sink_t const *sink, char boundary[DSN_BOUNDARY_SIZE]);
/* From now on the sink writes to fd. */
void dsn_sink_open(dsn_sink_t *sink, int fd);
/* An error is kept until the end. 0, or -1 with errno. */
int dsn_sink_close(dsn_sink_t *sink);

void dsn_put(dsn_sink_t *sink, char const *s, size_t len);
void dsn_puts(dsn_sink_t *sink, char const *s);

/* Writes text, wrapped where it has blanks, each line after indent, the first one after first. No
   line is longer than 900 bytes, blanks or not. Text of blanks alone writes nothing behind first.
 */
void dsn_put_wrapped(dsn_sink_t *sink, char const *first, char const *indent, char const *text);

/* ---- texts ---------------------------------------------------------------------------------- */

/* The text of this name, or NULL: there is none. */
char const *dsn_text(dsn_texts_t const *texts, char const *name);

/* ---- the notice ----------------------------------------------------------------------------- */

typedef struct dsn_draft {
  dsn_request_t const *request;
  dsn_settings_t const *settings;
  dsn_view_t *views;
  size_t count;
  char const *addressee;
  bool is_double; /* about what had the null sender */
  bool global;    /* RFC 6533's types, to be sent with SMTPUTF8 */
  bool whole;     /* the message is returned, not its header alone */
  char *header;   /* malloced: the message's, up to DSN_HEADER_MAX */
  size_t header_len;
  char subject[256]; /* the message's, decoded */
  char boundary[DSN_BOUNDARY_SIZE];
  dsn_survey_t text, status, returned;
} dsn_draft_t;

/* Read the header. 0, or -1 with errno. */
int dsn_header_read(dsn_draft_t *draft);
/* The value of the first field of this name, or NULL. */
char const *dsn_header_value(dsn_draft_t const *draft, char const *name, size_t *len);

/* The three parts, without what stands around them. */
void dsn_put_text(dsn_sink_t *sink, dsn_draft_t const *draft);
void dsn_put_status(dsn_sink_t *sink, dsn_draft_t const *draft);
void dsn_put_returned(dsn_sink_t *sink, dsn_draft_t const *draft);

/* True if the header must be encoded to travel, and so is in quoted-printable. */
bool dsn_returned_encoded(dsn_draft_t const *draft);

/* Writes the notice's subject, decoded, by the texts. */
void dsn_subject(char *out, size_t size, dsn_draft_t const *draft);

#endif
