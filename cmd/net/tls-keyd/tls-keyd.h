/* tls-keyd: see tls-keyd(8). */
#ifndef TLS_KEYD_H
#define TLS_KEYD_H

#include "keyd/keyd.h"
#include "net/net.h"

#define PEERS_MAX 16

extern char const *PROG;

typedef struct settings {
  size_t peers;
  uid_t uids[PEERS_MAX]; /* of them */
  unsigned int processes;
  unsigned int connections; /* of one peer in one process */
  unsigned int idle;        /* seconds */
  unsigned int sessions;    /* of one peer; 0: none */
  unsigned int lifetime;    /* of a session, seconds */
  mode_t mode;              /* (mode_t)-1: by umask */
  int ready_fd;             /* -1: none */
  bool drop_root;
  char const *address, *folder;
  char const *me; /* NULL: not set */
} settings_t;

/* ---- supervise.c ---- */

/* What processes have in common. */
typedef struct service {
  settings_t const *settings;
  net_listener_t listener;
  keyd_sessions_t *sessions; /* NULL: none are kept */
} service_t;

/* Keeps the processes going until it is told to end. Returns the exit code. */
int supervise(service_t *service);

/* ---- signals.c ---- */

/* The next signal that waits in fd, 0 if there is none. */
int signals_take(int fd);

/* ---- serve.c ---- */

/* One process: reads the folder, writes a byte to ready, serves until it is told to end. speaks: it
   is the one that logs what changes. Returns the exit code. */
int serve(service_t const *service, bool speaks, int ready);

/* ---- answer.c ---- */

/* Answers one question of this peer. Returns the answer's length. */
size_t answer(keyd_store_t *store, keyd_sessions_t *sessions, size_t peer, uint32_t now,
              unsigned char const *question, size_t len, unsigned char bytes[KEYD_ANSWER_MAX]);

/* ---- guard.c ---- */

/* Gives up what a process that reads no key does not need, or dies. */
void guard_supervisor(void);
/* The same for one that does, before it reads any. */
void guard_process(settings_t const *settings);
/* And what is needed no longer when they were read. */
void guard_files(settings_t const *settings, bool speaks);

#endif
