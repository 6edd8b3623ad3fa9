/* route: who lives here, and where their mail goes: the routes table, compiled to a cdb.
 * The text format, and the order in which rules are tried, is in route-compile(1). */
#ifndef CHAINMAIL_ROUTE_H
#define CHAINMAIL_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <skalibs/cdb.h>

#define ROUTE_LINE_MAX    4096   /* bytes of a line of the text */
#define ROUTE_RULES_MAX   300000 /* in one table: cdbmake sorts them on the stack */
#define ROUTE_DEPTH_MAX   10     /* aliases, or domain aliases, that lead to others */
#define ROUTE_TARGETS_MAX 1000   /* targets, and aliases on the way, that one address may lead to */
#define ROUTE_TARGET_MAX  1024   /* bytes of one target's argument, its NUL included */
#define ROUTE_NAME_SIZE   256    /* of an account's name, its NUL included */
#define ROUTE_QUOTA_SIZE  64     /* of a quota in its canonical form, its NUL included */
#define ROUTE_GROUPS_MAX  256    /* supplementary groups of an account */

typedef enum route_channel {
  ROUTE_MAILDIR,
  ROUTE_LMTP,
  ROUTE_PIPE,
  ROUTE_FORWARD,
  ROUTE_REMOTE,
  ROUTE_CHANNELS
} route_channel_t;

typedef struct route_kind {
  char const *word;      /* the channel's name */
  char letter;           /* its targets begin with it in the cdb; so do their actions in the text */
  char const *deliverer; /* the program that serves it */
  bool per_address;      /* two addresses with the same argument are two targets, not one */
} route_kind_t;

extern route_kind_t const route_kinds[ROUTE_CHANNELS];

typedef struct route_table {
  cdb map;
  bool open;
  dev_t device; /* of the file that is mapped */
  ino_t inode;
  uid_t owner;
  mode_t mode;
} route_table_t;

/* Opens the compiled table (NULL: routes.cdb in the conf folder). A table that is not there is an
   empty one: no domain is local. 0, or -1 with errno (EPROTO: not a routes table, or of another
   version). */
int route_open(route_table_t *table, char const *path);
void route_close(route_table_t *table);

/* For those who live long: opens the table anew if route-compile has put another in its place. One
   stat if it has not. 1 it has, 0 it has not, -1 with errno and the old table still in force. */
int route_refresh(route_table_t *table, char const *path);

/* True if nobody but root can have written what the table says: whoever is root himself asks before
   he does it. False of a table that is not there. */
bool route_is_roots(route_table_t const *table);

typedef enum route_status {
  ROUTE_FOUND,
  ROUTE_NO_DOMAIN, /* not a domain of ours */
  ROUTE_NO_USER,   /* a domain of ours, and nobody there of that name */
  ROUTE_BROKEN     /* the table does not hold together; errno: ELOOP aliases in a circle or too many
                      in a row, ENOENT an alias to nobody, E2BIG too many targets, ENAMETOOLONG a
                      folder's name, EPROTO a bad record; or ENOMEM */
} route_status_t;

/* Is this address known? What RCPT asks: a few cdb look-ups, no allocation; aliases are not
   followed (route-compile has seen to it that they lead somewhere), domain aliases are. An address
   without an @ is a name that every domain has, RFC 5321 4.5.1's postmaster. ASCII letters in any
   case. A domain that only the default smart host serves is ROUTE_NO_DOMAIN here: not ours. */
route_status_t route_check(route_table_t const *table, char const *address, size_t len);

/* The bytes of an address that are its user: those before its extension, or all of its local part.
   As the rule has it that the address goes by; where it has none, there is no extension. */
size_t route_user_len(route_table_t const *table, char const *address, size_t len);

/* One place where a message for an address goes. Strings are valid during the call only. */
typedef struct route_target {
  route_channel_t channel;
  /* Of the channel.
       maildir   a Maildir's absolute path, its %-letters filled in
       lmtp      unix:/path, host or host:port; an IP address in brackets
       pipe      a command, for /bin/sh
       forward   an address
       remote    the domain, whose MX are to be found; or host:port, a smart host, which has none */
  char const *argument;
  /* The one that led here last: for Delivered-To, in lower case; of remote, for RCPT, its local
     part is as it was given. */
  char const *address;
  char const *user;  /* the account that it is done as, "": the deliverer's own */
  char const *quota; /* of a maildir, as maildir_quota_parse reads it, "": the deliverer's own */
} route_target_t;

typedef void route_target_f(void *data, route_target_t const *target);

/* Calls each for every target, each target once, aliases followed; no call is made unless all is
   well. A domain that is not ours leads to the default smart host, if the table has one, else it
   is its own destination; it is ROUTE_NO_DOMAIN only where it cannot be a domain. */
route_status_t route_resolve(route_table_t const *table, char const *address, size_t len,
                             route_target_f *each, void *data);

/* What a rule says of a target besides where it is; "" where it says nothing. */
typedef struct route_terms {
  char user[ROUTE_NAME_SIZE];
  char quota[ROUTE_QUOTA_SIZE];
} route_terms_t;

/* For deliverers, who have a target's address, channel and argument from a job: the terms that the
   table has for it now. 1; 0: it has no such target for this address, now; -1 with errno as
   ROUTE_BROKEN's. A few cdb look-ups, no allocation. remote and forward have no terms. */
int route_terms_find(route_table_t const *table, route_target_t const *target,
                     route_terms_t *terms);

/* An account of the system's, as it was when the table was compiled. */
typedef struct route_account {
  char name[ROUTE_NAME_SIZE];
  uid_t uid;
  gid_t gid;
  bool is_person;              /* and not the system's own: a rule may have the address name it */
  char home[ROUTE_TARGET_MAX]; /* absolute */
  size_t group_count;
  gid_t groups[ROUTE_GROUPS_MAX];
} route_account_t;

/* Finds an account that rules name, or may name. 1, 0 there is none, -1 with EPROTO. */
int route_account_find(route_table_t const *table, char const *name, route_account_t *account);

/* Tells the steps of the decision, a line each, in plain words: the rules with their lines in the
   text. What route-query prints. */
typedef void route_say_f(void *data, char const *line);
route_status_t route_explain(route_table_t const *table, char const *address, size_t len,
                             route_say_f *say, void *data);

/* What ROUTE_BROKEN's errno means, in a few words. */
char const *route_problem(int error);

typedef enum route_severity { ROUTE_WARNING, ROUTE_ERROR } route_severity_t;
/* One finding about line (from 1; 0: the table as a whole) of the text. */
typedef void route_report_f(void *data, size_t line, route_severity_t severity, char const *text);

/* Where accounts come from: calls each for the account of this name, if there is one, or (NULL) for
   all that people have. Returns 0, or -1 with errno; each's result too, if that is not 0. */
typedef int route_each_account_f(void *data, route_account_t const *account);
typedef int route_accounts_f(char const *name, route_each_account_f *each, void *data);

/* Compiles text into fd, an empty file that is open for reading and writing, and checks that it
   holds together. accounts NULL: there are none. 0, 1 if there are errors (the first hundred have
   been reported, and the number of the others; what fd holds is of no use), -1 with errno. */
int route_compile(char const *text, size_t len, int fd, route_accounts_f *accounts,
                  route_report_f *report, void *data);

#endif
