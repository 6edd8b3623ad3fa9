#include <string.h>
#include <strings.h>

#include "mx/mx.h"
#include "net/net.h"

/* A search, from the domain to the addresses. */
typedef struct search {
  mx_list_t *list;
  mx_destination_t const *destination;
  mx_self_t const *self;
  dns_resolver_t *resolver;
  uint64_t random;
  size_t count; /* hosts in list->names, the preferred ones first */
  uint16_t preferences[MX_HOSTS_MAX];
  bool has_trouble, is_loop;
  int error; /* why we could not ask the DNS, or 0 */
} search_t;

/* ---- verdicts ---- */

typedef enum failure {
  FAILURE_DNS,
  FAILURE_NO_DOMAIN,
  FAILURE_NULL_MX,
  FAILURE_NO_HOST,
  FAILURE_LOOP
} failure_t;

static struct {
  chain_kind_t kind;
  char const *enhanced, *before, *after;
} const failures[] = {
    [FAILURE_DNS] = {CHAIN_DEFER, "4.4.3", "the DNS does not answer for ", ""},
    [FAILURE_NO_DOMAIN] = {CHAIN_REJECT, "5.1.2", "there is no domain ", ""},
    [FAILURE_NULL_MX] = {CHAIN_REJECT, "5.1.10", "", " accepts no mail (null MX)"},
    [FAILURE_NO_HOST] = {CHAIN_REJECT, "5.4.4", "no host takes mail for ", ""},
    [FAILURE_LOOP] = {CHAIN_REJECT, "5.4.6", "mail for ", " would come back to this host"}};

static mx_status_t fail(search_t const *search, failure_t failure, chain_verdict_t *verdict) {
  *verdict = (chain_verdict_t){.kind = failures[failure].kind};
  strcpy(verdict->enhanced, failures[failure].enhanced);
  char *end = stpcpy(verdict->text, failures[failure].before);
  end = stpcpy(end, search->destination->host);
  end = stpcpy(end, failures[failure].after);
  if (failure == FAILURE_DNS && search->error) strcpy(stpcpy(end, ": "), strerror(search->error));
  return MX_FAILED;
}

static void note_trouble(search_t *search, dns_answer_t const *answer) {
  if (answer->status != DNS_TROUBLE) return;
  search->has_trouble = true;
  if (answer->error) search->error = answer->error;
}

/* ---- chance ---- */

/* splitmix64: what a sender cannot foresee is seed. Below limit. */
static size_t draw(search_t *search, size_t limit) {
  search->random += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t z = search->random;
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return (size_t)((z ^ z >> 31) % limit);
}

/* ---- hosts ---- */

static bool has_host(search_t const *search, char const *name) {
  for (size_t i = 0; i < search->count; i++)
    if (strcasecmp(search->list->names[i], name) == 0) return true;
  return false;
}

/* Adds the hosts of one preference, as many as there is room for. Among the records of an answer,
   from a random one on, each has a place in front of, behind or between those that were added. */
static void add_hosts(search_t *search, dns_answer_t const *answer, uint16_t preference) {
  size_t const first = search->count, start = draw(search, answer->count);
  for (size_t i = 0; i < answer->count && search->count < MX_HOSTS_MAX; i++) {
    dns_record_t const *record = answer->records + (start + i) % answer->count;
    if (record->preference != preference || !*record->data || has_host(search, record->data))
      continue;
    size_t const place = first + draw(search, search->count - first + 1);
    memcpy(search->list->names[search->count], search->list->names[place], DNS_NAME_MAX + 1);
    strcpy(search->list->names[place], record->data);
    search->preferences[search->count++] = preference;
  }
}

/* The least preference above last (-1: the least of all), or -1: there is none. */
static int next_preference(dns_answer_t const *answer, int last) {
  int next = -1;
  for (size_t i = 0; i < answer->count; i++) {
    int const preference = answer->records[i].preference;
    if (preference > last && (next < 0 || preference < next)) next = preference;
  }
  return next;
}

static void add_host(search_t *search, char const *name) {
  strcpy(search->list->names[0], name);
  search->preferences[0] = 0;
  search->count = 1;
}

/* MX_FOUND: the hosts are known. */
static mx_status_t find_hosts(search_t *search, chain_verdict_t *verdict) {
  char const *const domain = search->destination->host;
  dns_answer_t const *answer = dns_peek(search->resolver, domain, DNS_MX);
  if (!answer) return MX_BUSY;
  note_trouble(search, answer);
  switch (answer->status) {
  case DNS_TROUBLE: return fail(search, FAILURE_DNS, verdict);
  case DNS_NO_NAME:
  case DNS_BAD_NAME: return fail(search, FAILURE_NO_DOMAIN, verdict);
  case DNS_NO_DATA: add_host(search, domain); return MX_FOUND;
  case DNS_FOUND: break;
  }
  /* One whose name has a dot within a label is left out by lib/dns: then there may be none. */
  for (int at = next_preference(answer, -1); at >= 0; at = next_preference(answer, at))
    add_hosts(search, answer, (uint16_t)at);
  if (search->count) return MX_FOUND;
  return fail(search, answer->count ? FAILURE_NULL_MX : FAILURE_NO_HOST, verdict);
}

/* ---- addresses ---- */

static bool is_our_name(mx_self_t const *self, char const *host) {
  for (size_t i = 0; i < self->names_count; i++)
    if (strcasecmp(self->names[i], host) == 0) return true;
  return false;
}

static bool is_our_address(mx_self_t const *self, ip46 const *ip) {
  return self->networks && net_list_contains(self->networks, ip) > 0;
}

/* A host's addresses. */
typedef struct host_answers {
  dns_answer_t const *family[2]; /* IPv6, IPv4 */
} host_answers_t;

/* False: an answer is still to come. */
static bool ask_host(search_t const *search, char const *host, host_answers_t *answers) {
  dns_answer_t const *const v6 = dns_peek(search->resolver, host, DNS_AAAA);
  dns_answer_t const *const v4 = dns_peek(search->resolver, host, DNS_A);
  *answers = (host_answers_t){{v6, v4}};
  return v6 && v4;
}

static bool hosts_are_known(search_t const *search) {
  host_answers_t answers;
  bool known = true;
  for (size_t i = 0; i < search->count; i++)
    known = ask_host(search, search->list->names[i], &answers) && known;
  return known;
}

static bool is_same(ip46 const *a, ip46 const *b) {
  return ip46_is6(a) == ip46_is6(b) && !memcmp(a->ip, b->ip, ip46_is6(a) ? 16 : 4);
}

static bool has_address(mx_list_t const *list, ip46 const *ip) {
  for (size_t i = 0; i < list->count; i++)
    if (is_same(&list->addresses[i].ip, ip)) return true;
  return false;
}

static bool add_address(search_t *search, char const *host, ip46 const *ip) {
  mx_list_t *const list = search->list;
  ip46 plain = *ip;
  net_address_unmap(&plain);
  if (list->count == MX_ADDRESSES_MAX || has_address(list, &plain)) return false;
  list->addresses[list->count++] = (mx_address_t){.ip = plain, .host = host};
  return true;
}

/* The families take turns, each from a random address of its own on. */
static void add_addresses(search_t *search, char const *host, host_answers_t const *answers) {
  size_t start[2] = {0, 0}, added = 0, most = 0;
  for (size_t f = 0; f < 2; f++) {
    size_t const count = answers->family[f]->count;
    if (count) start[f] = draw(search, count);
    if (count > most) most = count;
  }
  for (size_t i = 0; i < most; i++) {
    for (size_t f = 0; f < 2 && added < MX_HOST_ADDRESSES_MAX; f++) {
      dns_answer_t const *answer = answers->family[f];
      if (i >= answer->count) continue;
      added += add_address(search, host, &answer->records[(start[f] + i) % answer->count].ip);
    }
  }
}

static bool host_is_ours(search_t const *search, char const *host, host_answers_t const *answers) {
  if (is_our_name(search->self, host)) return true;
  for (size_t f = 0; f < 2; f++)
    for (size_t i = 0; i < answers->family[f]->count; i++)
      if (is_our_address(search->self, &answers->family[f]->records[i].ip)) return true;
  return false;
}

/* Hosts of our own preference, and behind it, would hand the mail back to us. */
static void drop_from_ourselves(search_t *search) {
  for (size_t i = 0; i < search->count; i++) {
    host_answers_t answers;
    ask_host(search, search->list->names[i], &answers);
    if (!host_is_ours(search, search->list->names[i], &answers)) continue;
    while (i && search->preferences[i - 1] == search->preferences[i]) i--;
    search->is_loop = i == 0;
    search->count = i;
  }
}

static void find_addresses(search_t *search) {
  uint16_t best = 0; /* of those that have an address */
  for (size_t i = 0; i < search->count; i++) {
    host_answers_t answers;
    ask_host(search, search->list->names[i], &answers);
    for (size_t f = 0; f < 2; f++) note_trouble(search, answers.family[f]);
    if (!search->list->count) best = search->preferences[i];
    add_addresses(search, search->list->names[i], &answers);
    if (search->preferences[i] == best) search->list->equal = search->list->count;
  }
}

bool mx_address_is_same(mx_address_t const *a, mx_address_t const *b) {
  return is_same(&a->ip, &b->ip) && !strcmp(a->host, b->host);
}

mx_status_t mx_find(mx_list_t *list, mx_destination_t const *destination, mx_self_t const *self,
                    dns_resolver_t *resolver, uint64_t seed, chain_verdict_t *verdict) {
  search_t search = {
      .list = list, .destination = destination, .self = self, .resolver = resolver, .random = seed};
  list->count = list->equal = 0;
  if (destination->kind == MX_ADDRESS) {
    add_address(&search, "", &destination->ip);
    list->equal = 1;
    return MX_FOUND;
  }
  if (destination->kind == MX_HOST) {
    add_host(&search, destination->host);
  } else {
    mx_status_t const status = find_hosts(&search, verdict);
    if (status != MX_FOUND) return status;
  }
  if (!hosts_are_known(&search)) return MX_BUSY;
  if (destination->kind == MX_DOMAIN) drop_from_ourselves(&search);
  find_addresses(&search);
  if (list->count) return MX_FOUND;
  if (search.is_loop) return fail(&search, FAILURE_LOOP, verdict);
  return fail(&search, search.has_trouble ? FAILURE_DNS : FAILURE_NO_HOST, verdict);
}
