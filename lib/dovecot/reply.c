#include <stdbool.h>
#include <string.h>

#include "dovecot/dovecot.h"

/* A line, word by word; each ends in a NUL in the place of its tab. */
typedef struct words {
  char *next; /* NULL: there is none */
} words_t;

static char *word_next(words_t *words) {
  char *const word = words->next;
  if (!word) return NULL;
  char *const tab = strchr(word, '\t');
  if (tab) *tab = 0;
  words->next = tab ? tab + 1 : NULL;
  return word;
}

/* Undoes Dovecot's tab-escaping, in place. False: there is a NUL in it, or half an escape. */
static bool unescape(char *s) {
  char *put = s;
  for (; *s; s++) {
    if (*s != '\001') {
      *put++ = *s;
      continue;
    }
    if (!*++s || *s == '0') return false;
    *put++ = *s == '1' ? '\001' : *s == 't' ? '\t' : *s == 'r' ? '\r' : *s == 'n' ? '\n' : *s;
  }
  *put = 0;
  return true;
}

/* The value of a parameter, unescaped, or NULL if the word is another one. */
static char const *value_of(char *word, char const *name) {
  size_t const len = strlen(name);
  if (strncmp(word, name, len) || word[len] != '=') return NULL;
  return unescape(word + len + 1) ? word + len + 1 : NULL;
}

static dovecot_answer_t version(words_t *words) {
  char const *const major = word_next(words);
  return major && !strcmp(major, "1") ? DOVECOT_IGNORED : DOVECOT_BROKEN;
}

/* There is one request. */
static bool id_is_ours(words_t *words) {
  char const *const id = word_next(words);
  return id && !strcmp(id, "1");
}

/* With nologin the password is right for a proxy that the user should go to, or for nothing. */
static dovecot_answer_t right(dovecot_reply_t *reply, words_t *words) {
  dovecot_answer_t answer = DOVECOT_RIGHT;
  for (char *word; (word = word_next(words));) {
    char const *const user = value_of(word, "user"), *const reason = value_of(word, "reason");
    if (user) reply->user = user;
    if (reason) reply->reason = reason;
    if (!strcmp(word, "nologin")) answer = DOVECOT_WRONG;
  }
  if (answer == DOVECOT_RIGHT && (!reply->user || !*reply->user)) return DOVECOT_BROKEN;
  return answer;
}

/* What is the matter with the service, or with how it is asked, rather than with the user. */
static char const *const troubles[] = {"temp", "code=temp_fail", "code=auth_mech_invalid",
                                       "code=auth_mech_ssl_required"};

static bool is_trouble(char const *word) {
  for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++)
    if (!strcmp(word, troubles[i])) return true;
  return false;
}

static dovecot_answer_t wrong(dovecot_reply_t *reply, words_t *words) {
  dovecot_answer_t answer = DOVECOT_WRONG;
  for (char *word; (word = word_next(words));) {
    char const *const reason = value_of(word, "reason");
    if (reason) reply->reason = reason;
    if (is_trouble(word)) answer = DOVECOT_TEMPORARY;
  }
  return answer;
}

dovecot_answer_t dovecot_line_parse(dovecot_reply_t *reply, char *line, size_t len) {
  words_t words = {.next = line};
  *reply = (dovecot_reply_t){.user = NULL};
  if (memchr(line, 0, len)) return DOVECOT_BROKEN;
  line[len] = 0;
  char const *const command = word_next(&words);
  if (!strcmp(command, "VERSION")) return version(&words);
  if (!strcmp(command, "DONE")) return DOVECOT_READY;
  /* PLAIN has no second step: whoever goes on with it is asked no more. */
  if (!strcmp(command, "CONT")) return DOVECOT_BROKEN;
  bool const ok = !strcmp(command, "OK"), fail = !strcmp(command, "FAIL");
  if (!ok && !fail) return DOVECOT_IGNORED;
  if (!id_is_ours(&words)) return DOVECOT_BROKEN;
  return ok ? right(reply, &words) : wrong(reply, &words);
}
