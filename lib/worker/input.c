#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <skalibs/types.h>

#include "frame.h"
#include "worker/worker.h"

#define JOB_STRINGS    8
#define RESULT_STRINGS 3

void worker_input_init(worker_input_t *input) {
  input->start = input->len = input->fd_start = input->nfds = 0;
}

void worker_input_free(worker_input_t *input) {
  for (; input->nfds; input->nfds--) close(input->fds[input->fd_start++]);
  worker_input_init(input);
}

/* ---- reading ---- */

static void compact(worker_input_t *input) {
  memmove(input->bytes, input->bytes + input->start, input->len);
  memmove(input->fds, input->fds + input->fd_start, input->nfds * sizeof *input->fds);
  input->start = input->fd_start = 0;
}

/* Takes over what came in one control message, or closes it if there is no room. */
static int take_descriptors(worker_input_t *input, struct cmsghdr *header) {
  int fd;
  size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof fd;
  bool fits = input->nfds + count <= sizeof input->fds / sizeof *input->fds;
  for (size_t i = 0; i < count; i++) {
    memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
    if (fits)
      input->fds[input->nfds++] = fd;
    else
      close(fd);
  }
  return fits ? 0 : -1;
}

/* A stream socket gives the descriptors of one message at a time. */
static int take_control(worker_input_t *input, struct msghdr *message) {
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  int result = message->msg_flags & MSG_CTRUNC ? -1 : 0;
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
    result |= take_descriptors(input, header);
  return result;
}

static int read_once(worker_input_t *input, int socket, int flags) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(WORKER_BATCH_MAX * sizeof(int))];
  } control;
  compact(input);
  struct iovec bytes = {input->bytes + input->len, sizeof input->bytes - input->len};
  struct msghdr message = {.msg_iov = &bytes,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  ssize_t n;
  do {
    n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return -1;
  if (take_control(input, &message) < 0) return errno = EPROTO, -1;
  input->len += (size_t)n;
  return n > 0;
}

int worker_input_read(worker_input_t *input, int socket) {
  return read_once(input, socket, MSG_DONTWAIT);
}

int worker_input_wait(worker_input_t *input, int socket) {
  return read_once(input, socket, 0);
}

/* ---- parsing ---- */

/* Finds count strings that fill s exactly. */
static int split(char *s, size_t len, char const **strings, size_t count) {
  for (size_t i = 0; i < count; i++) {
    char *end = memchr(s, 0, len);
    if (!end) return -1;
    strings[i] = s;
    len -= (size_t)(end + 1 - s);
    s = end + 1;
  }
  return len ? -1 : 0;
}

/* Takes a frame of this kind and so many strings. 1, 0 or -1 as its callers. */
static int next_frame(worker_input_t *input, char const *kind, char const **strings, size_t count,
                      uint64_t *number) {
  char prefix[FRAME_PREFIX + 1];
  char *frame = input->bytes + input->start;
  uint32_t len;
  if (input->len < FRAME_PREFIX) return 0;
  memcpy(prefix, frame, FRAME_PREFIX);
  prefix[FRAME_PREFIX] = 0;
  if (!uint320_xscan(prefix, &len) || len > WORKER_FRAME_MAX - FRAME_PREFIX)
    return errno = EPROTO, -1;
  if (input->len < FRAME_PREFIX + len) return 0;
  if (split(frame + FRAME_PREFIX, len, strings, count) < 0 || strcmp(strings[0], kind) != 0 ||
      !uint640_scan(strings[1], number))
    return errno = EPROTO, -1;
  input->start += FRAME_PREFIX + len;
  input->len -= FRAME_PREFIX + len;
  return 1;
}

int worker_job_next(worker_input_t *input, worker_job_t *job) {
  char const *strings[JOB_STRINGS];
  int result = next_frame(input, "j", strings, JOB_STRINGS, &job->number);
  if (result <= 0) return result;
  if (!input->nfds) return errno = EPROTO, -1;
  input->nfds--;
  job->fd = input->fds[input->fd_start++];
  job->sender = strings[2];
  job->recipient = strings[3];
  job->argument = strings[4];
  job->id = strings[5];
  job->original = strings[6];
  job->expanded = *strings[7];
  return 1;
}

int worker_result_next(worker_input_t *input, worker_result_t *result) {
  char const *strings[RESULT_STRINGS];
  int taken = next_frame(input, "r", strings, RESULT_STRINGS, &result->number);
  if (taken <= 0) return taken;
  char const *verdict = strings[2];
  if (!*verdict || !strchr("KZD", *verdict)) return errno = EPROTO, -1;
  chain_verdict_parse(&result->verdict, (chain_kind_t)*verdict, verdict + 1, strlen(verdict + 1));
  return 1;
}
