/* A routes text, a NUL, an address: what compiles holds together, so that an address that is
 * accepted leads somewhere, and to absolute paths. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "route/route.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static void ignore_finding(void *data, size_t line, route_severity_t severity, char const *text) {
  (void)line;
  if (!*text) abort();
  if (severity == ROUTE_ERROR) ++*(size_t *)data;
}

static int accounts(char const *name, route_each_account_f *each, void *data) {
  static route_account_t const alice = {"alice", 1000, 1000, true, "/home/alice", 1, {1000}};
  return !name || !strcmp(name, alice.name) ? each(data, &alice) : 0;
}

static void check_target(void *data, route_target_t const *target) {
  char const *path = target->argument;
  ++*(size_t *)data;
  if (!*path) abort();
  if (*target->user && strcmp(target->user, "alice") != 0) abort();
  if (target->channel != ROUTE_MAILDIR) return;
  if (*path != '/' || strstr(path, "/../") || strstr(path, "/./") || strstr(path, "//")) abort();
}

/* The deliverer finds what queue-send has found. */
static void check_terms(void *data, route_target_t const *target) {
  route_terms_t terms;
  if (target->channel == ROUTE_FORWARD || target->channel == ROUTE_REMOTE) return;
  route_table_t const *const *table = data;
  if (route_terms_find(*table, target, &terms) != 1 || strcmp(terms.user, target->user) != 0)
    abort();
}

static void try_address(route_table_t const *table, char const *address, size_t len) {
  size_t targets = 0;
  route_status_t known = route_check(table, address, len);
  route_status_t status = route_resolve(table, address, len, check_target, &targets);
  if (known == ROUTE_NO_DOMAIN && status == ROUTE_FOUND) known = status; /* goes elsewhere */
  if (!memchr(address, 0, len)) route_resolve(table, address, len, check_terms, &table);
  if (known == ROUTE_BROKEN || status != known || !targets != (status != ROUTE_FOUND)) abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char const *text = (char const *)data;
  size_t len = strnlen(text, size), rest = len < size ? len + 1 : size, errors = 0;
  int fd = memfd_create("routes", MFD_CLOEXEC);
  if (fd < 0) abort();
  int result = route_compile(text, len, fd, accounts, ignore_finding, &errors);
  if (result < 0 || result != (errors > 0)) abort();
  if (result == 0) {
    char path[64];
    route_table_t table;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (route_open(&table, path) < 0) abort();
    try_address(&table, text + rest, size - rest);
    try_address(&table, "postmaster", sizeof "postmaster" - 1);
    route_close(&table);
  }
  close(fd);
  return 0;
}
