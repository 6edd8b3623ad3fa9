/* The grammar of a record (RFC 7208 sections 4.6.1 and 12): bytes in, terms out. */
#ifndef CHAINMAIL_SPF_RECORD_H
#define CHAINMAIL_SPF_RECORD_H

#include "spf/spf.h"
#include "spf/text.h"

typedef enum spf_kind {
  SPF_ALL,
  SPF_INCLUDE,
  SPF_A,
  SPF_MX,
  SPF_PTR,
  SPF_IP4,
  SPF_IP6,
  SPF_EXISTS,
  SPF_MECHANISMS,
  SPF_REDIRECT = SPF_MECHANISMS,
  SPF_EXP,
  SPF_OTHER_MODIFIER,
  SPF_KINDS
} spf_kind_t;

typedef struct spf_term {
  spf_kind_t kind;
  spf_result_t result; /* of a directive that matches, by its qualifier */
  spf_string_t text;   /* without the qualifier */
  spf_string_t domain; /* domain-spec, or a modifier's macro-string; len 0: there is none */
  ip46 ip;             /* ip4, ip6 */
  unsigned int bits;   /* of the prefix that is compared: ip4, ip6; for a and mx, IPv4's */
  unsigned int bits6;  /* a, mx: IPv6's */
} spf_term_t;

/* True if a TXT record is an SPF record (4.5); *terms is then what follows its version. */
bool spf_record_begins(spf_string_t *terms, char const *text, size_t len);

/* Finds the SPF records among TXT records. How many there are: 0, 1, 2 for several. */
unsigned int spf_record_select(spf_string_t *terms, dns_answer_t const *answer);

/* Steps through terms. 1, or 0 at the end, or -1: the term is malformed (its text is set), and
 *problem says why. */
int spf_term_next(spf_term_t *term, spf_string_t *terms, char const **problem);

/* ---- macros (section 7) -------------------------------------------------------------------- */

/* A piece of a macro-string. */
typedef struct spf_macro {
  char letter;             /* of "%{...}", in lower case; 0: text stands for itself */
  bool is_expand;          /* it began with a percent sign */
  bool is_escaped;         /* the letter was in upper case: URL-escaped */
  bool is_reversed;        /* "r" */
  unsigned int parts;      /* that are kept, from the right; 0: all */
  spf_string_t delimiters; /* len 0: "." */
  spf_string_t text;
} spf_macro_t;

/* Where a macro-string stands: letters and spaces that may be in it depend on that (7.1, 7.2). */
typedef enum spf_place {
  SPF_PLACE_DOMAIN,      /* a domain-spec */
  SPF_PLACE_MODIFIER,    /* an unknown modifier's value */
  SPF_PLACE_EXPLANATION, /* the text that exp= leads to (6.2) */
} spf_place_t;

bool spf_macro_string_valid(spf_string_t string, spf_place_t place);

/* domain-spec: a macro-string that ends in a macro or in a top label behind a dot. */
bool spf_domain_spec_valid(spf_string_t spec);

/* The value of a macro's letter. False: there is none, the term cannot match. */
typedef bool spf_value_f(void *data, char letter, spf_string_t *value);

/* Appends the expansion of a valid macro-string to out. */
bool spf_macro_expand(spf_text_t *out, spf_string_t string, spf_place_t place, spf_value_f *value,
                      void *data);

/* Expands a valid domain-spec to a name that can be asked: without its final dot, labels dropped
   from the left until 253 characters are left (7.3). False: no such name. */
bool spf_domain_expand(char name[DNS_NAME_MAX + 1], spf_string_t spec, spf_value_f *value,
                       void *data);

#endif
