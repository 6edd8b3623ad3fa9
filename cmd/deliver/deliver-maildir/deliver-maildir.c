/* deliver-maildir: see deliver-maildir(8). */

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "../../shared/option.h"
#include "../shared/descriptors.h"
#include "batch.h"
#include "confine/confine.h"
#include "delivery.h"

char const *PROG = "deliver-maildir";

#define USAGE "deliver-maildir [-d root] [-u umask] [-q quota] [-R routes.cdb] [-efp]"
/* Entries that came and those of the batch, its files, Maildirs, and some more. */
#define FDS_MAX (4 * WORKER_BATCH_MAX + MAILBOXES_MAX + 16)

static void set_quota(char const *s) {
  static maildir_usage_t every;
  if (maildir_quota_read(&every, s) < 0) strerr_dief2x(100, "not a quota: ", s);
  mailbox_settings.quota = &every;
}

static void prepare_socket(void) {
  struct timeval const second = {1, 0};
  if (setsockopt(0, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second) < 0)
    strerr_diefu1sys(111, "use descriptor 0 as a socket");
}

/* Returns the routes, or NULL. */
static char const *parse_options(int argc, char const *const *argv) {
  char const *root = NULL, *routes = NULL;
  umask(077);
  for (int option; (option = sgetopt_r(argc, argv, "d:u:q:R:efph", &subgetopt_here)) != -1;) {
    switch (option) {
    case 'd': root = subgetopt_here.arg; break;
    case 'u': umask(option_mode(option, subgetopt_here.arg)); break;
    case 'q': set_quota(subgetopt_here.arg); break;
    case 'R': routes = subgetopt_here.arg; break;
    case 'e': mailbox_settings.make_missing = false; break;
    case 'f': mailbox_settings.make_folders = false; break;
    case 'p': delivery_settings.full_for_good = true; break;
    case 'h': strerr_dieusage(0, USAGE);
    default: strerr_dieusage(100, USAGE);
    }
  }
  if (subgetopt_here.ind != argc) strerr_dieusage(100, USAGE);
  if (root && chdir(root) < 0) strerr_diefu2sys(111, "change to ", root);
  return routes;
}

static void init_mailboxes(void) {
  char name[MAILDIR_HOST_SIZE];
  if (gethostname(name, sizeof name - 1) < 0) strerr_diefu1sys(111, "get the host's name");
  name[sizeof name - 1] = 0;
  mailboxes_init((uint64_t)getpid(), name);
}

int main(int argc, char const *const *argv) {
  char const *routes = parse_options(argc, argv);
  descriptors_allow(FDS_MAX);
  prepare_socket();
  init_mailboxes();
  if (confine_writer() < 0) strerr_diefu1sys(111, "give up privileges");
  batch_init(routes);
  for (bool more = true; more;) {
    more = batch_take();
    batch_finish();
  }
  return 0;
}
