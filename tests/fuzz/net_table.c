/* A rules file of any bytes, a foreign or torn cdb say: refused or looked up, never read beyond. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "net/net.h"

static void look_up(net_rules_t const *rules) {
  static char const *const addresses[] = {"10.1.2.3", "2001:db8::1"};
  net_rule_t rule;
  for (size_t i = 0; i < 2; i++) {
    ip46 ip;
    net_address_parse(&ip, addresses[i]);
    net_client_t const client = {.ip = &ip, .host = "mail.example.com", .info = "joe"};
    if (net_rules_find(rules, &client, &rule, NULL, NULL) < 0) continue;
    for (size_t position = 0; net_rule_variable(&rule, &position);) {}
  }
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);
int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char path[64];
  net_rules_t rules;
  int const fd = memfd_create("fuzz", MFD_CLOEXEC);
  if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  net_rules_init_private(&rules, path);
  if (net_rules_refresh(&rules) == 0) look_up(&rules);
  net_rules_free(&rules);
  close(fd);
  return 0;
}
