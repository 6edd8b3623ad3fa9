#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "net/net.h"

static struct {
  char const *protocol;
  net_refusal_texts_t texts; /* NET_BUSY, NET_DENIED, NET_TROUBLE */
} const presets[] = {
    /* RFC 5321 3.1 and 3.8, RFC 3463 */
    {"smtp",
     {"421 4.7.0 too many connections, try again later", "554 5.7.1 access denied",
      "421 4.3.0 temporary trouble here, try again later"}},
    /* RFC 2449 8.1.1, RFC 3206 */
    {"pop3",
     {"-ERR [SYS/TEMP] too many connections, try again later", "-ERR [SYS/PERM] access denied",
      "-ERR [SYS/TEMP] temporary trouble here, try again later"}},
    /* RFC 3501 7.1.5, RFC 5530 */
    {"imap",
     {"* BYE [UNAVAILABLE] too many connections, try again later", "* BYE [NOPERM] access denied",
      "* BYE [UNAVAILABLE] temporary trouble here, try again later"}},
    {"none", {"", "", ""}},
};

int net_refusal_texts(net_refusal_texts_t texts, char const *protocol) {
  for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
    if (!strcmp(presets[i].protocol, protocol)) {
      memcpy(texts, presets[i].texts, sizeof presets[i].texts);
      return 0;
    }
  return errno = EINVAL, -1;
}

bool net_refusal_valid(char const *s) {
  size_t len = 0;
  for (; s[len]; len++)
    if ((unsigned char)s[len] < ' ' || s[len] == 0x7f) return false;
  return len <= NET_REFUSAL_MAX;
}

/* Reads what came in, at most so much: a socket closed with unread bytes is reset, and a reset
   makes the other side forget the text. */
static void drain(int fd) {
  char bytes[4096];
  for (unsigned int i = 0; i < 16; i++)
    if (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) <= 0) return;
}

/* A plain side of TLS may be a pipe. One that is ready takes PIPE_BUF bytes without waiting. */
static void write_pipe(int fd, struct iovec const *parts, int count) {
  struct pollfd ready = {.fd = fd, .events = POLLOUT};
  if (poll(&ready, 1, 0) != 1 || ready.revents != POLLOUT) return;
  ssize_t const r = writev(fd, parts, count);
  (void)r;
}

void net_refuse(int fd, char const *text) {
  if (!*text) return;
  struct iovec parts[] = {{.iov_base = (char *)text, .iov_len = strlen(text)},
                          {.iov_base = (char[]){'\r', '\n'}, .iov_len = 2}};
  struct msghdr const message = {.msg_iov = parts, .msg_iovlen = 2};
  if (sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == ENOTSOCK)
    write_pipe(fd, parts, 2);
  shutdown(fd, SHUT_WR);
  drain(fd);
}
