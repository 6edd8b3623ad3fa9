/* A routes table while it is compiled: parse.c and action.c read the text into a draft, build.c
 * writes the cdb, check.c asks that cdb whether it holds together. */
#ifndef CHAINMAIL_ROUTE_DRAFT_H
#define CHAINMAIL_ROUTE_DRAFT_H

#include <skalibs/cdbmake.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include "route/internal.h"

/* Bytes of draft_t.bytes or, of a rule's items, draft_t.items; both may move while they grow. */
typedef struct slice {
  size_t at;
  size_t len;
} slice_t;

typedef struct draft_rule {
  size_t line;
  slice_t key;
  slice_t items; /* those of the last rule are still growing */
} draft_rule_t;

typedef enum mention_kind {
  MENTION_ADDRESS,   /* an address there has a rule */
  MENTION_RULE,      /* @domain has a rule */
  MENTION_SEPARATORS /* separators ... domain */
} mention_kind_t;

/* A line that names a domain. */
typedef struct mention {
  size_t line;
  mention_kind_t kind;
  slice_t domain;     /* with its @ */
  size_t rule;        /* of MENTION_RULE: its index */
  slice_t separators; /* of MENTION_SEPARATORS */
} mention_t;

typedef enum reference_kind {
  REFERENCE_ALIAS,     /* to an address or a name, which must lead somewhere */
  REFERENCE_DOMAIN,    /* to a domain, with its @, which must be local */
  REFERENCE_SEPARATOR, /* "+@domain": the character must be a separator there */
  REFERENCE_USER       /* to an account of the system's */
} reference_kind_t;

/* What a line relies on. */
typedef struct reference {
  size_t line;
  reference_kind_t kind;
  slice_t text; /* ends in a NUL, which is not counted */
} reference_t;

typedef enum draft_state {
  DRAFT_NO_RULE,
  DRAFT_RULE,       /* the last of rules takes actions */
  DRAFT_FAULTY_RULE /* one with an error in its pattern: actions are passed over */
} draft_state_t;

typedef struct draft {
  route_report_f *report;
  void *data;
  size_t errors;
  bool failed; /* out of memory */
  route_accounts_f *accounts;
  stralloc bytes;
  stralloc items;
  genalloc rules;      /* draft_rule_t */
  genalloc mentions;   /* mention_t */
  genalloc references; /* reference_t */

  size_t line; /* at hand, from 1 */
  draft_state_t state;
  bool open_accounts;  /* a rule names its account by the address: every account may be meant */
  size_t actions;      /* of the rule at hand */
  char const *alone;   /* the word that allows of no other there, or NULL */
  slice_t base;        /* a template; of no bytes: / */
  bool has_base;       /* a line set it */
  slice_t separators;  /* of domains that have none of their own */
  bool has_separators; /* a line set them */
} draft_t;

#define draft_rules(draft)      genalloc_s(draft_rule_t, &(draft)->rules)
#define draft_mentions(draft)   genalloc_s(mention_t, &(draft)->mentions)
#define draft_references(draft) genalloc_s(reference_t, &(draft)->references)

/* draft.c */
slice_t draft_add(draft_t *draft, char const *s, size_t len); /* puts a NUL behind it */
void draft_refer(draft_t *draft, reference_kind_t kind, slice_t text);
void draft_error(draft_t *draft, size_t line, char const *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Reports how many errors have not been reported. */
void draft_end(draft_t *draft);
void draft_warn(draft_t *draft, size_t line, char const *format, ...)
    __attribute__((format(printf, 3, 4)));
void draft_free(draft_t *draft);

/* A word of a line. Quotes and backslashes are still in it. */
typedef struct word {
  char const *s;
  size_t len;
} word_t;

#define WORD_FORMAT     "%.*s"
#define WORD_ARGS(word) (int)(word)->len, (word)->s

bool word_is(word_t const *word, char const *s);

/* action.c: takes quotes off, and backslashes within them. Returns the bytes, no more than the
   word's. */
size_t word_unquote(char *out, word_t const *word);

/* term.c: true if every % in a text is followed by a letter that may stand there with the pattern
   at hand; else an error is reported. */
bool draft_letters_valid(draft_t *draft, char const *text);
bool draft_is_term(word_t const *word);
/* Adds the terms that these words are to the action at hand. allowed: letters of those it may have.
 */
void draft_terms(draft_t *draft, char const *action, char const *allowed, word_t const *words,
                 size_t count);
/* The rule at hand, and the key of its pattern. */
draft_rule_t *draft_rule(draft_t *draft);
char const *draft_key(draft_t *draft);

/* parse.c */
void draft_parse(draft_t *draft, char const *text, size_t len);
/* An address; false, and an error is reported, if it is none. */
bool draft_path(draft_t *draft, word_t const *word, smtp_path_t *path);
/* The same in its canonical form. */
bool draft_address(draft_t *draft, word_t const *word, route_address_t *address);
/* The same for a name: an address without an @. */
bool draft_name(draft_t *draft, word_t const *word, route_address_t *address);
/* The same for a domain, its @ included in address but not in word. */
bool draft_domain(draft_t *draft, word_t const *word, route_address_t *address);

/* action.c */
/* Adds the action that these words are to the rule at hand. */
void draft_action(draft_t *draft, word_t const *words, size_t count);
void draft_base(draft_t *draft, word_t const *words, size_t count);

/* account.c: adds the accounts that the rules name, and all where any may be meant. */
bool draft_add_accounts(draft_t *draft, cdbmaker *maker);

/* build.c: writes the cdb; reports what is there twice. 0, or -1 with errno. */
int draft_build(draft_t *draft, int fd);

/* check.c: reports what does not hold together in the cdb that draft_build wrote. */
void draft_check(draft_t *draft, route_table_t const *table);

#endif
