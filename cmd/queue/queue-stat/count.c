#include <stdlib.h>
#include <string.h>

#include <skalibs/strerr.h>

#include "stat.h"
#include "text/text.h"

static uint64_t const ages[AGES - 1] = {300, 3600, 21600, 86400, 432000};
char const *const age_words[AGES] = {"5m", "1h", "6h", "1d", "5d", "older"};

/* ---- seeing ---- */

static size_t age_of(pick_entry_t const *entry, uint64_t now) {
  uint64_t const born = chain_id_time(entry->entry.id) / TOOL_SECOND;
  uint64_t const age = now > born ? now - born : 0;
  size_t i = 0;
  while (i < AGES - 1 && age >= ages[i]) i++;
  return i;
}

static void see(counts_t *counts, char const *recipient, size_t age) {
  stralloc *seen = &counts->seen;
  char const *at = strrchr(recipient, '@');
  char const number = (char)age;
  size_t const start = seen->len + 1;
  at = at ? at + 1 : "";
  if (!stralloc_catb(seen, &number, 1) || !stralloc_catb(seen, at, strlen(at) + 1))
    strerr_diefu1sys(111, "allocate");
  for (size_t i = start; i < seen->len; i++) seen->s[i] = to_lower(seen->s[i]);
  counts->recipients++;
}

void count_entry(counts_t *counts, pick_entry_t const *entry, uint64_t now) {
  size_t position = 0, record = 0, index = 0;
  size_t const age = age_of(entry, now);
  char const *recipient;
  counts->by_age[age]++;
  counts->held += entry->held != NULL;
  counts->fresh += !entry->held && !entry->state.attempts;
  counts->deferred += !entry->held && entry->state.attempts;
  while ((recipient = queue_envelope_next(&entry->entry.envelope, &position)))
    if (pick_is_left(&entry->state, index++, &record)) see(counts, recipient, age);
}

/* ---- summing up ---- */

static int by_name(void const *a, void const *b) {
  domain_t const *left = a, *right = b;
  return strcmp(left->name, right->name);
}

static int by_recipients(void const *a, void const *b) {
  domain_t const *left = a, *right = b;
  if (left->recipients == right->recipients) return by_name(a, b);
  return left->recipients < right->recipients ? 1 : -1;
}

static void add(domain_t *to, domain_t const *from) {
  to->recipients += from->recipients;
  for (size_t i = 0; i < AGES; i++) to->by_age[i] += from->by_age[i];
}

/* One for each recipient. */
static void make_domains(counts_t *counts) {
  counts->domains = calloc(counts->recipients + 1, sizeof *counts->domains);
  if (!counts->domains) strerr_diefu1sys(111, "allocate");
  char const *s = counts->seen.s;
  for (size_t i = 0; i < counts->recipients; i++, s += strlen(s) + 1) {
    size_t const age = (size_t)*s++;
    counts->domains[i] = (domain_t){.name = s, .recipients = 1};
    counts->domains[i].by_age[age] = 1;
  }
}

void count_domains(counts_t *counts) {
  size_t kept = 0;
  make_domains(counts);
  domain_t *domains = counts->domains;
  qsort(domains, counts->recipients, sizeof *domains, by_name);
  for (size_t i = 0; i < counts->recipients; i++) {
    if (kept && !strcmp(domains[kept - 1].name, domains[i].name))
      add(&domains[kept - 1], &domains[i]);
    else
      domains[kept++] = domains[i];
  }
  counts->domain_count = kept;
  qsort(domains, kept, sizeof *domains, by_recipients);
}
