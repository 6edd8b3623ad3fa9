#include <string.h>

#include "spf/record.h"
#include "text/text.h"

#define DELIMITERS "-.+,/_="
#define PARTS_MAX  255  /* that a value is split into; no name has more */
#define VALUE_MAX  2048 /* bytes of a value that are looked at */
#define NAME_LEN   253  /* characters of a name without its final dot */

/* ---- syntax -------------------------------------------------------------------------------- */

static struct {
  char const *letters;
  char lowest; /* of the characters that stand for themselves */
} const places[] = {
    [SPF_PLACE_DOMAIN] = {"slodiphv", '!'},
    [SPF_PLACE_MODIFIER] = {"slodiphvcrt", '!'},
    [SPF_PLACE_EXPLANATION] = {"slodiphvcrt", ' '},
};

static bool is_literal(char c, spf_place_t place) {
  return c >= places[place].lowest && c < 0x7f && c != '%';
}

/* Reads "{letter digits r delimiters}" from *s on. */
static bool read_braces(spf_macro_t *macro, char const *s, char const *end, spf_place_t place) {
  if (++s == end || !is_letter(*s)) return false;
  macro->letter = to_lower(*s);
  macro->is_escaped = macro->letter != *s;
  if (!strchr(places[place].letters, macro->letter)) return false;
  char const *digits = ++s;
  for (; s < end && is_digit(*s); s++)
    if (macro->parts < VALUE_MAX) macro->parts = macro->parts * 10 + (unsigned int)(*s - '0');
  if (s > digits && macro->parts == 0) return false;
  if (s < end && to_lower(*s) == 'r') {
    macro->is_reversed = true;
    s++;
  }
  macro->delimiters.s = s;
  while (s < end && *s && strchr(DELIMITERS, *s)) s++;
  macro->delimiters.len = (size_t)(s - macro->delimiters.s);
  if (s == end || *s != '}') return false;
  macro->text.len = (size_t)(s + 1 - macro->text.s);
  return true;
}

static bool read_percent(spf_macro_t *macro, char const *s, char const *end, spf_place_t place) {
  static struct {
    char c;
    char const *text;
  } const escapes[] = {{'%', "%"}, {'_', " "}, {'-', "%20"}};
  if (++s == end) return false;
  if (*s == '{') return read_braces(macro, s, end, place);
  for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
    if (escapes[i].c == *s) {
      macro->text = (spf_string_t){.s = escapes[i].text, .len = strlen(escapes[i].text)};
      return true;
    }
  return false;
}

/* Steps through a macro-string. 1, or 0 at the end, or -1: malformed. */
static int next_macro(spf_macro_t *macro, spf_string_t *string, spf_place_t place) {
  char const *s = string->s, *end = s + string->len;
  *macro = (spf_macro_t){.text = {.s = s}};
  if (s == end) return 0;
  macro->is_expand = *s == '%';
  if (macro->is_expand) {
    if (!read_percent(macro, s, end, place)) return -1;
    s += macro->letter ? macro->text.len : 2;
  } else {
    while (s < end && is_literal(*s, place)) s++;
    macro->text.len = (size_t)(s - string->s);
    if (!macro->text.len) return -1;
  }
  *string = (spf_string_t){.s = s, .len = (size_t)(end - s)};
  return 1;
}

bool spf_macro_string_valid(spf_string_t string, spf_place_t place) {
  spf_macro_t macro;
  int result;
  while ((result = next_macro(&macro, &string, place)) > 0) continue;
  return result == 0;
}

/* "." toplabel ["."] at the end of text: letters, digits and hyphens, not all digits, no hyphen
   first or last. */
static bool ends_in_top_label(spf_string_t text) {
  char const *end = text.s + text.len;
  if (text.len && end[-1] == '.') end--;
  char const *s = end;
  bool has_other = false;
  while (s > text.s && (is_letter(s[-1]) || is_digit(s[-1]) || s[-1] == '-'))
    if (!is_digit(*--s)) has_other = true;
  return s < end && s > text.s && s[-1] == '.' && has_other && *s != '-' && end[-1] != '-';
}

bool spf_domain_spec_valid(spf_string_t spec) {
  spf_macro_t macro, last = {.text = {.len = 0}};
  int result;
  if (!spec.len) return false;
  while ((result = next_macro(&macro, &spec, SPF_PLACE_DOMAIN)) > 0) last = macro;
  return result == 0 && (last.is_expand || ends_in_top_label(last.text));
}

/* ---- expansion ----------------------------------------------------------------------------- */

static void put_escaped(spf_text_t *out, spf_string_t part) {
  static char const hex[] = "0123456789ABCDEF";
  for (size_t i = 0; i < part.len; i++) {
    char c = part.s[i];
    unsigned char byte = (unsigned char)c;
    char escape[3] = {'%', hex[byte >> 4], hex[byte & 15]};
    bool is_unreserved = is_letter(c) || is_digit(c) || (c && strchr("-._~", c));
    if (is_unreserved)
      spf_text_put(out, &c, 1);
    else
      spf_text_put(out, escape, sizeof escape);
  }
}

static void put_part(spf_text_t *out, spf_string_t part, bool is_escaped) {
  if (is_escaped)
    put_escaped(out, part);
  else
    spf_text_put(out, part.s, part.len);
}

static bool is_delimiter(spf_macro_t const *macro, char c) {
  if (!macro->delimiters.len) return c == '.';
  return memchr(macro->delimiters.s, c, macro->delimiters.len) != NULL;
}

/* Splits value; what has more than PARTS_MAX parts leaves the rest in the last. */
static size_t split(spf_string_t parts[PARTS_MAX], spf_macro_t const *macro, spf_string_t value) {
  size_t count = 0, start = 0;
  for (size_t i = 0; i < value.len; i++) {
    if (count + 1 == PARTS_MAX || !is_delimiter(macro, value.s[i])) continue;
    parts[count++] = (spf_string_t){.s = value.s + start, .len = i - start};
    start = i + 1;
  }
  parts[count++] = (spf_string_t){.s = value.s + start, .len = value.len - start};
  return count;
}

/* Splits, reverses, keeps the parts on the right, joins with dots (7.3). */
static void put_transformed(spf_text_t *out, spf_macro_t const *macro, spf_string_t value) {
  spf_string_t parts[PARTS_MAX];
  if (value.len > VALUE_MAX) value.len = VALUE_MAX;
  size_t count = split(parts, macro, value);
  size_t first = macro->parts && macro->parts < count ? count - macro->parts : 0;
  for (size_t i = first; i < count; i++) {
    if (i > first) spf_text_put(out, ".", 1);
    put_part(out, parts[macro->is_reversed ? count - 1 - i : i], macro->is_escaped);
  }
}

bool spf_macro_expand(spf_text_t *out, spf_string_t string, spf_place_t place, spf_value_f *value,
                      void *data) {
  spf_macro_t macro;
  spf_string_t text;
  int result;
  while ((result = next_macro(&macro, &string, place)) > 0) {
    if (!macro.letter) {
      spf_text_put(out, macro.text.s, macro.text.len);
      continue;
    }
    if (!value(data, macro.letter, &text)) return false;
    if (macro.parts || macro.is_reversed || macro.delimiters.len)
      put_transformed(out, &macro, text);
    else
      put_part(out, text, macro.is_escaped);
  }
  return result == 0;
}

bool spf_domain_expand(char name[DNS_NAME_MAX + 1], spf_string_t spec, spf_value_f *value,
                       void *data) {
  char buffer[4 * DNS_NAME_MAX];
  spf_text_t text = {.s = buffer, .size = sizeof buffer, .keeps_tail = true};
  if (!spf_macro_expand(&text, spec, SPF_PLACE_DOMAIN, value, data)) return false;
  if (text.len && text.s[text.len - 1] == '.') text.len--;
  char const *s = text.s, *end = text.s + text.len;
  if (text.len > NAME_LEN) {
    s = memchr(end - NAME_LEN - 1, '.', NAME_LEN + 1);
    if (!s) return false;
    s++;
  }
  if (s == end || memchr(s, 0, (size_t)(end - s))) return false;
  memcpy(name, s, (size_t)(end - s));
  name[end - s] = 0;
  return true;
}
