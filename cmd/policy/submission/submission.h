/* submission: see submission(8). The header is read (head.c), judged (judge.c), and completed
 * (submission.c). */
#ifndef SUBMISSION_H
#define SUBMISSION_H

#include <stdbool.h>
#include <stddef.h>

#include "queue/queue.h"
#include "smtp/smtp.h"

#define MAILBOXES_MAX 100 /* of a From field */

/* ---- the header ------------------------------------------------------------------------------ */

typedef enum field_name {
  FIELD_DATE,
  FIELD_FROM,
  FIELD_SENDER,
  FIELD_REPLY_TO,
  FIELD_TO,
  FIELD_CC,
  FIELD_BCC,
  FIELD_MESSAGE_ID,
  FIELD_IN_REPLY_TO,
  FIELD_REFERENCES,
  FIELD_SUBJECT,
  FIELD_RESENT_FROM,
  FIELD_RESENT_SENDER,
  FIELD_RESENT_BCC,
  FIELD_RETURN_PATH,
  FIELD_AUTHENTICATED,
  FIELDS
} field_name_t;

/* A field by name: how many there are, the first one's value, and where that one is in the message;
   end is 0 for one that a link has added. */
typedef struct field {
  size_t count;
  char const *value;
  size_t len;
  size_t begin, end;
} field_t;

/* What there is of the header once the edits so far are applied. */
typedef struct head {
  field_t fields[FIELDS];
  bool broken;    /* it ends in a line that is no field */
  bool too_often; /* a field that may be there once only is not */
  bool long_line;
  bool too_many_cuts;
  queue_cuts_t cuts; /* fields that are to be left out whatever the verdict */
} head_t;

/* Reads ADD_HEADERS and the message, without what CUT_RANGES cuts. Fields of the message that bear
   the name replaced are left out of it; FIELDS: none is. 0, or -1 with errno (that of
   queue_ranges_parse). */
int head_read(head_t *head, char const *message, size_t len, field_name_t replaced);

/* ---- the verdict ----------------------------------------------------------------------------- */

typedef enum problem {
  PROBLEM_NONE,
  PROBLEM_BROKEN,
  PROBLEM_NO_FROM,
  PROBLEM_MANY_FROM,
  PROBLEM_BAD_FROM,
  PROBLEM_MANY_SENDER,
  PROBLEM_BAD_SENDER,
  PROBLEM_TOO_OFTEN,
  PROBLEM_LONG_LINE,
  PROBLEM_TOO_MANY_CUTS,
  PROBLEM_FOREIGN_FROM,
  PROBLEM_FOREIGN_SENDER,
  PROBLEMS
} problem_t;

/* Who has logged in, and what is asked of him. */
typedef struct rules {
  char const *user; /* NULL: nobody */
  char const *senders;
  char const *me;
  bool anyone;  /* -A */
  bool lines;   /* -l */
  bool resent;  /* -r */
  bool at_once; /* -u */
} rules_t;

typedef struct judgement {
  problem_t problem;
  bool has_own_sender;                /* a Sender that is the login's */
  char address[SMTP_ADDRESS_MAX + 1]; /* From's first, or the one that is the problem */
} judgement_t;

void head_judge(judgement_t *judgement, head_t const *head, rules_t const *rules);

#endif
