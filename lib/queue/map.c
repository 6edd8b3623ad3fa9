#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "queue/queue.h"

/* Replaces fd 0. Returns 0, or -1 with errno and *step. */
static int spool(char const *queue, char const **step) {
  struct stat status;
  char fact[QUEUE_SPOOL_FACT_SIZE];
  *step = "open a spool file";
  int fd = queue_spool_open(queue);
  if (fd < 0) return -1;
  *step = "spool the message";
  if (queue_spool_fill(fd, 0)) return -1;
  *step = "pass the spool file on";
  if (fstat(fd, &status) < 0 || lseek(fd, 0, SEEK_SET) < 0 || fd_move(0, fd) < 0) return -1;
  queue_spool_fact(fact, &status);
  *step = "set MESSAGE_FILE";
  return setenv("MESSAGE_FILE", fact, 1);
}

char const *queue_message_map(char const *queue, size_t *len, char const **step) {
  struct stat status;
  if (lseek(0, 0, SEEK_CUR) != 0 && spool(queue, step) < 0) return NULL;
  *step = "stat the message";
  if (fstat(0, &status) < 0) return NULL;
  *len = (size_t)status.st_size;
  if (!*len) return "";
  *step = "map the message";
  char const *message = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, 0, 0);
  return message == MAP_FAILED ? NULL : message;
}
