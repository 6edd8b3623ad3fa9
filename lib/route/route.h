/* route: who lives here, and where their mail goes: the routes table, compiled to a cdb.
 * The text format is in route-compile(1). */
#ifndef CHAINMAIL_ROUTE_H
#define CHAINMAIL_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include <skalibs/cdb.h>

#define ROUTE_DEPTH_MAX 10     /* aliases that lead to aliases */
#define ROUTE_TARGETS_MAX 1000 /* targets that one address may lead to */
#define ROUTE_TARGET_MAX 1024  /* bytes of one target */

typedef enum route_channel {
  ROUTE_MAILDIR,
  ROUTE_LMTP,
  ROUTE_PIPE,
  ROUTE_FORWARD,
  ROUTE_SMARTHOST,
  ROUTE_CHANNELS
} route_channel_t;

typedef struct route_kind {
  char const *word;    /* in the table's text */
  bool deliverable;    /* false: no deliverer yet, route-compile refuses it */
} route_kind_t;

extern route_kind_t const route_kinds[ROUTE_CHANNELS];

typedef struct route_table {
  cdb map;
  bool open;
} route_table_t;

/* Opens the compiled table (NULL: routes.cdb in the conf folder). A table that is not there is an
   empty one: no domain is local. 0, or -1 with errno (EPROTO: not a routes table, or of another
   version). */
int route_open(route_table_t *table, char const *path);
void route_close(route_table_t *table);

typedef enum route_status {
  ROUTE_FOUND,
  ROUTE_NO_DOMAIN, /* not a domain of ours */
  ROUTE_NO_USER,   /* a domain of ours, and nobody there of that name */
  ROUTE_BROKEN     /* the table does not hold together: aliases in a circle, a bad record; errno */
} route_status_t;

/* One place where a message for an address goes. Strings are valid during the call only. */
typedef struct route_target {
  route_channel_t channel;
  char const *argument;  /* of the channel: a Maildir's folder, with %-letters filled in */
  char const *address;   /* the address that led here last, for Delivered-To */
} route_target_t;

typedef void route_target_f(void *data, route_target_t const *target);

/* Is this address known? What RCPT asks; it costs a few cdb look-ups and no target is made. */
route_status_t route_check(route_table_t const *table, char const *address, size_t len);

/* Calls each for every target, each target once, aliases followed. */
route_status_t route_resolve(route_table_t const *table, char const *address, size_t len,
                             route_target_f *each, void *data);

/* Writes the steps of the decision, a line each, through say. What route-query prints. */
typedef void route_say_f(void *data, char const *line);
route_status_t route_explain(route_table_t const *table, char const *address, size_t len,
                             route_say_f *say, void *data);

/* Compiles the text at path into fd, an empty file. 0, or -1 with a message "path: line N: ..." in
   error (at most error_size bytes). */
int route_compile(char const *path, int fd, char *error, size_t error_size);

#endif
