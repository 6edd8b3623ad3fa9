#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "conf/conf.h"
#include "log/log.h"
#include "queue/queue.h"

#define USAGE       "queue-inject [-q queue]"
#define WAIT_MAX    86400    /* seconds that a caller may take to write to its pipes */
#define FACTS_BYTES 0x40000u /* of all facts of an entry */

char const *PROG = "queue-inject";

/* ---- failures ---- */

/* What a caller is told: by the verdict, or by the exit code where there is no pipe for one. */
typedef struct failure {
  int exit_code;
  chain_kind_t kind;
  unsigned int code;
  char const *enhanced;
  char const *text;
} failure_t;

static failure_t const long_address = {11, CHAIN_REJECT, 553, "5.1.3", "address too long"};
static failure_t const large_envelope = {CHAIN_EXIT_REFUSED, CHAIN_REJECT, 552, "5.5.3",
                                         "too many recipients"};
static failure_t const no_memory = {CHAIN_EXIT_MEMORY, CHAIN_DEFER, 451, "4.3.0", "out of memory"};
static failure_t const disk_full = {CHAIN_EXIT_WRITE, CHAIN_DEFER, 452, "4.3.1",
                                    "no space left in the queue"};
static failure_t const write_failed = {CHAIN_EXIT_WRITE, CHAIN_DEFER, 451, "4.3.0",
                                       "cannot write the message"};
static failure_t const read_failed = {CHAIN_EXIT_READ, CHAIN_DEFER, 451, "4.3.0",
                                      "cannot read the message"};
static failure_t const bad_edits = {CHAIN_EXIT_CONFIG, CHAIN_DEFER, 451, "4.3.5",
                                    "a filter asked for a bad edit"};
static failure_t const many_facts = {CHAIN_EXIT_CONFIG, CHAIN_DEFER, 451, "4.3.5",
                                     "too many facts about the message"};
static failure_t const no_queue = {CHAIN_EXIT_QUEUE, CHAIN_DEFER, 451, "4.3.0", "no queue"};
static failure_t const bad_envelope = {CHAIN_EXIT_ENVELOPE, CHAIN_DEFER, 451, "4.3.0",
                                       "bad envelope"};

static struct cause {
  int error;
  failure_t const *failure;
} const causes[] = {
    {ENOSPC, &disk_full},      {EDQUOT, &disk_full}, {EFBIG, &disk_full},
    {ENOENT, &no_queue},       {ENOTDIR, &no_queue}, {EACCES, &no_queue},
    {ENAMETOOLONG, &no_queue}, {ENOMEM, &no_memory}, {EMSGSIZE, &large_envelope},
};

/* The failure that an error of the queue is. */
static failure_t const *failure_of(int error) {
  for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
    if (causes[i].error == error) return causes[i].failure;
  return &write_failed;
}

static char const *id; /* of the entry */

static _Noreturn void fail(failure_t const *failure, char const *step, int error) {
  log_line_t line;
  log_start(&line, PROG, "failure");
  log_str(&line, "id", id);
  log_str(&line, "step", step);
  log_errno(&line, error);
  log_str(&line, "reason", failure->text);
  log_send(&line);
  if (chain_verdict_fd() < 0) _exit(failure->exit_code);
  if (failure->kind == CHAIN_REJECT) chain_reject(failure->code, failure->enhanced, failure->text);
  chain_defer(failure->code, failure->enhanced, failure->text);
}

/* ---- the message, fd 0 ---- */

typedef struct message {
  int fd;
  struct stat status;
} message_t;

/* Is fd 0 the file that a link before this one spooled the message into? */
static bool is_spooled(struct stat const *status) {
  char const *told = getenv("MESSAGE_FILE");
  char fact[QUEUE_SPOOL_FACT_SIZE];
  if (!told || !S_ISREG(status->st_mode) || status->st_nlink || status->st_uid != geteuid())
    return false;
  queue_spool_fact(fact, status);
  return !strcmp(told, fact);
}

static void end_late(int sig) {
  (void)sig;
  _exit(CHAIN_EXIT_TIMEOUT);
}

static void copy_message(message_t *message, char const *queue) {
  bool reading;
  signal(SIGALRM, end_late);
  alarm(WAIT_MAX);
  message->fd = queue_spool_open(queue);
  if (message->fd < 0) fail(failure_of(errno), "open a spool file", errno);
  if (queue_spool_fill(message->fd, 0, &reading) < 0)
    fail(reading ? &read_failed : failure_of(errno), "copy the message", errno);
  if (fstat(message->fd, &message->status) < 0) fail(&write_failed, "stat the message", errno);
}

static void take_message(message_t *message, char const *queue) {
  message->fd = 0;
  if (fstat(0, &message->status) < 0) fail(&read_failed, "stat the message", errno);
  if (!is_spooled(&message->status)) copy_message(message, queue);
}

/* ---- the envelope, fd 1 ---- */

/* A memfd that nobody can write to any more comes from a caller who leaves it at offset 0. */
static bool is_sealed(int fd) {
  int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && seals & F_SEAL_WRITE;
}

static size_t read_part(bool sealed, char *to, size_t room, size_t offset) {
  ssize_t n;
  do n = sealed ? pread(1, to, room, (off_t)offset) : read(1, to, room);
  while (n < 0 && errno == EINTR);
  if (n < 0) fail(&read_failed, "read the envelope", errno);
  return (size_t)n;
}

/* Room for the largest envelope, with what was read of it. Pages cost nothing until they are used.
 */
static char *enlarge(char const *bytes, size_t len) {
  char *large = mmap(0, QUEUE_ENVELOPE_MAX + 1, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (large == MAP_FAILED) fail(&no_memory, "make room for the envelope", errno);
  memcpy(large, bytes, len);
  return large;
}

static char const *read_envelope(size_t *len) {
  static char usual[16384];
  char *bytes = usual;
  size_t room = sizeof usual, n;
  bool sealed = is_sealed(1);
  *len = 0;
  while ((n = read_part(sealed, bytes + *len, room - *len, *len))) {
    *len += n;
    if (sealed && *len < room) break;
    if (*len < room) continue;
    if (bytes != usual) fail(&large_envelope, "read the envelope", EMSGSIZE);
    bytes = enlarge(bytes, *len);
    room = QUEUE_ENVELOPE_MAX + 1;
  }
  return bytes;
}

static void take_envelope(queue_envelope_t *envelope) {
  size_t len;
  char const *bytes = read_envelope(&len);
  if (queue_envelope_parse(envelope, bytes, len) == 0) return;
  failure_t const *failure = errno == ENAMETOOLONG ? &long_address
                             : errno == EMSGSIZE   ? &large_envelope
                                                   : &bad_envelope;
  fail(failure, "parse the envelope", errno);
}

/* ---- the environment: edits and facts ---- */

static void take_edits(queue_draft_t *draft, uint64_t size) {
  static queue_range_t ranges[QUEUE_RANGES_MAX];
  char const *cuts = getenv("CUT_RANGES");
  draft->headers = getenv("ADD_HEADERS");
  if (draft->headers && !queue_headers_valid(draft->headers))
    fail(&bad_edits, "parse ADD_HEADERS", EINVAL);
  if (draft->headers && strlen(draft->headers) > CHAIN_LIST_MAX)
    fail(&bad_edits, "parse ADD_HEADERS", E2BIG);
  ssize_t n = cuts ? queue_ranges_parse(ranges, QUEUE_RANGES_MAX, cuts, size) : 0;
  if (n < 0) fail(&bad_edits, "parse CUT_RANGES", errno);
  draft->ranges = ranges;
  draft->nranges = (size_t)n;
}

static bool is_name(char const *variable, size_t len, char const *name) {
  return strlen(name) == len && !memcmp(variable, name, len);
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
static char const *remote_ip(void) {
  static char fact[128] = "TCPREMOTEIP=";
  char name[32];
  char const *proto = getenv("PROTO");
  size_t len = proto ? strlen(proto) : 0;
  if (!len || len + sizeof "REMOTEIP" > sizeof name) return 0;
  memcpy(name, proto, len + 1);
  memcpy(name + len, "REMOTEIP", sizeof "REMOTEIP");
  char const *ip = getenv(name);
  if (!ip) return 0;
  strncpy(fact + sizeof "TCPREMOTEIP=" - 1, ip, sizeof fact - sizeof "TCPREMOTEIP=");
  return fact;
}

static char const *const *take_facts(void) {
  static char const *facts[QUEUE_FACTS_MAX + 1];
  size_t count = 0, bytes = 0;
  for (char **variable = environ; *variable; variable++) {
    if (!is_recorded(*variable, strcspn(*variable, "="))) continue;
    bytes += strlen(*variable);
    /* One place is the address's. */
    if (count == QUEUE_FACTS_MAX - 1 || bytes > FACTS_BYTES)
      fail(&many_facts, "record facts", E2BIG);
    facts[count++] = *variable;
  }
  facts[count] = remote_ip();
  return facts;
}

/* ---- the entry ---- */

static char const *choose_id(void) {
  static char made[CHAIN_ID_SIZE + 1];
  char const *given = getenv("QUEUE_ID");
  if (given && chain_id_valid(given)) return given;
  chain_id_make(made);
  return made;
}

static _Noreturn void accept_entry(void) {
  char text[sizeof "queued as " + CHAIN_ID_SIZE] = "queued as ";
  memcpy(text + sizeof "queued as " - 1, id, CHAIN_ID_SIZE + 1);
  chain_accept(text);
}

static void parse_options(int argc, char const *const *argv, char const **queue) {
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "hq:", &options)) >= 0;) switch (option) {
    case 'q': *queue = options.arg; break;
    case 'h': strerr_dieusage(0, USAGE);
    default: strerr_dieusage(100, USAGE);
    }
  if (options.ind < argc) strerr_dieusage(100, USAGE);
}

int main(int argc, char const *const *argv) {
  char const *queue = conf_queue();
  char name[QUEUE_NAME_SIZE + 1];
  message_t message;
  queue_draft_t draft;
  parse_options(argc, argv, &queue);
  log_session(getenv("SESSION_ID"));
  signal(SIGPIPE, SIG_IGN);
  draft.id = id = choose_id();
  take_message(&message, queue);
  take_envelope(&draft.envelope);
  if (message.fd) alarm(0);
  take_edits(&draft, (uint64_t)message.status.st_size);
  draft.facts = take_facts();
  if (queue_commit(queue, message.fd, &message.status, &draft, name) < 0)
    fail(failure_of(errno), "commit the message", errno);
  queue_trigger(queue, name);
  accept_entry();
}
