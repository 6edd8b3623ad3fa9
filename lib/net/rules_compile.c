#include <errno.h>
#include <string.h>

#include <skalibs/cdbmake.h>
#include <skalibs/genalloc.h>
#include <skalibs/types.h>

#include "net/internal.h"

typedef struct compiler {
  cdbmaker cdb;
  bool used[2][129]; /* IPv4, IPv6: the lengths of networks that keys "address/bits" are for */
} compiler_t;

static void note_length(compiler_t *compiler, char const *key, size_t len) {
  char const *const slash = memchr(key, '/', len);
  char text[4] = "";
  unsigned int bits;
  if (!slash || memchr(key, '@', len) || *key == '=') return;
  memcpy(text, slash + 1, (size_t)(key + len - slash - 1));
  uint_scan(text, &bits);
  compiler->used[!!memchr(key, ':', len)][bits] = true;
}

static int add(void *data, char const *key, size_t key_len, char const *value, size_t value_len) {
  compiler_t *const compiler = data;
  note_length(compiler, key, key_len);
  if (!cdbmake_add(&compiler->cdb, key, (unsigned int)key_len, value, (unsigned int)value_len))
    return -1;
  return 0;
}

/* Tells look-ups which lengths to try: keys "/4" and "/6", a byte each, longest first. */
static int add_lengths(compiler_t *compiler) {
  for (unsigned int family = 0; family < 2; family++) {
    char lengths[129];
    unsigned int count = 0;
    for (unsigned int bits = 129; bits--;)
      if (compiler->used[family][bits]) lengths[count++] = (char)bits;
    if (count && !cdbmake_add(&compiler->cdb, family ? "/6" : "/4", 2, lengths, count)) return -1;
  }
  return 0;
}

static int compile(compiler_t *compiler, char const *text, size_t len, int fd,
                   net_rules_error_t *error) {
  if (!cdbmake_start(&compiler->cdb, fd)) return -1;
  if (net_rules_parse(text, len, add, compiler, error) < 0 || add_lengths(compiler) < 0) return -1;
  return cdbmake_finish(&compiler->cdb) ? 0 : -1;
}

int net_rules_compile(char const *text, size_t len, int fd, net_rules_error_t *error) {
  compiler_t compiler = {.cdb = CDBMAKER_ZERO};
  *error = (net_rules_error_t){0, NULL};
  int const result = compile(&compiler, text, len, fd, error), saved = errno;
  genalloc_free(diuint32, &compiler.cdb.hplist);
  return errno = saved, result;
}
