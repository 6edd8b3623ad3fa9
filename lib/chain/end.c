#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/types.h>

#include "chain/chain.h"

/* Appends text as one line: a text may repeat what a stranger said (an SPF explanation), and a line
   feed in it would begin another record, a fact perhaps. */
static size_t append_line(char *out, char const *text) {
  size_t len = strnlen(text, CHAIN_TEXT_MAX);
  for (size_t i = 0; i < len; i++)
    out[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
  return len;
}

/* Writes one record in one write: "550 5.7.1 text" behind its head, and the NUL that ends it. */
static void write_record(int fd, char const *head, unsigned int code, char const *enhanced,
                         char const *text) {
  char record[UINT64_FMT + 32 + CHAIN_TEXT_MAX];
  size_t len = strlen(head);
  memcpy(record, head, len);
  if (code) {
    len += uint_fmt(record + len, code);
    record[len++] = ' ';
  }
  if (enhanced && *enhanced) {
    size_t n = strnlen(enhanced, 11);
    memcpy(record + len, enhanced, n);
    len += n;
    record[len++] = ' ';
  }
  len += append_line(record + len, text);
  record[len++] = 0;
  signal(SIGPIPE, SIG_IGN);
  allwrite(fd, record, len);
}

_Noreturn void chain_accept(char const *text) {
  int fd = getenv("ERROR_FD") ? chain_verdict_fd() : -1; /* netqmail's callers know no K */
  if (fd >= 0) write_record(fd, "K", 0, NULL, text);
  _exit(0);
}

_Noreturn void chain_end(chain_kind_t kind, unsigned int code, char const *enhanced,
                         char const *text) {
  char const head[] = {(char)kind, 0};
  if (kind == CHAIN_ACCEPT) chain_accept(text);
  int fd = chain_verdict_fd();
  if (fd < 0) _exit(kind == CHAIN_REJECT ? CHAIN_EXIT_REFUSED : CHAIN_EXIT_DEFERRED);
  write_record(fd, head, code, enhanced, text);
  _exit(CHAIN_EXIT_TEXT);
}

_Noreturn void chain_reject(unsigned int code, char const *enhanced, char const *text) {
  chain_end(CHAIN_REJECT, code, enhanced, text);
}

_Noreturn void chain_defer(unsigned int code, char const *enhanced, char const *text) {
  chain_end(CHAIN_DEFER, code, enhanced, text);
}

void chain_recipient(size_t index, chain_kind_t kind, char const *text) {
  int fd = chain_verdict_fd();
  if (fd < 0) return;
  char head[UINT64_FMT + 4] = "R";
  size_t len = 1;
  len += size_fmt(head + len, index);
  head[len++] = ' ';
  head[len++] = (char)kind;
  head[len] = 0;
  write_record(fd, head, 0, NULL, text);
}
