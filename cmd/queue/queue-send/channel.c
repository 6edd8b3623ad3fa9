#include "channel.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <skalibs/posixplz.h>
#include <skalibs/types.h>

#include "chain/chain.h"
#include "worker/worker.h"

#define COUNT_USUAL 2  /* workers of a channel */
#define WORDS_MAX   32 /* of a command */
#define COMMAND_MAX 4096
#define MINUTE      (60 * SECOND)

channel_t channels[ROUTE_CHANNELS];

/* What kinds of deliverers can take; the last one stands for all others. */
static struct manner {
  char const *word;
  conf_name_t concurrency;
  bool is_shared; /* a destination is others', so it has a limit of its own */
  size_t window;
  uint64_t patience;
} const manners[] = {
    {"maildir", CONF_CONCURRENCY_LOCAL, false, WORKER_BATCH_MAX, 10 * MINUTE},
    {"forward", CONF_CONCURRENCY_LOCAL, false, WORKER_BATCH_MAX, 10 * MINUTE},
    {"pipe", CONF_CONCURRENCY_PIPE, true, CHANNEL_WINDOW_MAX, 60 * MINUTE},
    {"lmtp", CONF_CONCURRENCY_LMTP, true, CHANNEL_WINDOW_MAX, 60 * MINUTE},
    {"", CONF_CONCURRENCY_REMOTE, true, CHANNEL_WINDOW_MAX, 60 * MINUTE},
};

/* ---- configuring ---- */

static channel_t *find_channel(char const *word, size_t len) {
  for (size_t i = 0; i < ROUTE_CHANNELS; i++)
    if (strlen(route_kinds[i].word) == len && !memcmp(route_kinds[i].word, word, len))
      return &channels[i];
  return NULL;
}

static bool fits_address(char const *path) {
  return strlen(path) < sizeof((struct sockaddr_un *)0)->sun_path;
}

int channel_configure(char const *option) {
  size_t len = strcspn(option, "=");
  channel_t *channel = find_channel(option, len);
  char const *value = option + len + 1;
  if (!option[len] || !channel || !*value) return -1;
  if (uint0_scan(value, &channel->count))
    return channel->count && channel->count <= CHANNEL_WORKERS_MAX ? 0 : -1;
  channel->is_service = !strncmp(value, "unix:", 5);
  channel->program = channel->is_service ? value + 5 : value;
  return channel->is_service && !fits_address(channel->program) ? -1 : 0;
}

static struct manner const *find_manner(char const *word) {
  struct manner const *manner = manners;
  while (*manner->word && strcmp(manner->word, word) != 0) manner++;
  return manner;
}

static void set_channel(channel_t *channel, route_kind_t const *kind, conf_t const *conf) {
  struct manner const *manner = find_manner(kind->word);
  channel->word = kind->word;
  if (!channel->program) channel->program = kind->deliverer;
  channel->concurrency = conf->number[manner->concurrency];
  channel->destination_limit =
      manner->is_shared ? conf->number[CONF_CONCURRENCY_DESTINATION] : SIZE_MAX;
  channel->window = manner->window;
  channel->patience = manner->patience;
  if (!channel->count) channel->count = COUNT_USUAL;
  if (channel->count > channel->concurrency) channel->count = (unsigned)channel->concurrency;
}

void channels_set(conf_t const *conf) {
  for (size_t i = 0; i < ROUTE_CHANNELS; i++) set_channel(&channels[i], &route_kinds[i], conf);
}

/* A program that queues again is the only one that reaches nothing but the queue. */
static bool stays_in_queue(channel_t const *channel) {
  return channel->is_service || !strcmp(channel->program, "deliver-forward");
}

bool channels_stay_in_queue(void) {
  for (size_t i = 0; i < ROUTE_CHANNELS; i++)
    if (!stays_in_queue(&channels[i])) return false;
  return true;
}

/* ---- connecting ---- */

/* Cuts a command at its blanks. Returns the words, which lie in space. */
static size_t split_command(char const **words, char *space, char const *command) {
  size_t count = 0;
  stpcpy(space, command);
  for (char *word = strtok(space, " "); word && count < WORDS_MAX; word = strtok(NULL, " "))
    words[count++] = word;
  words[count] = NULL;
  return count;
}

static pid_t spawn(char const *command, int socket) {
  char space[COMMAND_MAX], path[PATH_MAX];
  char const *words[WORDS_MAX + 1];
  if (strlen(command) >= sizeof space) return errno = E2BIG, -1;
  if (!split_command(words, space, command)) return errno = ENOENT, -1;
  if (chain_find(words[0], path, sizeof path) < 0) return -1;
  chain_fd_t fd = {0, socket};
  chain_spawn_t child = {
      .path = path, .argv = words, .envp = (char const *const *)environ, .fds = &fd, .nfds = 1};
  return chain_spawn(&child);
}

static int start_program(char const *command, pid_t *pid) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -1;
  *pid = spawn(command, ends[1]);
  int error = errno;
  close(ends[1]);
  if (*pid > 0) return ends[0];
  *pid = 0;
  close(ends[0]);
  return errno = error, -1;
}

static int connect_service(char const *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  stpcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (connect(fd, (struct sockaddr const *)&address, sizeof address) == 0) return fd;
  int error = errno;
  close(fd);
  return errno = error, -1;
}

int channel_connect(channel_t const *channel, pid_t *pid) {
  *pid = 0;
  return channel->is_service ? connect_service(channel->program)
                             : start_program(channel->program, pid);
}
