#include "dns/wire.h"

static dns_answer_t const bad_name = {.status = DNS_BAD_NAME};

dns_answer_t const *dns_get(dns_resolver_t *resolver, char const *name, dns_type_t type) {
  char canonical[DNS_NAME_MAX + 1];
  if (!dns_name_canonical(canonical, name)) return &bad_name;
  return resolver->get(resolver, canonical, type);
}

void dns_prefetch(dns_resolver_t *resolver, char const *name, dns_type_t type) {
  char canonical[DNS_NAME_MAX + 1];
  if (!resolver->prefetch || !dns_name_canonical(canonical, name)) return;
  resolver->prefetch(resolver, canonical, type);
}

dns_answer_t const *dns_peek(dns_resolver_t *resolver, char const *name, dns_type_t type) {
  char canonical[DNS_NAME_MAX + 1];
  if (!dns_name_canonical(canonical, name)) return &bad_name;
  return (resolver->peek ? resolver->peek : resolver->get)(resolver, canonical, type);
}
