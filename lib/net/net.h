/* net: addresses, networks, access rules; listening, and what is known of a connection. */
#ifndef CHAINMAIL_NET_H
#define CHAINMAIL_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <skalibs/cdb.h>
#include <skalibs/ip46.h>

#include "chain/chain.h"

/* A network: the first bits of an address. */
typedef struct net_prefix {
  ip46 ip;
  unsigned int bits; /* 0 to 32, or 128 for IPv6 */
} net_prefix_t;

#define NET_PREFIX_FMT 56 /* bytes of "address/bits" and a NUL */

/* Parses the whole of "192.0.2.0/24", "2001:db8::/32" or an address alone. A v4-mapped IPv6
   address is taken as the IPv4 one. 0, or -1 with EINVAL, or EDOM if a bit after the first bits is
   set ("192.0.2.1/24"). */
int net_prefix_parse(net_prefix_t *prefix, char const *s);
/* The network of this length that ip lies in; bits is at most 32, or 128 for IPv6. */
void net_prefix_of(net_prefix_t *prefix, ip46 const *ip, unsigned int bits);
bool net_prefix_contains(net_prefix_t const *prefix, ip46 const *ip);
/* Writes "address/bits" and a NUL, at most NET_PREFIX_FMT bytes. Returns its length. */
size_t net_prefix_fmt(char *s, net_prefix_t const *prefix);

/* Parses an address as it stands in ${PROTO}REMOTEIP; v4-mapped IPv6 becomes IPv4.
   0, or -1 with EINVAL. */
int net_address_parse(ip46 *ip, char const *s);
/* Turns a v4-mapped IPv6 address into the IPv4 one; leaves others alone. */
void net_address_unmap(ip46 *ip);
/* True of :: and 0.0.0.0. */
bool net_address_is_any(ip46 const *ip);

/* True if ip lies in a comma- or blank-separated list of networks; -1 with EINVAL if the list
   cannot be parsed. */
int net_list_contains(char const *list, ip46 const *ip);

/* ---- access rules: tcprules text and its cdb, tcp-rules-compile(1) ------------------------- */

#define NET_RULE_KEY_MAX       512     /* bytes of an address in a rule */
#define NET_RULE_VALUE_MAX     4096    /* bytes of its instructions, compiled */
#define NET_RULE_VARIABLES_MAX 32      /* variables that one rule may set */
#define NET_RULES_TEXT_MAX     1048576 /* bytes of a text that is used without being compiled */

/* Why a text, or a whole table, is no good. line is 0 where no line is to blame. */
typedef struct net_rules_error {
  unsigned int line;
  char const *reason;
} net_rules_error_t;

#define NET_RULES_ERROR_MAX 4352 /* bytes of its text, with a path and a NUL */

/* Writes "path: line 3: reason"; without a reason, what errno's error is called. */
void net_rules_error_text(char text[NET_RULES_ERROR_MAX], char const *path,
                          net_rules_error_t const *error, int errnum);

/* Takes one record of the cdb; 0, or -1 with errno to stop. */
typedef int net_rule_f(void *data, char const *key, size_t key_len, char const *value,
                       size_t value_len);

/* Parses a rules text and gives each its records, in order; a range is many. The keys are those of
   ucspi-tcp's tcprules ("192.0.2.1", "192.0.2.", "=host", "") and, for networks of other lengths,
   "address/bits". 0, or -1 with errno (EINVAL: error says where) as soon as something is wrong. No
   text at all is wrong: whoever makes rules has failed at it, and nobody asked for open doors. */
int net_rules_parse(char const *text, size_t len, net_rule_f *each, void *data,
                    net_rules_error_t *error);

/* Compiles a text into fd, an empty file. 0, or -1 with errno as above. */
int net_rules_compile(char const *text, size_t len, int fd, net_rules_error_t *error);

typedef struct net_rules {
  char const *path;
  bool is_private; /* a copy is used */
  cdb map;
  int status; /* 0, or the errno that made the table unusable */
  net_rules_error_t error;
  struct stat stamp;       /* of the file that was read */
  size_t lengths_count[2]; /* IPv4, IPv6: the lengths of networks in use, longest first */
  unsigned char lengths[2][130];
} net_rules_t;

/* Rules that are used where they are: who truncates the file in place may end the process. */
void net_rules_init(net_rules_t *rules, char const *path);
/* For a process that stays: a private copy is used. */
void net_rules_init_private(net_rules_t *rules, char const *path);
/* Reads the file, cdb or text, if it is another one, or changed, since the last time. 0, or -1 with
   errno and error: the rules cannot be known, and nobody may be let in. */
int net_rules_refresh(net_rules_t *rules);
void net_rules_free(net_rules_t *rules);

/* Who asks to be let in. */
typedef struct net_client {
  ip46 const *ip;   /* NULL: over a unix socket */
  char const *host; /* its name, or NULL */
  char const *info; /* what it says of its user (RFC 1413), or NULL */
  uid_t uid;        /* over a unix socket */
} net_client_t;

typedef struct net_rule {
  bool found; /* if not: allow is true, and there are no variables */
  bool allow;
  char const *value; /* in the table, until the next refresh */
  size_t value_len;
  size_t key_len;
  char key[NET_RULE_KEY_MAX + 1]; /* of the rule that was found */
} net_rule_t;

/* Called for every key that is looked up, in order. */
typedef void net_rules_say_f(void *data, char const *key, bool found);

/* Finds the rule for client: info@ip, info@=host, ip, =host, the networks of ip from the longest,
   the suffixes of host from the longest, "=", "". Over a unix socket: "uid:N", "unix", "". say may
   be NULL. 0, or -1 with EPROTO if the table is broken. */
int net_rules_find(net_rules_t const *rules, net_client_t const *client, net_rule_t *rule,
                   net_rules_say_f *say, void *data);

/* Steps through a rule's variables: "NAME=value", or NULL. *position is 0 at first. */
char const *net_rule_variable(net_rule_t const *rule, size_t *position);

/* ---- connections: the facts about one, in UCSPI's words ------------------------------------ */

#define NET_PATH_MAX 108 /* bytes of a unix socket's path, NUL included */

typedef struct net_connection {
  bool is_unix;
  ip46 local_ip, remote_ip; /* v4-mapped ones as IPv4 */
  uint16_t local_port, remote_port;
  uid_t uid; /* of who connected to the unix socket */
  gid_t gid;
  char local_path[NET_PATH_MAX], remote_path[NET_PATH_MAX]; /* "" without a name */
  unsigned int number; /* connections from there, this one included; 0: not known */
  char id[CHAIN_ID_SIZE + 1];
} net_connection_t;

/* Fills in what the kernel knows of a connected stream socket: addresses, ports, credentials.
   0, or -1 with errno (ENOTSOCK, ENOTCONN, EAFNOSUPPORT: neither IP nor unix). */
int net_connection_inspect(net_connection_t *connection, int fd);

#define NET_FACTS_MAX 7

/* PROTO, ${PROTO}REMOTEIP, SESSION_ID... as NAME=value strings. */
typedef struct net_facts {
  size_t count;
  char const *strings[NET_FACTS_MAX]; /* into text */
  char text[512];
} net_facts_t;

void net_facts_make(net_facts_t *facts, net_connection_t const *connection);

/* True if variable, NAME or NAME=value, is one that whoever accepts a connection has the say over:
   it must be gone from the environment before the facts are set. */
bool net_facts_own(char const *variable);

/* ---- listening ------------------------------------------------------------------------------ */

typedef struct net_listener {
  int fd;                 /* close-on-exec and non-blocking */
  bool is_wildcard;       /* a connection's local address must be asked for */
  net_connection_t local; /* what its connections have in common */
  bool is_made;           /* a unix socket that we made, at local.local_path, and which it is */
  dev_t dev;
  ino_t ino;
} net_listener_t;

/* Listens on a TCP port of this address; :: is IPv6's alone. 0, or -1 with errno. */
int net_listen_ip(net_listener_t *listener, ip46 const *ip, uint16_t port, int backlog);

/* The same of all addresses, IPv6's and IPv4's: of ::, or, without IPv6 on this machine, 0.0.0.0.
 */
int net_listen_all(net_listener_t *listener, uint16_t port, int backlog);

/* Listens on a unix socket of this type, SOCK_STREAM or SOCK_SEQPACKET, replacing one at path that
   nobody listens to any more. mode is what it gets, (mode_t)-1: what umask leaves. -1 with
   EADDRINUSE if somebody listens there, EEXIST if there is something else at path. */
int net_listen_unix(net_listener_t *listener, int type, char const *path, mode_t mode, int backlog);

/* Takes over a descriptor. -1 with EINVAL if it is not a listening socket of this type. */
int net_listen_fd(net_listener_t *listener, int type, int fd);

/* Closes the socket, and removes the path of a unix socket if it is still ours. */
void net_listener_close(net_listener_t *listener);

/* Accepts one connection. The descriptor, close-on-exec and blocking, or -1 with errno. */
int net_accept(net_listener_t const *listener, net_connection_t *connection);

/* The descriptors, from 3 on, that systemd's socket activation (LISTEN_PID, LISTEN_FDS) left to
   this process. Their number; 0 if there are none for us; -1 with EINVAL. */
int net_systemd_fds(void);

/* Tells systemd's NOTIFY_SOCKET, if there is one: "READY=1", "STOPPING=1". 0, or -1 with errno. */
int net_notify(char const *state);

/* ---- privilege ------------------------------------------------------------------------------ */

typedef struct net_identity {
  uid_t uid;
  gid_t gid;
  size_t count; /* of supplementary groups */
  gid_t const *groups;
} net_identity_t;

/* Reads UID, GID and GIDLIST of the environment. 0, or -1 with EINVAL and *reason: what is wrong
   with them (user 0 is). */
int net_identity_read(net_identity_t *identity, char const **reason);

/* Becomes somebody for good, and sees to it that it is so. Whoever is not root must be them
   already. 0, or -1 with errno and *reason: EINVAL: it would be root; else the step that the system
   refused.
 */
int net_become(net_identity_t const *who, char const **reason);

/* Root becomes the owner of an open folder, unless that is root, and of its group: for what is done
   below a folder whose owner could lead root elsewhere by links. Others stay who they are. 0, or -1
   with errno and *reason, the step that the system refused. */
int net_become_owner(int folder, char const **reason);

/* Becomes whom UID, GID and GIDLIST of the environment name; errors as of both above. */
int net_drop_root(char const **reason);

/* ---- sessions: who is connected, counted by network ----------------------------------------- */

/* Where a connection is counted: a network, or a user of a unix socket. */
typedef struct net_origin {
  uint64_t words[3];
} net_origin_t;

void net_origin_of_ip(net_origin_t *origin, ip46 const *ip, unsigned int bits);
void net_origin_of_uid(net_origin_t *origin, uid_t uid);

typedef struct net_session {
  pid_t pid; /* 0: not in use */
  uint32_t origin;
  uint64_t start; /* microseconds, the caller's clock */
  char id[CHAIN_ID_SIZE + 1];
} net_session_t;

/* A table of fixed size; finding costs the same however many there are. */
typedef struct net_sessions {
  unsigned int max, count;
  net_session_t *all; /* max of them */
  struct net_origin_count *origins;
  struct net_chains *by_pid, *by_origin;
  uint64_t seed; /* nobody can choose addresses that fall into one chain */
} net_sessions_t;

/* Allocates room for max sessions, once. 0, or -1 with ENOMEM. */
int net_sessions_init(net_sessions_t *sessions, unsigned int max);
void net_sessions_free(net_sessions_t *sessions);

/* Sessions from this origin. */
unsigned int net_sessions_from(net_sessions_t const *sessions, net_origin_t const *origin);
/* A new session; NULL if there are max. pid must not be 0, nor one that is in use. */
net_session_t *net_sessions_add(net_sessions_t *sessions, net_origin_t const *origin, pid_t pid);
net_session_t *net_sessions_find(net_sessions_t const *sessions, pid_t pid);
/* Removes it. Returns how many are left from its origin. */
unsigned int net_sessions_remove(net_sessions_t *sessions, net_session_t *session);

/* ---- refusing ------------------------------------------------------------------------------- */

typedef enum net_refusal {
  NET_BUSY,    /* too many connections */
  NET_DENIED,  /* by the rules */
  NET_TROUBLE, /* ours: rules that cannot be read, a program that does not start */
  NET_REFUSALS
} net_refusal_t;

#define NET_REFUSAL_MAX 510 /* bytes of a text: a reply line of SMTP without its CRLF */

typedef char const *net_refusal_texts_t[NET_REFUSALS];

/* The texts of smtp, pop3, imap or none. 0, or -1 with EINVAL. */
int net_refusal_texts(net_refusal_texts_t texts, char const *protocol);

/* True if s may be said to a client: one line, printable, not too long. */
bool net_refusal_valid(char const *s);

/* Says text ("": nothing) and CRLF and ends the connection in a way that lets the client read it,
   without waiting for anything. fd stays open. */
void net_refuse(int fd, char const *text);

#endif
