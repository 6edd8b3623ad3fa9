/* chain: the contract of a link, both sides of it (DESIGN.md section 1).
 *
 * A link ends in chain_next, or in chain_reject, chain_defer or chain_accept.
 * A caller (smtp-front, a foreign-minded proxy) runs links with chain_call and reads a verdict. */
#ifndef CHAINMAIL_CHAIN_H
#define CHAINMAIL_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHAIN_TEXT_MAX    1000  /* bytes of a verdict's text; the rest is cut */
#define CHAIN_LIST_MAX    65536 /* bytes of AUTH_RESULTS, ADD_HEADERS or CUT_RANGES */
#define CHAIN_FACTS_MAX   64    /* facts that one hook may hand back */
#define CHAIN_FACTS_BYTES 16384 /* and their bytes in all, names and NULs included */
#define CHAIN_ID_SIZE     16    /* characters of a SESSION_ID or QUEUE_ID */
#define CHAIN_VERDICT_FD  4 /* the verdict pipe in a child; 6 is the same pipe, for netqmail's */

/* qmail-queue's exit codes, as far as we give them ourselves. */
enum {
  CHAIN_EXIT_REFUSED = 31, /* permanent, no text */
  CHAIN_EXIT_MEMORY = 51,  /* temporary, as are all below */
  CHAIN_EXIT_TIMEOUT = 52,
  CHAIN_EXIT_WRITE = 53,
  CHAIN_EXIT_READ = 54,
  CHAIN_EXIT_CONFIG = 55,
  CHAIN_EXIT_QUEUE = 61,    /* no queue there */
  CHAIN_EXIT_DEFERRED = 71, /* no text */
  CHAIN_EXIT_TEXT = 82,     /* the verdict is on the pipe */
  CHAIN_EXIT_TEXT_OLD = 88, /* the same, as older patches say it */
  CHAIN_EXIT_ENVELOPE = 91,
  CHAIN_EXIT_EXEC = 120
};

typedef enum chain_kind { CHAIN_ACCEPT = 'K', CHAIN_DEFER = 'Z', CHAIN_REJECT = 'D' } chain_kind_t;

/* A verdict: code 0 and an empty enhanced code mean that the caller's own apply. */
typedef struct chain_verdict {
  chain_kind_t kind;
  unsigned int code;             /* 0, or an SMTP reply code that fits kind */
  char enhanced[12];             /* "" or an RFC 3463 code of the same class, "5.7.1" */
  char text[CHAIN_TEXT_MAX + 1]; /* one line, printable or UTF-8; may be empty */
} chain_verdict_t;

/* ---- the link's side ---------------------------------------------------------------------- */

/* Executes argv in this environment, changed by what env_mexec was told. Dies in one line
   (exit 126 or 127) if it cannot; with no argv left, dies with 100. */
_Noreturn void chain_next(char const *const *argv);

/* End the chain. code 0 and enhanced NULL leave the choice to the caller; control bytes in text
   become blanks. Without a verdict pipe they exit CHAIN_EXIT_REFUSED, CHAIN_EXIT_DEFERRED or 0. The
   text of an acceptance is written only where ERROR_FD says that the caller knows it. */
_Noreturn void chain_reject(unsigned int code, char const *enhanced, char const *text);
_Noreturn void chain_defer(unsigned int code, char const *enhanced, char const *text);
_Noreturn void chain_accept(char const *text);
/* That one of them that kind is; an acceptance has a text alone. */
_Noreturn void chain_end(chain_kind_t kind, unsigned int code, char const *enhanced,
                         char const *text);

/* Writes the result for one recipient (0 is the first); the chain goes on. The caller of
   chain_recipient still ends in one of the three above, for those it did not name. */
void chain_recipient(size_t index, chain_kind_t kind, char const *text);

/* Writes +NAME=value to the verdict pipe. 0, or -1 with errno (ENOTCONN: no pipe there). */
int chain_fact(char const *name, char const *value);

/* Appends item to the environment list name (AUTH_RESULTS, ADD_HEADERS, CUT_RANGES), after
   separator if the list is not empty. -1 and E2BIG beyond CHAIN_LIST_MAX. */
int chain_append(char const *name, char const *separator, char const *item);

/* The same for ADD_HEADERS: lines are whole header lines, each ended by LF, the last with or
   without. */
int chain_add_headers(char const *lines);

/* Where the verdict goes: ERROR_FD, else 6, else 4, if that is a FIFO or socket; else -1. */
int chain_verdict_fd(void);

/* ---- values ------------------------------------------------------------------------------- */

/* Parses "550 5.7.1 text", "5.7.1 text" or "text" into a verdict of this kind: a code of another
   class than the kind's is taken for text. Control bytes become spaces; cut at CHAIN_TEXT_MAX. */
void chain_verdict_parse(chain_verdict_t *verdict, chain_kind_t kind, char const *s, size_t len);

/* Writes a verdict as one line, "550 5.7.1 text", which chain_verdict_parse takes apart. */
#define CHAIN_VERDICT_SIZE (CHAIN_TEXT_MAX + 32)
void chain_verdict_format(char out[CHAIN_VERDICT_SIZE], chain_verdict_t const *verdict);

/* Writes an id: 10 characters of time in microseconds, 6 of random bits, [0-9a-z]; it sorts by
   time. CHAIN_ID_SIZE characters and a NUL. */
void chain_id_make(char *id);
bool chain_id_valid(char const *id);
/* The time an id bears, in microseconds since the epoch. id must be valid. */
uint64_t chain_id_time(char const *id);

/* True if name may be handed back as a fact: SMTP_*, SPF_*, *_RESULT, X_*, AUTH_RESULTS,
   ADD_HEADERS, CUT_RANGES, RELAYCLIENT, DATABYTES. */
bool chain_fact_allowed(char const *name, size_t len);

/* ---- the caller's side -------------------------------------------------------------------- */

/* One descriptor of the child: to is what the child sees, from is ours. */
typedef struct chain_fd {
  int to;
  int from;
} chain_fd_t;

typedef struct chain_spawn {
  char const *path; /* absolute or relative to the working folder: no PATH search */
  char const *const *argv;
  char const *const *envp;
  chain_fd_t const *fds; /* all others must be close-on-exec; from must not be a lower to */
  size_t nfds;
  bool own_group; /* setpgid: the caller ends the group when its time is up */
} chain_spawn_t;

/* Starts a program with default signals and an empty mask, by vfork. The pid, or -1 with errno
   (that of execve if the program could not be executed). */
pid_t chain_spawn(chain_spawn_t const *spawn);

/* Finds name in PATH, as execvp would. 0, or -1 with errno (ENAMETOOLONG, ENOENT, EACCES). */
int chain_find(char const *name, char *path, size_t size);

/* An unnamed file for an envelope: what a caller writes there it seals before the chain runs, so
   that a link's stray output cannot alter it. Writers use pwrite: the offset stays 0. */
int chain_memfd(void);
int chain_memfd_seal(int fd);

/* What the verdict pipe said, fed piece by piece. Records end at NUL or LF (facts: at NUL only)
   or at the end. It is a pure parser: hostile links are cut, never believed beyond the caps. */
typedef struct chain_reader {
  void (*recipient)(void *data, size_t index, chain_verdict_t const *verdict); /* may be NULL */
  void *data;
  bool has_accept, has_refusal;
  chain_verdict_t accept;  /* the last K */
  chain_verdict_t refusal; /* the last D or Z */
  size_t facts_len, facts_count;
  char facts[CHAIN_FACTS_BYTES]; /* NAME=value\0 ..., allowed ones only */
  size_t record_len;             /* of the record at hand; it stops growing at its cap */
  bool record_cut;
  char record[CHAIN_FACTS_BYTES];
} chain_reader_t;

void chain_reader_init(chain_reader_t *reader);
void chain_reader_feed(chain_reader_t *reader, char const *bytes, size_t len);
void chain_reader_end(chain_reader_t *reader);

/* The verdict of a child that exited with this wait status, by qmail-queue's table: the last K
   with exit 0, the last D or Z with 82 or 88, 11 to 40 permanent, all else temporary. */
void chain_reader_verdict(chain_reader_t const *reader, int wait_status, chain_verdict_t *verdict);

typedef struct chain_call {
  char const *path;
  char const *const *argv;
  char const *const *envp; /* must hold ERROR_FD=4 */
  int message_fd;          /* the child's fd 0 */
  int envelope_fd;         /* the child's fd 1 */
  unsigned int timeout; /* seconds; then the child's process group is killed and the verdict is Z */
} chain_call_t;

/* Runs a link and reads its verdict into reader and verdict. Needs SIGCHLD blocked with a handler
   installed by chain_call_init, which also sees to it that no descriptor above 2 that the process
   was started with reaches a link, and reaps no child but its own. Returns 0, or -1 with errno when
   nothing could be started (the verdict is then a Z with a text). */
void chain_call_init(void);
int chain_call(chain_call_t const *call, chain_reader_t *reader, chain_verdict_t *verdict);

#endif
