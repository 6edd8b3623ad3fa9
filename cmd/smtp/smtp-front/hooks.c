#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

typedef struct hook_entry {
  char const *name;
  reply_name_t reject, defer;
} hook_entry_t;

static hook_entry_t const hooks[HOOK_COUNT] = {
    [HOOK_CONNECT] = {"connect", REPLY_CONNECT_REJECT, REPLY_CONNECT_DEFER},
    [HOOK_HELO] = {"helo", REPLY_HELO_REJECT, REPLY_HELO_DEFER},
    [HOOK_AUTH] = {"auth", REPLY_AUTH_REJECT, REPLY_AUTH_DEFER},
    [HOOK_MAIL] = {"mail", REPLY_MAIL_REJECT, REPLY_MAIL_DEFER},
    [HOOK_RCPT] = {"rcpt", REPLY_RCPT_REJECT, REPLY_RCPT_DEFER},
    [HOOK_DATA] = {"data", REPLY_DATA_REJECT, REPLY_DATA_DEFER},
    [HOOK_VRFY] = {"vrfy", REPLY_VRFY_REJECT, REPLY_VRFY_DEFER},
    [HOOK_UNKNOWN] = {"unknown", REPLY_UNKNOWN_REJECT, REPLY_UNKNOWN_DEFER},
    [HOOK_DISCONNECT] = {"disconnect", REPLY_NONE, REPLY_NONE},
};

static char const *folder;
static bool present[HOOK_COUNT];

static void note_entry(int directory, char const *name) {
  for (size_t i = 0; i < HOOK_COUNT; i++)
    if (!strcmp(hooks[i].name, name)) present[i] = !faccessat(directory, name, X_OK, 0);
}

int hooks_init(char const *path) {
  DIR *directory = opendir(path);
  if (!directory) return -1;
  folder = path;
  errno = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    note_entry(dirfd(directory), entry->d_name);
    errno = 0;
  }
  int error = errno;
  closedir(directory);
  return error ? errno = error, -1 : 0;
}

static int open_null(void) {
  static int fd = -1;
  if (fd < 0) fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  return fd;
}

/* Facts of connect, helo and auth hold for the session, others for the transaction: those of a hook
   that is asked outside of one (vrfy, unknown) are not the next one's. */
static void keep_facts(session_t *session, hook_t hook, chain_reader_t const *reader) {
  bool lasting = hook == HOOK_CONNECT || hook == HOOK_HELO || hook == HOOK_AUTH;
  if (!lasting && !session->transaction.begun) return;
  facts_t *facts = lasting ? &session->session_facts : &session->transaction_facts;
  for (size_t at = 0; at < reader->facts_len; at += strlen(reader->facts + at) + 1) {
    char const *fact = reader->facts + at;
    if (environment_owns(fact) || facts_set(facts, fact) == 0) continue;
    log_line_t line;
    log_start(&line, PROGRAM, "fact-dropped");
    log_str(&line, "hook", hooks[hook].name);
    log_str(&line, "reason", "too many bytes of facts");
    log_send(&line);
  }
}

static int call_hook(session_t *session, hook_t hook, char const *fact, chain_reader_t *reader,
                     chain_verdict_t *verdict) {
  static char path[4096];
  size_t len = strlen(folder);
  if (len + 1 + strlen(hooks[hook].name) >= sizeof path) return errno = ENAMETOOLONG, -1;
  memcpy(path, folder, len);
  path[len] = '/';
  strcpy(path + len + 1, hooks[hook].name);
  int null = open_null();
  if (null < 0) return -1;
  char const *const argv[] = {path, NULL};
  link_call_t const call = {.path = path,
                            .argv = argv,
                            .message_fd = null,
                            .envelope_fd = null,
                            .timeout = CONF_TIMEOUT_HOOK,
                            .fact = fact};
  return link_run(session, &call, reader, verdict);
}

static void log_trouble(hook_t hook, int error) {
  log_line_t line;
  log_start(&line, PROGRAM, "hook-failed");
  log_str(&line, "hook", hooks[hook].name);
  log_errno(&line, error);
  log_send(&line);
}

hook_verdict_t hook_run(session_t *session, hook_t hook, char const *fact, reply_t *refusal) {
  static chain_reader_t reader;
  static chain_verdict_t verdict; /* the refusal's text is in it */
  if (!present[hook]) return HOOK_PASSED;
  chain_reader_init(&reader);
  if (call_hook(session, hook, fact, &reader, &verdict) < 0) {
    log_trouble(hook, errno);
    *refusal = reply_get(hooks[hook].defer, NULL);
    return HOOK_REFUSED;
  }
  if (hook != HOOK_AUTH || verdict.kind == CHAIN_ACCEPT) keep_facts(session, hook, &reader);
  if (verdict.kind == CHAIN_ACCEPT) return reader.has_accept ? HOOK_ACCEPTED : HOOK_PASSED;
  reply_name_t name = verdict.kind == CHAIN_REJECT ? hooks[hook].reject : hooks[hook].defer;
  *refusal = reply_from_verdict(&verdict, name);
  return HOOK_REFUSED;
}
