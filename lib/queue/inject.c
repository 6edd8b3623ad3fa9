#include <errno.h>
#include <string.h>

#include <skalibs/env.h>

#include "queue/format.h"

#define FACTS_BYTES 0x40000u /* of all facts of an entry */

queue_failure_t const queue_failures[QUEUE_FAILURES] = {
    [QUEUE_LONG_ADDRESS] = {11, CHAIN_REJECT, 553, "5.1.3", "address too long"},
    [QUEUE_LARGE_ENVELOPE] = {CHAIN_EXIT_REFUSED, CHAIN_REJECT, 552, "5.5.3",
                              "too many recipients"},
    [QUEUE_NO_MEMORY] = {CHAIN_EXIT_MEMORY, CHAIN_DEFER, 451, "4.3.0", "out of memory"},
    [QUEUE_DISK_FULL] = {CHAIN_EXIT_WRITE, CHAIN_DEFER, 452, "4.3.1", "no space left in the queue"},
    [QUEUE_WRITE_FAILED] = {CHAIN_EXIT_WRITE, CHAIN_DEFER, 451, "4.3.0",
                            "cannot write the message"},
    [QUEUE_READ_FAILED] = {CHAIN_EXIT_READ, CHAIN_DEFER, 451, "4.3.0", "cannot read the message"},
    [QUEUE_BAD_EDITS] = {CHAIN_EXIT_CONFIG, CHAIN_DEFER, 451, "4.3.5",
                         "a filter asked for a bad edit"},
    [QUEUE_MANY_FACTS] = {CHAIN_EXIT_CONFIG, CHAIN_DEFER, 451, "4.3.5",
                          "too many facts about the message"},
    [QUEUE_NOT_THERE] = {CHAIN_EXIT_QUEUE, CHAIN_DEFER, 451, "4.3.0", "no queue"},
    [QUEUE_BAD_ENVELOPE] = {CHAIN_EXIT_ENVELOPE, CHAIN_DEFER, 451, "4.3.0", "bad envelope"},
};

static struct cause {
  int error;
  queue_failure_name_t name;
} const causes[] = {
    {ENOSPC, QUEUE_DISK_FULL},       {EDQUOT, QUEUE_DISK_FULL},  {EFBIG, QUEUE_DISK_FULL},
    {ENOENT, QUEUE_NOT_THERE},       {ENOTDIR, QUEUE_NOT_THERE}, {EACCES, QUEUE_NOT_THERE},
    {ENAMETOOLONG, QUEUE_NOT_THERE}, {ENOMEM, QUEUE_NO_MEMORY},  {EMSGSIZE, QUEUE_LARGE_ENVELOPE},
};

queue_failure_t const *queue_failure_of(int error) {
  for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
    if (causes[i].error == error) return &queue_failures[causes[i].name];
  return &queue_failures[QUEUE_WRITE_FAILED];
}

static queue_failure_t const *fail(queue_injection_t *injection, char const *step, int error,
                                   queue_failure_t const *failure) {
  injection->step = step;
  injection->error = error;
  return failure;
}

/* ---- the envelope ---- */

static queue_failure_t const *take_envelope(queue_injection_t *injection, queue_draft_t *draft) {
  if (queue_envelope_parse(&draft->envelope, injection->envelope, injection->envelope_len) == 0)
    return NULL;
  queue_failure_name_t name = errno == ENAMETOOLONG ? QUEUE_LONG_ADDRESS
                              : errno == EMSGSIZE   ? QUEUE_LARGE_ENVELOPE
                                                    : QUEUE_BAD_ENVELOPE;
  return fail(injection, "parse the envelope", errno, &queue_failures[name]);
}

/* ---- edits ---- */

static queue_failure_t const *take_edits(queue_injection_t *injection, queue_draft_t *draft) {
  queue_edits_t edits;
  char const *step;
  uint64_t const size = (uint64_t)injection->status->st_size;
  if (queue_edits_take(&edits, injection->environment, size, &step) < 0)
    return fail(injection, step, errno, &queue_failures[QUEUE_BAD_EDITS]);
  draft->headers = edits.headers;
  draft->ranges = edits.ranges;
  draft->nranges = edits.nranges;
  return NULL;
}

/* ---- facts ---- */

static bool is_name(char const *variable, size_t len, char const *name) {
  return !strncmp(variable, name, len) && !name[len];
}

/* What hooks may tell is recorded, edits aside, and what the acceptor and TLS know. */
static bool is_recorded(char const *variable, size_t len) {
  static char const *const others[] = {"SESSION_ID", "SSL_PROTOCOL", "SSL_CIPHER",
                                       "SSL_TLS_SNI_SERVERNAME"};
  if (is_name(variable, len, "ADD_HEADERS") || is_name(variable, len, "CUT_RANGES")) return false;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (is_name(variable, len, others[i])) return true;
  return chain_fact_allowed(variable, len);
}

/* ${PROTO}REMOTEIP under the name that it has most often; NULL if there is none. */
static char const *remote_ip(char const *const *environment) {
  static char fact[128] = "TCPREMOTEIP=";
  char name[32];
  char const *proto = env_get2(environment, "PROTO");
  size_t len = proto ? strlen(proto) : 0;
  if (!len || len + sizeof "REMOTEIP" > sizeof name) return NULL;
  memcpy(name, proto, len + 1);
  memcpy(name + len, "REMOTEIP", sizeof "REMOTEIP");
  char const *ip = env_get2(environment, name);
  if (!ip) return NULL;
  strncpy(fact + sizeof "TCPREMOTEIP=" - 1, ip, sizeof fact - sizeof "TCPREMOTEIP=");
  return fact;
}

static queue_failure_t const *take_facts(queue_injection_t *injection, queue_draft_t *draft) {
  static char const *facts[QUEUE_FACTS_MAX + 1];
  size_t count = 0, bytes = 0;
  for (char const *const *variable = injection->environment; *variable; variable++) {
    if (!is_recorded(*variable, strcspn(*variable, "="))) continue;
    bytes += strlen(*variable);
    /* One place is the address's. */
    if (count == QUEUE_FACTS_MAX - 1 || bytes > FACTS_BYTES)
      return fail(injection, "record facts", E2BIG, &queue_failures[QUEUE_MANY_FACTS]);
    facts[count++] = *variable;
  }
  facts[count] = remote_ip(injection->environment);
  if (facts[count]) facts[count + 1] = NULL;
  draft->facts = facts;
  return NULL;
}

/* ---- the entry ---- */

static queue_failure_t const *commit(queue_injection_t *injection, queue_draft_t const *draft) {
  char name[QUEUE_NAME_SIZE + 1];
  if (queue_commit(injection->queue, injection->fd, injection->status, draft, name) < 0)
    return fail(injection, "commit the message", errno, queue_failure_of(errno));
  queue_trigger(injection->queue, name);
  return NULL;
}

queue_failure_t const *queue_inject(queue_injection_t *injection) {
  queue_draft_t draft = {.id = injection->id};
  queue_failure_t const *failure = take_envelope(injection, &draft);
  if (!failure) failure = take_edits(injection, &draft);
  if (!failure) failure = take_facts(injection, &draft);
  return failure ? failure : commit(injection, &draft);
}
