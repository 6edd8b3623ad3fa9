/* conf: settings, a file per value in CHAINMAIL_CONF (/etc/chainmail), and all defaults in one
 * table, conf_table, in conf.c. An option of a program goes before the file, the file before the
 * default. */
#ifndef CHAINMAIL_CONF_H
#define CHAINMAIL_CONF_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of a setting's file: its first line, without trailing blanks. */
#define CONF_VALUE_MAX 1024

typedef enum conf_name {
  CONF_ME,
  CONF_AUTHSERV_ID,
  CONF_GREETING,
  CONF_DATABYTES,
  CONF_RECIPIENTS,
  CONF_BAD_COMMANDS,
  CONF_COMMANDS,
  CONF_HOPS,
  CONF_FUTURE_RELEASE_MAX,
  CONF_DELIVER_BY_MIN,
  CONF_TIMEOUT_COMMAND,
  CONF_TIMEOUT_DATA,
  CONF_TIMEOUT_SESSION,
  CONF_TIMEOUT_HOOK,
  CONF_TIMEOUT_CHAIN,
  CONF_QUEUE_LIFETIME,
  CONF_RETRY_SCHEDULE,
  CONF_CONCURRENCY_LOCAL,
  CONF_CONCURRENCY_PIPE,
  CONF_CONCURRENCY_LMTP,
  CONF_CONCURRENCY_REMOTE,
  CONF_CONCURRENCY_DESTINATION,
  CONF_DELAY_NOTICE,
  CONF_BOUNCE_BYTES,
  CONF_DOUBLE_BOUNCE,
  CONF_BACKOFF,
  CONF_BACKOFF_MAX,
  CONF_TIMEOUT_HANDSHAKE,
  CONF_AUTH_MECHANISMS,
  CONF_AUTH_CLEAR_TEXT,
  CONF_AUTH_ATTEMPTS,
  CONF_AUTH_DELAY,
  CONF_TIMEOUT_AUTH,
  CONF_COUNT
} conf_name_t;

typedef struct conf_entry {
  char const *name;    /* the file's name */
  char const *preset;  /* the default, as it would stand in the file; NULL: must be set */
  uint64_t min, max;   /* of a number; both 0 for a text */
  char const *meaning; /* with its unit, for conf pages and usage */
} conf_entry_t;

extern conf_entry_t const conf_table[CONF_COUNT];

/* Where things are, from the environment or by default; never NULL. */
char const *conf_directory(void); /* CHAINMAIL_CONF, /etc/chainmail */
char const *conf_queue(void);     /* CHAINMAIL_QUEUE, /var/spool/chainmail */
char const *conf_run(void);       /* CHAINMAIL_RUN, /run/chainmail */

/* Writes <conf directory>/<name> to path. 0, or -1 with ENAMETOOLONG. */
int conf_path(char *path, size_t size, char const *name);

/* A set of values in force. */
typedef struct conf {
  char const *text[CONF_COUNT];
  uint64_t number[CONF_COUNT];
} conf_t;

/* Fills conf from conf_table and from those files of the folder that bear a name of the table;
   one directory read, then one open for each file that is there. A folder that is not there is an
   empty one. -1 with errno, and *culprit the name of the file (ERANGE or EINVAL: a bad value). */
int conf_load(conf_t *conf, char const **culprit);

/* Sets one value, from an option say. 0, or -1 with EINVAL or ERANGE. value is not copied. */
int conf_set(conf_t *conf, conf_name_t name, char const *value);
/* The same from "name=value"; EINVAL is also that there is no such name. */
int conf_assign(conf_t *conf, char const *assignment);

#endif
