#include <errno.h>
#include <string.h>
#include <strings.h>

#include "smtp/smtp.h"
#include "text/text.h"

bool smtp_word_is(char const *s, size_t len, char const *word) {
  return len == strlen(word) && !strncasecmp(s, word, len);
}

bool smtp_list_has(char const *list, char const *word) {
  for (;; list++) {
    size_t const len = strcspn(list, ",");
    if (smtp_word_is(list, len, word)) return true;
    list += len;
    if (!*list) return false;
  }
}

static bool has_control(char const *s, size_t len) {
  while (len--) {
    if (is_control(*s) && *s != '\t') return true;
    s++;
  }
  return false;
}

int smtp_command_parse(smtp_command_t *command, char const *line, size_t len) {
  size_t verb_len = 0;
  if (has_control(line, len)) return errno = EINVAL, -1;
  while (len && is_blank(line[len - 1])) len--;
  for (; verb_len < len && !is_blank(line[verb_len]); verb_len++)
    if (!is_ascii(line[verb_len])) return errno = EINVAL, -1;
  size_t start = verb_len;
  while (start < len && is_blank(line[start])) start++;
  *command = (smtp_command_t){line, verb_len, line + start, len - start};
  return 0;
}

ssize_t smtp_path_find(char const *s, size_t len, char const *word) {
  size_t at = strlen(word);
  if (len < at || !smtp_word_is(s, at, word)) return -1;
  if (at < len && is_blank(s[at])) at++;
  return at < len && !is_blank(s[at]) ? (ssize_t)at : -1;
}
