/* A rules text: whatever parses must compile, be taken for a table, and be looked up. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "net/net.h"

static void look_up(int fd) {
  static char const *const addresses[] = {"10.1.2.3", "2001:db8::1"};
  char path[64];
  net_rules_t rules;
  net_rule_t rule;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  net_rules_init(&rules, path);
  if (net_rules_refresh(&rules) < 0) abort();
  for (size_t i = 0; i < 2; i++) {
    ip46 ip;
    net_address_parse(&ip, addresses[i]);
    net_client_t const client = {.ip = &ip, .host = "mail.example.com", .info = "joe"};
    if (net_rules_find(&rules, &client, &rule, NULL, NULL) < 0) abort();
    for (size_t position = 0; net_rule_variable(&rule, &position);) {}
  }
  net_rules_free(&rules);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);
int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  net_rules_error_t error;
  int const fd = memfd_create("fuzz", MFD_CLOEXEC);
  if (fd < 0) abort();
  if (net_rules_compile((char const *)data, size, fd, &error) == 0) look_up(fd);
  close(fd);
  return 0;
}
