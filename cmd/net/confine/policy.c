#include "policy.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "conf/conf.h"
#include "log/log.h"

#define LENGTH(table) (sizeof(table) / sizeof *(table))

_Noreturn static void refuse(char const *where, char const *problem, char const *s) {
  strerr_dief5x(100, where, ": ", problem, ": ", s);
}

/* ---- paths ----------------------------------------------------------------------------------- */

static void *kept(void *memory) {
  if (!memory) strerr_diefu1sys(111, "get memory");
  return memory;
}

void policy_add_path(policy_t *policy, char const *path, unsigned int access) {
  confine_path_t const added = {kept(strdup(path)), access};
  if (!genalloc_append(confine_path_t, &policy->paths, &added)) strerr_diefu1sys(111, "get memory");
}

/* Where things are even if the environment does not say. */
static char const *value_of(char const *name) {
  static struct {
    char const *name;
    char const *(*value)(void);
  } const known[] = {{"CHAINMAIL_CONF", conf_directory},
                     {"CHAINMAIL_QUEUE", conf_queue},
                     {"CHAINMAIL_RUN", conf_run}};
  for (size_t i = 0; i < LENGTH(known); i++)
    if (!strcmp(known[i].name, name)) return known[i].value();
  return getenv(name);
}

/* Each folder of a variable's value, with what follows the variable. */
static void add_joined(policy_t *policy, char const *value, char const *rest, unsigned int access) {
  char path[4096];
  while (value && *value) {
    size_t const len = strcspn(value, ":");
    if (len && len + strlen(rest) < sizeof path) {
      memcpy(path, value, len);
      strcpy(path + len, rest);
      policy_add_path(policy, path, access);
    }
    value += len + (value[len] == ':');
  }
}

static void add_path_word(policy_t *policy, char const *s, unsigned int access) {
  char name[64];
  if (*s != '$') return policy_add_path(policy, s, access);
  size_t const len = strcspn(++s, "/");
  if (len >= sizeof name) return;
  memcpy(name, s, len);
  name[len] = 0;
  add_joined(policy, value_of(name), s + len, access);
}

/* ---- ports ----------------------------------------------------------------------------------- */

static void add_port(ports_t *ports, char const *s, char const *where) {
  uint16_t port;
  if (!strcmp(s, "*")) {
    ports->any = true;
    return;
  }
  if (!uint160_scan(s, &port)) refuse(where, "not a port", s);
  if (!genalloc_append(uint16_t, &ports->all, &port)) strerr_diefu1sys(111, "get memory");
}

static confine_ports_t ports_of(ports_t const *ports) {
  return (confine_ports_t){ports->any, genalloc_len(uint16_t, &ports->all),
                           genalloc_s(uint16_t, &ports->all)};
}

/* ---- limits ---------------------------------------------------------------------------------- */

static struct {
  char const *name;
  int resource;
} const limit_names[LIMITS] = {
    {"as", RLIMIT_AS},         {"core", RLIMIT_CORE},   {"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},     {"fsize", RLIMIT_FSIZE}, {"memlock", RLIMIT_MEMLOCK},
    {"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC}, {"stack", RLIMIT_STACK},
};

static size_t find_limit(char const *s, size_t len) {
  size_t i = 0;
  while (i < LIMITS && (strlen(limit_names[i].name) != len || memcmp(limit_names[i].name, s, len)))
    i++;
  return i;
}

/* Options begin with "-", and go before profiles, among which the highest number counts. */
static void add_limit(policy_t *policy, char const *s, char const *where) {
  uint64_t number;
  size_t const len = strcspn(s, "="), i = find_limit(s, len);
  if (i == LIMITS || !s[len] || !uint640_scan(s + len + 1, &number))
    refuse(where, "not a limit", s);
  limit_t *const limit = &policy->limits[i];
  bool const is_option = *where == '-';
  if (!is_option && (limit->origin == BY_OPTION ||
                     (limit->origin == BY_PROFILE && limit->number >= (rlim_t)number)))
    return;
  *limit = (limit_t){is_option ? BY_OPTION : BY_PROFILE, (rlim_t)number};
}

/* The libcs do not agree on the type of a resource. */
static int exchange_limit(int resource, struct rlimit const *to, struct rlimit *from) {
  return (int)syscall(SYS_prlimit64, 0, resource, to, from);
}

/* What is lower already stays. */
static void apply_limit(int resource, rlim_t number) {
  struct rlimit limit;
  if (exchange_limit(resource, NULL, &limit) < 0) strerr_diefu1sys(111, "ask for a limit");
  if (number < limit.rlim_max) limit.rlim_max = number;
  limit.rlim_cur = limit.rlim_max;
  if (exchange_limit(resource, &limit, NULL) < 0) strerr_diefu1sys(111, "set a limit");
}

static void apply_limits(policy_t const *policy) {
  for (size_t i = 0; i < LIMITS; i++) {
    limit_t const *const limit = &policy->limits[i];
    if (limit->origin != UNSET)
      apply_limit(limit_names[i].resource, limit->number);
    else if (limit_names[i].resource == RLIMIT_CORE)
      apply_limit(RLIMIT_CORE, 0);
  }
}

/* ---- words ----------------------------------------------------------------------------------- */

static void add_call(policy_t *policy, char const *s, char const *where) {
  confine_call_t call;
  if (confine_call_parse(&call, s, strlen(s)) < 0) refuse(where, "not a system call", s);
  if (confine_calls_add(&policy->calls, &call) < 0) refuse(where, "too many system calls", s);
}

void policy_add(policy_t *policy, confine_word_t keyword, char const *s, char const *where) {
  switch (keyword) {
  case CONFINE_PROFILE_CALLS: return add_call(policy, s, where);
  case CONFINE_PROFILE_READ: return add_path_word(policy, s, CONFINE_READ);
  case CONFINE_PROFILE_WRITE: return add_path_word(policy, s, CONFINE_READ | CONFINE_WRITE);
  case CONFINE_PROFILE_MAKE:
    return add_path_word(policy, s, CONFINE_READ | CONFINE_WRITE | CONFINE_MAKE);
  case CONFINE_PROFILE_EXEC: return add_path_word(policy, s, CONFINE_READ | CONFINE_EXECUTE);
  case CONFINE_PROFILE_BIND: return add_port(&policy->bind, s, where);
  case CONFINE_PROFILE_CONNECT: return add_port(&policy->connect, s, where);
  case CONFINE_PROFILE_LIMIT: return add_limit(policy, s, where);
  case CONFINE_PROFILE_OUTSIDE: refuse(where, "this program cannot be confined", "see confine(8)");
  default: return;
  }
}

/* ---- applying -------------------------------------------------------------------------------- */

enum { NO_CALLS = CONFINE_NO_SCOPE << 1 };

static char const *const parts[] = {"files", "ports", "scope", "calls"}; /* by bit */

static void tell_missing(unsigned int missing, bool strict, char const *program) {
  char text[32] = "";
  log_line_t line;
  for (size_t i = 0; i < LENGTH(parts); i++) {
    if (!(missing & 1U << i)) continue;
    if (*text) strcat(text, ",");
    strcat(text, parts[i]);
  }
  if (strict) strerr_dief2x(111, "this machine cannot confine a chain's ", text);
  log_start(&line, PROG, "unconfined");
  log_str(&line, "program", program);
  log_str(&line, "missing", text);
  log_send(&line);
}

/* The filter is last: what lays on the rest need not be allowed by it. */
void policy_apply(policy_t const *policy, confine_answer_t answer, bool strict,
                  char const *program) {
  confine_bounds_t const bounds = {.count = genalloc_len(confine_path_t, &policy->paths),
                                   .paths = genalloc_s(confine_path_t, &policy->paths),
                                   .bind = ports_of(&policy->bind),
                                   .connect = ports_of(&policy->connect)};
  unsigned int missing = 0;
  apply_limits(policy);
  if (confine_privileges() < 0) strerr_diefu1sys(111, "give up privileges");
  if (confine_within(&bounds, &missing) < 0) strerr_diefu1sys(111, "restrict files and ports");
  bool const filters = confine_can_filter();
  if (!filters) missing |= NO_CALLS;
  if (missing) tell_missing(missing, strict, program);
  if (filters && confine_filter(policy->calls.all, policy->calls.count, answer) < 0)
    strerr_diefu1sys(111, "filter system calls");
}
