#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <skalibs/types.h>

#include "frame.h"
#include "worker/worker.h"

void worker_output_init(worker_output_t *output) {
  output->len = output->nfds = 0;
}

bool worker_output_pending(worker_output_t const *output) {
  return output->len > 0;
}

int worker_job_put(worker_output_t *output, worker_job_t const *job) {
  char number[UINT64_FMT];
  number[uint64_fmt(number, job->number)] = 0;
  char const *strings[] = {"j",           number,  job->sender,   job->recipient,
                           job->argument, job->id, job->original, job->expanded ? "1" : ""};
  size_t room = WORKER_BUFFER_SIZE - output->len;
  if (output->nfds == WORKER_BATCH_MAX) return errno = EAGAIN, -1;
  size_t len =
      frame_write(output->bytes + output->len, room < WORKER_FRAME_MAX ? room : WORKER_FRAME_MAX,
                  strings, sizeof strings / sizeof *strings);
  if (!len) return errno = room < WORKER_FRAME_MAX ? EAGAIN : EMSGSIZE, -1;
  output->len += len;
  output->fds[output->nfds++] = job->fd;
  return 0;
}

/* The descriptors travel with the first byte: what is left after a short write is bytes only. */
static void drop_sent(worker_output_t *output, size_t sent) {
  output->nfds = 0;
  output->len -= sent;
  memmove(output->bytes, output->bytes + sent, output->len);
}

typedef union descriptors {
  struct cmsghdr header;
  char space[CMSG_SPACE(WORKER_BATCH_MAX * sizeof(int))];
} descriptors_t;

static void attach_descriptors(struct msghdr *message, descriptors_t *control,
                               worker_output_t const *output) {
  size_t size = output->nfds * sizeof *output->fds;
  memset(control, 0, CMSG_SPACE(size));
  control->header.cmsg_level = SOL_SOCKET;
  control->header.cmsg_type = SCM_RIGHTS;
  control->header.cmsg_len = (socklen_t)CMSG_LEN(size);
  memcpy(CMSG_DATA(&control->header), output->fds, size);
  message->msg_control = control;
  message->msg_controllen = (socklen_t)CMSG_SPACE(size);
}

/* ETOOMANYREFS: this user has as many descriptors on the way as it may open. */
static int cannot_send(int error) {
  if (error == EAGAIN) return 0;
  return error == ENOBUFS || error == ENOMEM || error == ETOOMANYREFS ? 1 : -1;
}

int worker_output_send(worker_output_t *output, int socket) {
  descriptors_t control;
  struct iovec bytes = {output->bytes, output->len};
  struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
  if (output->nfds) attach_descriptors(&message, &control, output);
  ssize_t sent;
  do {
    sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return cannot_send(errno);
  drop_sent(output, (size_t)sent);
  return 0;
}
