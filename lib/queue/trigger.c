#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "queue/format.h"

void queue_trigger(char const *queue, char const *name) {
  char path[PATH_MAX], line[QUEUE_NAME_SIZE + 1];
  if (queue_path(path, queue, "trigger", "") < 0) return;
  int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  memcpy(line, name, QUEUE_NAME_SIZE);
  line[QUEUE_NAME_SIZE] = '\n';
  (void)!write(fd, line, sizeof line);
  close(fd);
}
