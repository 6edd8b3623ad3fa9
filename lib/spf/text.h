/* Bytes gathered in a buffer of fixed size. */
#ifndef CHAINMAIL_SPF_TEXT_H
#define CHAINMAIL_SPF_TEXT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct spf_string {
  char const *s;
  size_t len;
} spf_string_t;

typedef struct spf_text {
  char *s; /* always ends in a NUL, which is not of its len */
  size_t size;
  size_t len;
  bool keeps_tail; /* what is too much goes at the front, else at the end */
  bool printable;  /* other bytes become '?' */
} spf_text_t;

spf_text_t spf_text(char *s, size_t size);
void spf_text_put(spf_text_t *text, char const *s, size_t len);
void spf_text_puts(spf_text_t *text, char const *s);
/* Appends strings up to a null pointer. */
void spf_text_join(spf_text_t *text, char const *const *strings);
#define SPF_STRINGS(...) ((char const *const[]){__VA_ARGS__, NULL})
void spf_text_uint(spf_text_t *text, unsigned long long value);

/* Comparisons without regard to ASCII case. */
bool spf_string_is(spf_string_t string, char const *word);
/* name is domain, or ends in "." and domain. */
bool spf_name_is_under(char const *name, char const *domain);

#endif
