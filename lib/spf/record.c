#include "spf/record.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static char const version[] = "v=spf1";

bool spf_record_begins(spf_string_t *terms, char const *text, size_t len) {
  size_t head = sizeof version - 1;
  if (len < head || strncasecmp(text, version, head) != 0) return false;
  if (len > head && text[head] != ' ') return false;
  *terms = (spf_string_t){.s = text + head, .len = len - head};
  return true;
}

unsigned int spf_record_select(spf_string_t *terms, dns_answer_t const *answer) {
  unsigned int found = 0;
  for (size_t i = 0; i < answer->count && found < 2; i++)
    if (spf_record_begins(terms, answer->records[i].data, answer->records[i].len)) found++;
  return found;
}

/* ---- what follows a mechanism's name ------------------------------------------------------- */

/* Reads digits as a prefix length: no leading zeros, at most max. */
static bool parse_bits(unsigned int *bits, char const *s, size_t len, unsigned int max) {
  if (len == 0 || len > 3 || (len > 1 && *s == '0')) return false;
  *bits = 0;
  for (size_t i = 0; i < len; i++) {
    if (s[i] < '0' || s[i] > '9') return false;
    *bits = *bits * 10 + (unsigned int)(s[i] - '0');
  }
  return *bits <= max;
}

/* How many digits text ends in, if a slash is before them; else 0. */
static size_t length_digits(spf_string_t text) {
  size_t digits = 0;
  while (digits < text.len && text.s[text.len - 1 - digits] >= '0' &&
         text.s[text.len - 1 - digits] <= '9')
    digits++;
  return digits && digits < text.len && text.s[text.len - 1 - digits] == '/' ? digits : 0;
}

/* Takes dual-cidr-length, "/24//64", from the end of text. False if it is there and wrong. */
static bool take_lengths(spf_term_t *term, spf_string_t *text) {
  size_t digits = length_digits(*text);
  if (digits && digits + 1 < text->len && text->s[text->len - digits - 2] == '/') {
    if (!parse_bits(&term->bits6, text->s + text->len - digits, digits, 128)) return false;
    text->len -= digits + 2;
    digits = length_digits(*text);
  }
  if (digits) {
    if (!parse_bits(&term->bits, text->s + text->len - digits, digits, 32)) return false;
    text->len -= digits + 1;
  }
  return true;
}

static char const bad_domain[] = "the domain is malformed";
static char const no_domain[] = "a domain is missing";
static char const bad_length[] = "the prefix length is malformed or too large";
static char const bad_address[] = "the address is malformed";
static char const no_argument[] = "nothing may follow it";

static bool take_domain(spf_term_t *term, spf_string_t rest) {
  if (!rest.len || *rest.s != ':') return false;
  term->domain = (spf_string_t){.s = rest.s + 1, .len = rest.len - 1};
  return spf_domain_spec_valid(term->domain);
}

static char const *parse_nothing(spf_term_t *term, spf_string_t rest) {
  (void)term;
  return rest.len ? no_argument : NULL;
}

static char const *parse_domain(spf_term_t *term, spf_string_t rest) {
  if (rest.len == 0) return no_domain;
  return take_domain(term, rest) ? NULL : bad_domain;
}

static char const *parse_domain_or_nothing(spf_term_t *term, spf_string_t rest) {
  return rest.len == 0 || take_domain(term, rest) ? NULL : bad_domain;
}

static char const *parse_domain_and_lengths(spf_term_t *term, spf_string_t rest) {
  term->bits = 32;
  term->bits6 = 128;
  if (!take_lengths(term, &rest)) return bad_length;
  return parse_domain_or_nothing(term, rest);
}

static char const *parse_network(spf_term_t *term, spf_string_t rest, bool is6) {
  char address[INET6_ADDRSTRLEN];
  term->bits = is6 ? 128 : 32;
  if (rest.len < 2 || *rest.s != ':') return "an address is missing";
  char const *s = rest.s + 1, *end = rest.s + rest.len;
  char const *slash = memchr(s, '/', rest.len - 1);
  if (slash && !parse_bits(&term->bits, slash + 1, (size_t)(end - slash - 1), term->bits))
    return bad_length;
  size_t len = (size_t)((slash ? slash : end) - s);
  if (len >= sizeof address) return bad_address;
  memcpy(address, s, len);
  address[len] = 0;
  char ip[16];
  if (strlen(address) != len || inet_pton(is6 ? AF_INET6 : AF_INET, address, ip) != 1)
    return bad_address;
  ip46_from_ip(&term->ip, ip, is6);
  return NULL;
}

static char const *parse_network4(spf_term_t *term, spf_string_t rest) {
  return parse_network(term, rest, false);
}

static char const *parse_network6(spf_term_t *term, spf_string_t rest) {
  return parse_network(term, rest, true);
}

/* ---- terms --------------------------------------------------------------------------------- */

static struct {
  char const *name;
  char const *(*parse)(spf_term_t *term, spf_string_t rest); /* NULL, or what is wrong */
} const mechanisms[SPF_MECHANISMS] = {
    [SPF_ALL] = {"all", parse_nothing},           [SPF_INCLUDE] = {"include", parse_domain},
    [SPF_A] = {"a", parse_domain_and_lengths},    [SPF_MX] = {"mx", parse_domain_and_lengths},
    [SPF_PTR] = {"ptr", parse_domain_or_nothing}, [SPF_IP4] = {"ip4", parse_network4},
    [SPF_IP6] = {"ip6", parse_network6},          [SPF_EXISTS] = {"exists", parse_domain},
};

static bool is_name_byte(char c, bool is_first) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return !is_first && ((c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.');
}

/* The name that text begins with: ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ). */
static spf_string_t name_of(spf_string_t text) {
  spf_string_t name = {.s = text.s};
  while (name.len < text.len && is_name_byte(name.s[name.len], name.len == 0)) name.len++;
  return name;
}

static char const *parse_modifier(spf_term_t *term, spf_string_t name) {
  bool is_redirect = spf_string_is(name, "redirect"), is_exp = spf_string_is(name, "exp");
  size_t head = name.len + 1;
  term->domain = (spf_string_t){.s = term->text.s + head, .len = term->text.len - head};
  term->kind = is_redirect ? SPF_REDIRECT : is_exp ? SPF_EXP : SPF_OTHER_MODIFIER;
  if (term->kind != SPF_OTHER_MODIFIER)
    return spf_domain_spec_valid(term->domain) ? NULL : bad_domain;
  bool is_valid = spf_macro_string_valid(term->domain, SPF_PLACE_MODIFIER);
  return is_valid ? NULL : "its macros are malformed";
}

static char const *parse_directive(spf_term_t *term) {
  static spf_result_t const results[] = {SPF_PASS, SPF_FAIL, SPF_SOFTFAIL, SPF_NEUTRAL};
  static char const qualifiers[] = "+-~?";
  char const *qualifier = *term->text.s ? strchr(qualifiers, *term->text.s) : NULL;
  if (qualifier) {
    term->text.s++;
    term->text.len--;
  }
  term->result = qualifier ? results[qualifier - qualifiers] : SPF_PASS;
  spf_string_t name = name_of(term->text);
  spf_string_t rest = {.s = name.s + name.len, .len = term->text.len - name.len};
  for (term->kind = SPF_ALL; term->kind < SPF_MECHANISMS; term->kind++)
    if (spf_string_is(name, mechanisms[term->kind].name))
      return mechanisms[term->kind].parse(term, rest);
  return "there is no such mechanism";
}

int spf_term_next(spf_term_t *term, spf_string_t *terms, char const **problem) {
  while (terms->len && *terms->s == ' ') {
    terms->s++;
    terms->len--;
  }
  if (!terms->len) return 0;
  char const *blank = memchr(terms->s, ' ', terms->len);
  *term = (spf_term_t){.text = *terms};
  if (blank) term->text.len = (size_t)(blank - terms->s);
  terms->s += term->text.len;
  terms->len -= term->text.len;
  spf_string_t name = name_of(term->text);
  bool is_modifier = name.len && name.len < term->text.len && name.s[name.len] == '=';
  *problem = is_modifier ? parse_modifier(term, name) : parse_directive(term);
  return *problem ? -1 : 1;
}
