#include <string.h>
#include <strings.h>

#include "spf/record.h"

#define LINE_MAX   500 /* bytes of a finding */
#define LENGTH_MAX 450 /* of a record: with its name and header it fits into 512 (3.4) */
#define WIDE4      16  /* shorter prefixes let in more than anyone has servers */
#define WIDE6      32

/* A record that is looked through, and the one that led to it. */
typedef struct place {
  struct place const *from;
  char const *domain;
} place_t;

typedef struct walk {
  spf_lint_t *lint;
  dns_resolver_t *resolver;
  spf_finding_f *each;
  void *data;
  place_t const *place;
  bool is_over; /* more lookups than are allowed: nothing is followed any more */
} walk_t;

/* What has been seen of one record. */
typedef struct seen {
  bool all, redirect;
} seen_t;

static void find(walk_t *walk, spf_severity_t severity, char const *const *strings) {
  char line[LINE_MAX];
  spf_text_t text = spf_text(line, sizeof line);
  spf_text_join(&text, strings);
  walk->lint->findings[severity]++;
  walk->each(walk->data, severity, walk->place->domain, line);
}

typedef struct shown {
  char s[SPF_TERM_MAX + 1];
} shown_t;

static shown_t show(spf_term_t const *term) {
  shown_t shown = {.s = ""};
  spf_text_t text = spf_text(shown.s, sizeof shown.s);
  spf_text_put(&text, term->text.s, term->text.len);
  return shown;
}

/* Without a client there is no value. */
static bool no_value(void *data, char letter, spf_string_t *value) {
  (void)data;
  (void)letter;
  (void)value;
  return false;
}

/* The name a term is about, if that does not depend on the client. */
static bool target_of(walk_t *walk, char name[DNS_NAME_MAX + 1], spf_term_t const *term) {
  if (!term->domain.len) {
    strcpy(name, walk->place->domain);
    return true;
  }
  if (spf_domain_expand(name, term->domain, no_value, NULL)) return true;
  find(walk, SPF_NOTE, SPF_STRINGS(show(term).s, " depends on the client; it is not followed"));
  return false;
}

static void count_lookup(walk_t *walk) {
  if (++walk->lint->lookups != SPF_LOOKUPS_MAX + 1) return;
  walk->is_over = true;
  find(walk, SPF_ERROR,
       SPF_STRINGS("more than 10 terms ask the DNS, those of included records among them"));
}

static void count_void(walk_t *walk, char const *name, char const *what) {
  find(walk, SPF_WARNING, SPF_STRINGS(name, " has no ", what));
  if (++walk->lint->voids == SPF_VOIDS_MAX + 1)
    find(walk, SPF_ERROR, SPF_STRINGS("more than 2 lookups find nothing"));
}

/* True if there is trouble, which is told. */
static bool is_trouble(walk_t *walk, dns_answer_t const *answer, char const *name) {
  if (answer->status != DNS_TROUBLE) return false;
  find(walk, SPF_ERROR, SPF_STRINGS("no answer about ", name));
  return true;
}

/* ---- one kind of term after the other ------------------------------------------------------ */

static void lint_addresses(walk_t *walk, char const *name) {
  dns_prefetch(walk->resolver, name, DNS_AAAA);
  dns_answer_t const *v4 = dns_get(walk->resolver, name, DNS_A);
  dns_answer_t const *v6 = dns_get(walk->resolver, name, DNS_AAAA);
  if (is_trouble(walk, v4, name) || is_trouble(walk, v6, name)) return;
  if (!v4->count && !v6->count) count_void(walk, name, "address");
}

static void lint_exists(walk_t *walk, char const *name) {
  dns_answer_t const *answer = dns_get(walk->resolver, name, DNS_A);
  if (!is_trouble(walk, answer, name) && !answer->count) count_void(walk, name, "A record");
}

static void lint_exchanges(walk_t *walk, char const *name) {
  dns_answer_t const *answer = dns_get(walk->resolver, name, DNS_MX);
  if (is_trouble(walk, answer, name)) return;
  if (answer->count > SPF_NAMES_MAX)
    find(walk, SPF_ERROR, SPF_STRINGS(name, " has more than 10 MX records"));
  else if (!answer->count)
    count_void(walk, name, "MX record");
  for (size_t i = 0; i < answer->count && i < SPF_NAMES_MAX; i++)
    if (*answer->records[i].data) lint_addresses(walk, answer->records[i].data);
}

static void lint_explanation(walk_t *walk, char const *name) {
  dns_answer_t const *answer = dns_get(walk->resolver, name, DNS_TXT);
  if (is_trouble(walk, answer, name)) return;
  if (answer->count != 1) {
    find(walk, SPF_WARNING, SPF_STRINGS(name, " is not one TXT record: there is no explanation"));
    return;
  }
  spf_string_t text = {.s = answer->records->data, .len = answer->records->len};
  if (!spf_macro_string_valid(text, SPF_PLACE_EXPLANATION))
    find(walk, SPF_WARNING, SPF_STRINGS("the explanation at ", name, " is malformed"));
}

static void lint_network(walk_t *walk, spf_term_t const *term) {
  unsigned int wide = term->kind == SPF_IP4 ? WIDE4 : WIDE6;
  unsigned int octet = term->bits / 8, last = ip46_is6(&term->ip) ? 16 : 4;
  bool has_rest = false;
  for (unsigned int i = octet; i < last; i++) {
    unsigned int mask = i == octet ? 0xffu >> term->bits % 8 : 0xffu;
    if ((uint8_t)term->ip.ip[i] & mask) has_rest = true;
  }
  if (has_rest) find(walk, SPF_WARNING, SPF_STRINGS(show(term).s, " has bits behind its prefix"));
  if (term->bits < wide)
    find(walk, SPF_WARNING, SPF_STRINGS(show(term).s, " is a very large network"));
}

static void lint_record(walk_t *walk, char const *domain);

static bool is_loop(place_t const *place, char const *name) {
  for (; place; place = place->from)
    if (strcasecmp(place->domain, name) == 0) return true;
  return false;
}

static void lint_followed(walk_t *walk, spf_term_t const *term, char const *name) {
  if (walk->is_over) return;
  if (term->kind == SPF_A) lint_addresses(walk, name);
  if (term->kind == SPF_EXISTS) lint_exists(walk, name);
  if (term->kind == SPF_MX) lint_exchanges(walk, name);
  if (term->kind == SPF_EXP) lint_explanation(walk, name);
  if (term->kind != SPF_INCLUDE && term->kind != SPF_REDIRECT) return;
  if (is_loop(walk->place, name))
    find(walk, SPF_ERROR, SPF_STRINGS(show(term).s, " leads back to where it came from"));
  else
    lint_record(walk, name);
}

static void lint_all(walk_t *walk, spf_term_t const *term) {
  if (walk->place->from) return;
  if (term->result == SPF_PASS) find(walk, SPF_WARNING, SPF_STRINGS("+all lets everybody pass"));
  if (term->result == SPF_NEUTRAL)
    find(walk, SPF_NOTE, SPF_STRINGS("?all says nothing of all others"));
}

static bool asks(spf_kind_t kind) {
  return kind == SPF_INCLUDE || kind == SPF_A || kind == SPF_MX || kind == SPF_PTR ||
         kind == SPF_EXISTS || kind == SPF_REDIRECT;
}

static void lint_term(walk_t *walk, spf_term_t const *term) {
  char name[DNS_NAME_MAX + 1];
  if (asks(term->kind)) count_lookup(walk);
  if (term->kind == SPF_ALL) lint_all(walk, term);
  if (term->kind == SPF_IP4 || term->kind == SPF_IP6) lint_network(walk, term);
  if (term->kind == SPF_PTR)
    find(walk, SPF_WARNING, SPF_STRINGS(show(term).s, " is slow, and should not be used (5.5)"));
  if (term->kind == SPF_OTHER_MODIFIER)
    find(walk, SPF_NOTE, SPF_STRINGS(show(term).s, " is a modifier that no RFC knows"));
  bool is_followed = (asks(term->kind) && term->kind != SPF_PTR) || term->kind == SPF_EXP;
  if (is_followed && target_of(walk, name, term)) lint_followed(walk, term, name);
}

/* ---- a whole record ------------------------------------------------------------------------ */

/* False if a term of this kind has no place, or no effect, after what was seen. */
static bool has_effect(walk_t *walk, spf_term_t const *term, seen_t *seen) {
  bool is_directive = term->kind < SPF_MECHANISMS;
  if (seen->all && (is_directive || term->kind == SPF_REDIRECT)) {
    find(walk, SPF_WARNING, SPF_STRINGS(show(term).s, " is never reached: all is before it"));
    return false;
  }
  if (term->kind == SPF_ALL) seen->all = true;
  if (term->kind == SPF_REDIRECT) seen->redirect = true;
  return true;
}

/* A syntax error hides all else. */
static bool is_well_formed(walk_t *walk, spf_string_t terms) {
  spf_term_t term;
  char const *problem;
  unsigned int redirects = 0, explanations = 0;
  int result;
  while ((result = spf_term_next(&term, &terms, &problem)) > 0) {
    redirects += term.kind == SPF_REDIRECT;
    explanations += term.kind == SPF_EXP;
  }
  if (result < 0) find(walk, SPF_ERROR, SPF_STRINGS(show(&term).s, ": ", problem));
  if (redirects > 1) find(walk, SPF_ERROR, SPF_STRINGS("redirect= is there twice"));
  if (explanations > 1) find(walk, SPF_ERROR, SPF_STRINGS("exp= is there twice"));
  return result == 0 && redirects <= 1 && explanations <= 1;
}

static bool has_all(spf_string_t terms) {
  spf_term_t term;
  char const *problem;
  while (spf_term_next(&term, &terms, &problem) > 0)
    if (term.kind == SPF_ALL) return true;
  return false;
}

/* Directives first, then the modifiers, wherever they stand: the order of evaluation. */
static void lint_terms(walk_t *walk, spf_string_t terms) {
  spf_term_t term;
  char const *problem;
  seen_t seen = {.all = false};
  for (unsigned int round = 0; round < 2; round++)
    for (spf_string_t rest = terms; spf_term_next(&term, &rest, &problem) > 0;) {
      bool is_modifier = term.kind >= SPF_MECHANISMS;
      if (is_modifier == (round == 1) && has_effect(walk, &term, &seen)) lint_term(walk, &term);
    }
  if (!walk->place->from && !has_all(terms) && !seen.redirect)
    find(walk, SPF_WARNING,
         SPF_STRINGS("neither all nor redirect= at its end: all others are neutral"));
}

/* Finds the record at hand, or tells why there is none. */
static bool find_record(walk_t *walk, spf_string_t *terms) {
  char const *domain = walk->place->domain;
  dns_answer_t const *answer = dns_get(walk->resolver, domain, DNS_TXT);
  if (is_trouble(walk, answer, domain)) return false;
  unsigned int found = spf_record_select(terms, answer);
  if (found == 0) find(walk, SPF_ERROR, SPF_STRINGS("there is no SPF record"));
  if (found > 1) find(walk, SPF_ERROR, SPF_STRINGS("there are several SPF records"));
  return found == 1;
}

static void lint_here(walk_t *walk) {
  spf_string_t terms;
  if (!find_record(walk, &terms)) return;
  walk->lint->found = true;
  if (terms.len > LENGTH_MAX)
    find(walk, SPF_WARNING,
         SPF_STRINGS("the record is longer than 450 bytes: it may not fit into one packet"));
  if (is_well_formed(walk, terms)) lint_terms(walk, terms);
}

static void lint_record(walk_t *walk, char const *domain) {
  place_t const place = {.from = walk->place, .domain = domain};
  walk->place = &place;
  lint_here(walk);
  walk->place = place.from;
}

void spf_lint(spf_lint_t *lint, dns_resolver_t *resolver, char const *domain, spf_finding_f *each,
              void *data) {
  place_t const place = {.domain = domain};
  walk_t walk = {.lint = lint, .resolver = resolver, .each = each, .data = data};
  char ascii[DNS_NAME_MAX + 1];
  *lint = (spf_lint_t){.found = false};
  if (dns_name_to_ascii(ascii, domain, strlen(domain)) == 0) {
    lint_record(&walk, ascii);
    return;
  }
  walk.place = &place;
  find(&walk, SPF_ERROR, SPF_STRINGS("this is not a name"));
}

char const *spf_severity_name(spf_severity_t severity) {
  static char const *const names[] = {
      [SPF_NOTE] = "note", [SPF_WARNING] = "warning", [SPF_ERROR] = "error"};
  return names[severity];
}
