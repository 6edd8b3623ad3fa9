#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "queue/format.h"

static int open_trigger(char const *queue) {
  char path[PATH_MAX];
  if (queue_path(path, queue, "trigger", "") < 0) return -1;
  return open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
}

/* False if nobody reads there any more. */
static bool tell(int fd, char const *name) {
  char line[QUEUE_NAME_SIZE + 1];
  memcpy(line, name, QUEUE_NAME_SIZE);
  line[QUEUE_NAME_SIZE] = '\n';
  return write(fd, line, sizeof line) >= 0 || errno != EPIPE;
}

void queue_trigger(char const *queue, char const *name) {
  static int trigger = -1;
  if (trigger >= 0) {
    if (tell(trigger, name)) return;
    close(trigger);
  }
  trigger = open_trigger(queue);
  if (trigger >= 0) tell(trigger, name);
}
