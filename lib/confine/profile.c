/* The text of a profile, and nothing of what it means. */
#include <errno.h>
#include <string.h>

#include "confine/confine.h"
#include "text/text.h"

typedef enum words { NONE, SOME } words_t;

static struct {
  char const *name;
  words_t words;
} const keywords[CONFINE_PROFILE_WORDS] = {
    [CONFINE_PROFILE_CALLS] = {"calls", SOME},     [CONFINE_PROFILE_READ] = {"read", SOME},
    [CONFINE_PROFILE_WRITE] = {"write", SOME},     [CONFINE_PROFILE_MAKE] = {"make", SOME},
    [CONFINE_PROFILE_EXEC] = {"exec", SOME},       [CONFINE_PROFILE_BIND] = {"bind", SOME},
    [CONFINE_PROFILE_CONNECT] = {"connect", SOME}, [CONFINE_PROFILE_LIMIT] = {"limit", SOME},
    [CONFINE_PROFILE_INCLUDE] = {"include", SOME}, [CONFINE_PROFILE_HOOKS] = {"hooks", SOME},
    [CONFINE_PROFILE_OUTSIDE] = {"outside", NONE},
};

typedef struct reading {
  char const *s, *end; /* what is left of the line */
  int (*take)(void *data, confine_word_t keyword, char const *s, size_t len);
  void *data;
} reading_t;

static size_t next_word(reading_t *reading, char const **word) {
  while (reading->s < reading->end && is_blank(*reading->s)) reading->s++;
  *word = reading->s;
  while (reading->s < reading->end && !is_blank(*reading->s)) reading->s++;
  return (size_t)(reading->s - *word);
}

static int find_keyword(char const *s, size_t len) {
  for (int i = 0; i < CONFINE_PROFILE_WORDS; i++)
    if (strlen(keywords[i].name) == len && !memcmp(keywords[i].name, s, len)) return i;
  return -1;
}

static int read_line(reading_t *reading) {
  char const *word;
  size_t len = next_word(reading, &word);
  if (!len || *word == '#') return 0;
  int const keyword = find_keyword(word, len);
  if (keyword < 0) return errno = EINVAL, -1;
  len = next_word(reading, &word);
  if ((keywords[keyword].words == SOME) != (len > 0)) return errno = EINVAL, -1;
  do {
    if (reading->take(reading->data, (confine_word_t)keyword, word, len) < 0) return -1;
    len = next_word(reading, &word);
  } while (len);
  return 0;
}

int confine_profile_read(char const *s, size_t len,
                         int (*take)(void *data, confine_word_t keyword, char const *s, size_t len),
                         void *data, unsigned int *line) {
  char const *const end = s + len;
  *line = 1;
  if (memchr(s, 0, len)) return errno = EINVAL, -1;
  for (char const *next; s < end; s = next, ++*line) {
    char const *const newline = memchr(s, '\n', (size_t)(end - s));
    reading_t reading = {.s = s, .end = newline ? newline : end, .take = take, .data = data};
    next = newline ? newline + 1 : end;
    if (read_line(&reading) < 0) return -1;
  }
  return 0;
}
