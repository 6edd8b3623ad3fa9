#include "conf/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/types.h>

conf_entry_t const conf_table[CONF_COUNT] = {
    [CONF_ME] = {"me", NULL, 0, 0, "the host's name, as it greets and signs; must be set"},
    [CONF_AUTHSERV_ID] = {"authserv-id", "", 0, 0,
                          "our name in Authentication-Results; empty: that of me"},
    [CONF_GREETING] = {"greeting", "chainmail", 0, 0, "text of the greeting after the host's name"},
    [CONF_DATABYTES] = {"databytes", "52428800", 0, UINT64_MAX,
                        "bytes of a message, 0 for no limit; DATABYTES in the environment wins"},
    [CONF_RECIPIENTS] = {"recipients", "1000", 1, 100000, "recipients of one message"},
    [CONF_BAD_COMMANDS] = {"bad-commands", "10", 1, 1000,
                           "bad commands, then the session is ended"},
    [CONF_COMMANDS] = {"commands", "100000", 1, UINT32_MAX, "commands of a session"},
    [CONF_HOPS] = {"hops", "50", 1, 1000, "Received fields in a message, more is a loop"},
    [CONF_FUTURE_RELEASE_MAX] = {"future-release-max", "2592000", 0, 999999999,
                                 "seconds that a message may ask to be held (FUTURERELEASE), 0: "
                                 "that is not offered"},
    [CONF_DELIVER_BY_MIN] = {"deliver-by-min", "0", 0, 999999999,
                             "seconds that a message to be returned when it is late must leave us "
                             "(DELIVERBY)"},
    [CONF_TIMEOUT_COMMAND] = {"timeout-command", "300", 1, 86400, "seconds to wait for a command"},
    [CONF_TIMEOUT_DATA] = {"timeout-data", "180", 1, 86400, "seconds to wait for a block of data"},
    [CONF_TIMEOUT_SESSION] = {"timeout-session", "7200", 1, 604800, "seconds of a whole session"},
    [CONF_TIMEOUT_HOOK] = {"timeout-hook", "30", 1, 3600, "seconds that a hook may take"},
    [CONF_TIMEOUT_CHAIN] = {"timeout-chain", "300", 1, 86400,
                            "seconds that the message chain may take"},
    [CONF_QUEUE_LIFETIME] = {"queue-lifetime", "432000", 60, 8640000,
                             "seconds that delivery of a message is tried"},
    /* Most failures that mend themselves do so within minutes; what lasts longer is not worth more
       than a few tries a day. */
    [CONF_RETRY_SCHEDULE] = {"retry-schedule",
                             "60 120 300 600 900 1800 2700 3600 5400 7200 10800 14400 21600 28800",
                             0, 0, "seconds after each try of a message, the last again and again"},
    [CONF_CONCURRENCY_LOCAL] = {"concurrency-local", "256", 1, 10000,
                                "deliveries into Maildirs at one time"},
    [CONF_CONCURRENCY_PIPE] = {"concurrency-pipe", "20", 1, 10000,
                               "deliveries to programs at one time"},
    [CONF_CONCURRENCY_LMTP] = {"concurrency-lmtp", "100", 1, 10000,
                               "transactions with LMTP servers at one time"},
    [CONF_CONCURRENCY_REMOTE] = {"concurrency-remote", "200", 1, 10000,
                                 "transactions with other hosts at one time"},
    [CONF_CONCURRENCY_DESTINATION] = {"concurrency-destination", "20", 1, 10000,
                                      "of those, with one and the same destination"},
    [CONF_DELAY_NOTICE] = {"delay-notice", "14400", 0, 8640000,
                           "seconds until a sender is told of a delay, 0 for never"},
    [CONF_BOUNCE_BYTES] = {"bounce-bytes", "65536", 0, UINT64_MAX,
                           "a bounce has all of a message up to this size, else its header"},
    [CONF_DOUBLE_BOUNCE] = {"double-bounce", "postmaster", 0, 0,
                            "who gets bounces that cannot be delivered; empty: nobody"},
    [CONF_BACKOFF] = {"backoff", "60", 1, 86400,
                      "seconds that a destination is left alone after its first failure; it "
                      "doubles with each"},
    [CONF_BACKOFF_MAX] = {"backoff-max", "3600", 1, 86400, "seconds, and never longer than this"},
    [CONF_TIMEOUT_HANDSHAKE] = {"timeout-handshake", "30", 1, 3600,
                                "seconds that a TLS handshake may take"},
    [CONF_AUTH_MECHANISMS] = {"auth-mechanisms", "SCRAM-SHA-256 PLAIN LOGIN", 0, 0,
                              "SASL mechanisms that are offered, blanks between"},
    [CONF_AUTH_CLEAR_TEXT] = {"auth-clear-text", "", 0, 0, "yes: passwords may travel without TLS"},
    [CONF_AUTH_ATTEMPTS] = {"auth-attempts", "3", 1, 100,
                            "failed logins of a session, then it is ended"},
    [CONF_AUTH_DELAY] = {"auth-delay", "1", 0, 60,
                         "seconds that the first failed login waits for its answer; the next one "
                         "waits twice as long"},
    [CONF_TIMEOUT_AUTH] = {"timeout-auth", "30", 1, 3600,
                           "seconds that the auth service may take for an answer"},
};

static char const *folder(char const *variable, char const *preset) {
  char const *value = getenv(variable);
  return value && *value ? value : preset;
}

char const *conf_directory(void) {
  return folder("CHAINMAIL_CONF", "/etc/chainmail");
}

char const *conf_queue(void) {
  return folder("CHAINMAIL_QUEUE", "/var/spool/chainmail");
}

char const *conf_run(void) {
  return folder("CHAINMAIL_RUN", "/run/chainmail");
}

int conf_path(char *path, size_t size, char const *name) {
  char const *directory = conf_directory();
  size_t directory_len = strlen(directory), name_len = strlen(name);
  if (directory_len + 1 + name_len + 1 > size) return errno = ENAMETOOLONG, -1;
  memcpy(path, directory, directory_len);
  path[directory_len] = '/';
  memcpy(path + directory_len + 1, name, name_len + 1);
  return 0;
}

int conf_set(conf_t *conf, conf_name_t name, char const *value) {
  conf_entry_t const *entry = &conf_table[name];
  if (entry->max) {
    uint64_t number;
    if (!uint640_scan(value, &number)) return errno = EINVAL, -1;
    if (number < entry->min || number > entry->max) return errno = ERANGE, -1;
    conf->number[name] = number;
  }
  conf->text[name] = value;
  return 0;
}

/* Values of files live as long as the process: a program loads them once. */
static char values[CONF_COUNT][CONF_VALUE_MAX];

/* Cuts s to its first line, without trailing blanks. */
static void trim(char *s, size_t len) {
  s[len] = 0;
  len = strcspn(s, "\n");
  while (len && strchr(" \t\r", s[len - 1])) len--;
  s[len] = 0;
}

static int read_value(conf_t *conf, int directory, conf_name_t name) {
  int fd = openat(directory, conf_table[name].name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t n = fd_read(fd, values[name], CONF_VALUE_MAX - 1);
  int error = errno;
  close(fd);
  if (n < 0) return errno = error, -1;
  trim(values[name], (size_t)n);
  return conf_set(conf, name, values[name]);
}

int conf_assign(conf_t *conf, char const *assignment) {
  size_t const len = strcspn(assignment, "=");
  for (conf_name_t name = 0; assignment[len] && name < CONF_COUNT; name++)
    if (!strncmp(conf_table[name].name, assignment, len) && !conf_table[name].name[len])
      return conf_set(conf, name, assignment + len + 1);
  return errno = EINVAL, -1;
}

/* Reads the file of this name if it is one of the table's. */
static int read_known(conf_t *conf, int directory, char const *file, char const **culprit) {
  for (conf_name_t name = 0; name < CONF_COUNT; name++) {
    if (strcmp(conf_table[name].name, file)) continue;
    *culprit = conf_table[name].name;
    return read_value(conf, directory, name);
  }
  return 0;
}

/* Reads every file of the folder that bears a name of the table. Not by readdir: that allocates,
   and smtp-front loads its settings once per connection. */
static int read_files(conf_t *conf, int directory, char const **culprit) {
  alignas(struct dirent64) char entries[2048];
  long n;
  while ((n = syscall(SYS_getdents64, directory, entries, sizeof entries)) > 0)
    for (long at = 0; at < n;) {
      struct dirent64 const *file = (struct dirent64 const *)(entries + at);
      if (read_known(conf, directory, file->d_name, culprit) < 0) return -1;
      at += file->d_reclen;
    }
  return n < 0 ? -1 : 0;
}

int conf_load(conf_t *conf, char const **culprit) {
  for (conf_name_t name = 0; name < CONF_COUNT; name++) {
    conf->text[name] = NULL;
    conf->number[name] = 0;
    if (conf_table[name].preset) conf_set(conf, name, conf_table[name].preset);
  }
  *culprit = conf_directory();
  int directory = open(*culprit, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return errno == ENOENT ? 0 : -1;
  int result = read_files(conf, directory, culprit);
  int error = errno;
  close(directory);
  if (result < 0) errno = error;
  return result;
}
