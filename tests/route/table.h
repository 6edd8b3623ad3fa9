/* Tables for the tests of routes: compiled into a file in memory, or written record by record. */
#ifndef TESTS_ROUTE_TABLE_H
#define TESTS_ROUTE_TABLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <skalibs/cdbmake.h>

#include "route/route.h"

#define FINDINGS_MAX 8192

/* What route_compile found, as "3: text" or "3: warning: text", one per line. */
typedef struct findings {
  size_t len;
  char text[FINDINGS_MAX];
} findings_t;

static inline void note_finding(void *data, size_t line, route_severity_t severity,
                                char const *text) {
  findings_t *findings = data;
  if (findings->len >= FINDINGS_MAX) return;
  findings->len +=
      (size_t)snprintf(findings->text + findings->len, FINDINGS_MAX - findings->len, "%zu: %s%s\n",
                       line, severity == ROUTE_ERROR ? "" : "warning: ", text);
}

/* Accounts: alice and bob are people, list is not, root is root. */
static inline int some_accounts(char const *name, route_each_account_f *each, void *data) {
  static route_account_t const accounts[] = {
      {"alice", 1000, 1000, true, "/home/alice", 2, {1000, 27}},
      {"bob", 1001, 100, true, "/home/bob", 0, {0}},
      {"list", 38, 38, false, "/var/list", 1, {38}},
      {"root", 0, 0, false, "/root", 1, {0}},
  };
  int result = 0;
  for (size_t i = 0; !result && i < sizeof accounts / sizeof *accounts; i++)
    if (name ? !strcmp(name, accounts[i].name) : accounts[i].uid >= 1000)
      result = each(data, accounts + i);
  return result;
}

static inline int memory_file(void) {
  int fd = memfd_create("routes", MFD_CLOEXEC);
  if (fd < 0) abort();
  return fd;
}

static inline int table_open_fd(route_table_t *table, int fd) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return route_open(table, path);
}

/* Compiles a text that is expected to be sound. */
static inline void table_compile(route_table_t *table, char const *text) {
  findings_t findings = {0};
  int fd = memory_file();
  if (route_compile(text, strlen(text), fd, some_accounts, note_finding, &findings) != 0 ||
      table_open_fd(table, fd) < 0) {
    fprintf(stderr, "%s", findings.text);
    abort();
  }
  close(fd);
}

/* A cdb of any records: keys and values with their lengths. */
typedef struct record {
  char const *key;
  char const *value;
  size_t value_len;
} record_t;

#define RECORD(key, value)                                                                         \
  { (key), (value), sizeof(value) - 1 }
#define VERSION_RECORD RECORD("#", "chainmail routes 1")

static inline int table_write(record_t const *records, size_t count) {
  cdbmaker maker;
  int fd = memory_file();
  if (!cdbmake_start(&maker, fd)) abort();
  for (size_t i = 0; i < count; i++)
    if (!cdbmake_add(&maker, records[i].key, (unsigned int)strlen(records[i].key), records[i].value,
                     (unsigned int)records[i].value_len))
      abort();
  if (!cdbmake_finish(&maker)) abort();
  return fd;
}

/* The targets of an address, as "maildir /path (address)", one per line; or the status. */
typedef struct targets {
  size_t count;
  size_t len;
  char text[4096];
} targets_t;

static inline void note_target(void *data, route_target_t const *target) {
  targets_t *targets = data;
  targets->count++;
  if (targets->len >= sizeof targets->text) return;
  targets->len += (size_t)snprintf(targets->text + targets->len,
                                   sizeof targets->text - targets->len, "%s%s %s (%s)%s%s%s%s",
                                   targets->len ? "\n" : "", route_kinds[target->channel].word,
                                   target->argument, target->address, *target->user ? " as " : "",
                                   target->user, *target->quota ? ", " : "", target->quota);
}

static char const *const status_names[] = {[ROUTE_FOUND] = "found",
                                           [ROUTE_NO_DOMAIN] = "no domain",
                                           [ROUTE_NO_USER] = "no user",
                                           [ROUTE_BROKEN] = "broken"};

static inline char const *resolve(route_table_t const *table, char const *address,
                                  targets_t *targets) {
  *targets = (targets_t){0};
  route_status_t status = route_resolve(table, address, strlen(address), note_target, targets);
  return status == ROUTE_FOUND ? targets->text : status_names[status];
}

static inline char const *check(route_table_t const *table, char const *address) {
  return status_names[route_check(table, address, strlen(address))];
}

#endif
