#include "text/text.h"

#include <string.h>

bool is_atext(char c) {
  return is_letdig(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* RFC 3629 4: the range of the second byte excludes over-long forms, surrogates and what is beyond
   U+10FFFF; that of the first row also the controls. */
static struct {
  unsigned char first_low, first_high, second_low, second_high;
  size_t length;
} const forms[] = {
    {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xc3, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

size_t utf8_length(char const *s, size_t len) {
  if (len < 2) return 0;
  unsigned char first = (unsigned char)s[0], second = (unsigned char)s[1];
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    if (first < forms[i].first_low || first > forms[i].first_high) continue;
    if (second < forms[i].second_low || second > forms[i].second_high) return 0;
    if (forms[i].length > len) return 0;
    for (size_t k = 2; k < forms[i].length; k++)
      if (!is_continuation(s[k])) return 0;
    return forms[i].length;
  }
  return 0;
}
