#include <string.h>

#include <skalibs/types.h>

#include "maildir/maildir.h"

#define ESCAPE_LEN 4 /* \057 */

static void escape_host(char *out, char const *host) {
  size_t len = 0;
  for (; *host && len < MAILDIR_HOST_SIZE - ESCAPE_LEN; host++) {
    if (*host == '/' || *host == ':') {
      memcpy(out + len, *host == '/' ? "\\057" : "\\072", ESCAPE_LEN);
      len += ESCAPE_LEN;
    } else {
      out[len++] = *host;
    }
  }
  out[len] = 0;
}

void maildir_writer_init(maildir_writer_t *writer, uint64_t pid, char const *host) {
  writer->pid = pid;
  writer->count = 0;
  escape_host(writer->host, host);
}

static char *put_number(char *out, char const *before, uint64_t number) {
  out = stpcpy(out, before);
  return out + uint64_fmt(out, number);
}

void maildir_name_make(char *out, maildir_writer_t *writer, uint64_t time) {
  out = put_number(out, "", time / 1000000);
  out = put_number(out, ".M", time % 1000000);
  out = put_number(out, "P", writer->pid);
  out = put_number(out, "Q", ++writer->count);
  *out++ = '.';
  stpcpy(out, writer->host);
}
