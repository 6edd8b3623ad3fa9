/* tcp-accept: see tcp-accept(8). */
#ifndef TCP_ACCEPT_H
#define TCP_ACCEPT_H

#include <limits.h>

#include "net/net.h"

#define LISTENERS_MAX 64

extern char const *PROG;

typedef struct settings {
  unsigned int sessions_max;   /* in all */
  unsigned int from_max;       /* from one network or user */
  unsigned int prefix_bits[2]; /* how long such a network's prefix is: IPv4, IPv6 */
  unsigned int backlog;
  unsigned int grace; /* seconds that sessions may go on after TERM */
  mode_t mode;        /* of unix sockets; (mode_t)-1: by umask */
  int ready_fd;       /* -1: none */
  bool drop_root;
  char const *rules_path;    /* NULL: no rules */
  char const *protocol;      /* NULL: smtp over IP, none over unix sockets */
  char const *busy, *denied; /* NULL: the protocol's */
  char const *addresses, *ports;
  char const *const *next;
} settings_t;

/* ---- environment.c: what a session starts with ---- */

typedef struct environment {
  char const **strings; /* facts, inherited ones, those of a rule; NULL */
  char const **inherited;
  size_t inherited_count;
} environment_t;

/* Takes what may be inherited from envp, once. 0, or -1 with ENOMEM. */
int environment_init(environment_t *environment, char const *const *envp, bool drop_root);
/* Puts a session's together, without allocating: rule's variables replace all others of the same
   name. It stands until the next call, and as long as facts and the rule. */
char const *const *environment_make(environment_t *environment, net_facts_t const *facts,
                                    net_rule_t const *rule);

/* ---- listen.c ---- */

typedef struct listeners {
  size_t count;
  net_listener_t all[LISTENERS_MAX];
} listeners_t;

/* True if addresses has one that needs a port. Dies if it is not a list. */
bool listeners_need_ports(char const *addresses);
/* Listens everywhere and logs it, or dies. */
void listeners_open(listeners_t *listeners, settings_t const *settings);

/* ---- session.c: one connection, from its acceptance to its end ---- */

typedef struct server {
  settings_t const *settings;
  net_sessions_t sessions;
  net_rules_t rules;
  net_refusal_texts_t texts[2]; /* for clients over IP, and over unix sockets */
  environment_t environment;
  char next[PATH_MAX]; /* the next program, found once */
} server_t;

/* Prepares all that sessions need, or dies. */
void server_init(server_t *server, settings_t const *settings);

/* Serves or refuses a client. 0, or -1 with errno if nothing can be accepted for now. */
int session_accept(server_t *server, net_listener_t const *listener);

/* Takes note of all children that are gone. */
void sessions_reap(server_t *server);

void sessions_signal(server_t const *server, int signal);

/* ---- serve.c ---- */

/* Serves until TERM, and then until all sessions are over. */
void serve(server_t *server, listeners_t *listeners, int signals);

/* ---- tcp-accept.c ---- */

/* Microseconds of a clock that never goes back. */
uint64_t now(void);

#endif
