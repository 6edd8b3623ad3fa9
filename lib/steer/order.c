#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "steer/steer.h"

steer_answer_t steer_check(steer_verb_t verb, steer_subject_t const *subject) {
  queue_what_t const order = subject->order;
  if (order == QUEUE_DROPPED || (order == QUEUE_BOUNCED && verb != STEER_DROP))
    return STEER_IS_DROPPED;
  if (verb == STEER_RETRY && subject->held) return STEER_IS_HELD;
  if (verb == STEER_RETRY && subject->early) return STEER_IS_EARLY;
  if (verb == STEER_RELEASE && !subject->held) return STEER_IS_NOT_HELD;
  return STEER_DONE;
}

void steer_reason(char out[QUEUE_RECORD_MAX], steer_request_t const *request) {
  bool const told = request->verb == STEER_BOUNCE;
  snprintf(out, QUEUE_RECORD_MAX, "%s%s%.*s",
           told ? "5.7.0 removed from the queue by an administrator" : "",
           told && *request->reason ? ": " : "", STEER_REASON_MAX, request->reason);
}

int steer_lock(char const *queue) {
  char path[PATH_MAX];
  int const len = snprintf(path, sizeof path, "%s/lock", queue);
  if (len < 0 || (size_t)len >= sizeof path) return errno = ENAMETOOLONG, -1;
  int const fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  int const error = errno;
  close(fd);
  return errno = error, -1;
}

/* Without its log it would be delivered, should it come back after a power cut. A log that is left
   alone is removed by a scan. */
int steer_remove(int new_fd, int state_fd, char const *name) {
  if (unlinkat(new_fd, name, 0) < 0) return -1;
  if (fd_sync(new_fd) == 0) unlinkat(state_fd, name, 0);
  return 0;
}

static steer_answer_t drop(int new_fd, int state_fd, char const *name) {
  if (steer_remove(new_fd, state_fd, name) == 0) return STEER_DONE;
  return errno == ENOENT ? STEER_GONE : STEER_FAILED;
}

steer_answer_t steer_alone(int new_fd, int state_fd, steer_request_t const *request,
                           steer_subject_t const *subject) {
  char reason[QUEUE_RECORD_MAX];
  queue_what_t const order = steer_verbs[request->verb].order;
  steer_answer_t const answer = steer_check(request->verb, subject);
  if (answer != STEER_DONE) return answer;
  if (!order) return STEER_FAILED;
  steer_reason(reason, request);
  if (queue_order(state_fd, request->name, order, reason) < 0) return STEER_FAILED;
  return request->verb == STEER_DROP ? drop(new_fd, state_fd, request->name) : STEER_DONE;
}
