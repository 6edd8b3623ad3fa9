/* A record: its terms lie in it, one behind the other, and what they say can be used. */
#include <stdlib.h>

#include "spf/record.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static void check_term(spf_term_t const *term) {
  spf_string_t domain = term->domain;
  if (term->kind >= SPF_KINDS || !term->text.len) abort();
  if (term->kind == SPF_OTHER_MODIFIER) {
    if (!spf_macro_string_valid(domain, SPF_PLACE_MODIFIER)) abort();
  } else if (domain.len && !spf_domain_spec_valid(domain)) {
    abort();
  }
  if (domain.len && domain.s + domain.len > term->text.s + term->text.len) abort();
  if (term->kind == SPF_IP4 && (ip46_is6(&term->ip) || term->bits > 32)) abort();
  if (term->kind == SPF_IP6 && (!ip46_is6(&term->ip) || term->bits > 128)) abort();
  if ((term->kind == SPF_A || term->kind == SPF_MX) && (term->bits > 32 || term->bits6 > 128))
    abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char const *text = (char const *)data, *at;
  spf_string_t terms;
  spf_term_t term;
  char const *problem = NULL;
  int result;
  if (!size || !spf_record_begins(&terms, text, size)) return 0;
  at = terms.s;
  while ((result = spf_term_next(&term, &terms, &problem)) > 0) {
    if (term.text.s < at || terms.s != term.text.s + term.text.len) abort();
    if (terms.s + terms.len != text + size) abort();
    at = terms.s;
    check_term(&term);
  }
  if ((result < 0) != (problem != NULL) || (result == 0 && terms.len)) abort();
  return 0;
}
