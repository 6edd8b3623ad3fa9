#include "order.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "net/net.h"

typedef enum order_way {
  ORDER_ASK,   /* queue-send does it */
  ORDER_ALONE, /* that does not run: we do */
  ORDER_TELL   /* nobody does: what would be done is told */
} order_way_t;

typedef struct order {
  tool_t tool;
  steer_verb_t verb;
  char const *usage;
  char const *reason;
  bool all;
  order_way_t way;
  steer_client_t client;
  uint64_t done;
} order_t;

static char const *const order_words[STEER_VERBS] = {
    [STEER_RETRY] = "tried now",
    [STEER_HOLD] = "held",
    [STEER_RELEASE] = "released",
    [STEER_DROP] = "removed",
    [STEER_BOUNCE] = "returned to its sender",
};

static char const *const order_refusals[STEER_ANSWERS] = {
    [STEER_GONE] = "gone meanwhile",
    [STEER_IS_HELD] = "held: release it first",
    [STEER_IS_NOT_HELD] = "not held",
    [STEER_IS_EARLY] = "not tried: its sender wants it to wait",
    [STEER_IS_DROPPED] = "being removed already",
    [STEER_FAILED] = "that failed, see the log of queue-send",
    [STEER_BAD] = "queue-send does not understand",
    [STEER_DENIED] = "only root and the queue's owner may do that",
};

/* ---- asking ---- */

/* 0, or -1 with errno. */
static int order_ask_once(order_t *order, steer_request_t const *request, steer_answer_t *answer) {
  char *line;
  int more = steer_send(&order->client, request) < 0 ? -1 : 1;
  while (more > 0) more = steer_receive(&order->client, &line, answer);
  return more;
}

/* Whoever reads our output may be slow, and queue-send does not wait for us. */
static steer_answer_t order_ask(order_t *order, steer_request_t const *request) {
  steer_answer_t answer = STEER_FAILED;
  int result = order_ask_once(order, request, &answer);
  if (result < 0 && (errno == EPIPE || errno == ECONNRESET)) {
    steer_close(&order->client);
    result = steer_connect(&order->client, order->tool.path);
    if (result == 0) result = order_ask_once(order, request, &answer);
  }
  if (result < 0) strerr_diefu1sys(111, "speak to queue-send");
  return answer;
}

static steer_answer_t order_do(order_t *order, char const *name, pick_entry_t const *entry) {
  steer_request_t const request = {order->verb, name, order->reason};
  steer_subject_t const subject = {.order = entry->state.order, .held = entry->held};
  pick_queue_t const *queue = &order->tool.queue;
  switch (order->way) {
  case ORDER_ASK: return order_ask(order, &request);
  case ORDER_ALONE: return steer_alone(queue->new_fd, queue->state_fd, &request, &subject);
  case ORDER_TELL: break;
  }
  return steer_check(order->verb, &subject);
}

/* The queue's owner can put links to anywhere into it. */
static void order_become_owner(char const *path) {
  char const *step;
  int const folder = open2(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) strerr_diefu2sys(111, "open ", path);
  if (net_become_owner(folder, &step) < 0)
    strerr_diefu4sys(111, "become the owner of ", path, ": ", step);
  close(folder);
}

/* Whoever has the lock keeps queue-send from starting amid this. */
static void order_connect(order_t *order) {
  signal(SIGPIPE, SIG_IGN);
  if (order->way == ORDER_TELL || steer_connect(&order->client, order->tool.path) == 0) return;
  if (errno != ENOENT && errno != ECONNREFUSED) strerr_diefu1sys(111, "speak to queue-send");
  if (order->verb == STEER_RETRY)
    strerr_dief1x(111, "queue-send does not run: nothing can be tried");
  if (steer_lock(order->tool.path) < 0) {
    if (errno == EWOULDBLOCK) strerr_dief1x(111, "queue-send runs, but does not listen");
    strerr_diefu3sys(111, "lock ", order->tool.path, "/lock");
  }
  order_become_owner(order->tool.path);
  order->way = ORDER_ALONE;
}

/* ---- messages ---- */

static void order_print(order_t *order, pick_entry_t const *entry, steer_answer_t answer) {
  print_t *out = &order->tool.out;
  bool const fine = answer == STEER_DONE || answer == STEER_LATER;
  print_safe(out, entry->entry.id, 0);
  print_str(out, " from ");
  print_safe(out, tool_sender(entry), 0);
  print_str(out, ": ");
  if (fine && order->way == ORDER_TELL) print_str(out, "would be ");
  print_str(out, fine ? order_words[order->verb] : order_refusals[answer]);
  if (answer == STEER_LATER) print_str(out, " when the attempt under way is over");
  print_str(out, "\n");
  order->done += fine;
  if (!fine) order->tool.status = TOOL_EXIT_NO;
}

/* What a selection, and not an id, finds may be in that state already. */
static bool order_is_meant(order_t const *order, pick_entry_t const *entry) {
  if (order->tool.by_id) return true;
  if (order->verb == STEER_RELEASE) return entry->held;
  return order->verb != STEER_RETRY || !entry->held;
}

static void order_one(order_t *order, char const *name) {
  pick_entry_t entry;
  int const found = tool_read(&order->tool, &entry, name);
  if (found < 0) tool_complain(&order->tool, name, strerror(errno));
  if (found <= 0) return;
  if (order_is_meant(order, &entry)) order_print(order, &entry, order_do(order, name, &entry));
  pick_free(&entry);
}

/* ---- all of it ---- */

/* Takes options beyond TOOL_OPTIONS; those in extra besides. b: bounce, m: the reason. */
static void order_parse(order_t *order, int argc, char const *const *argv, char const *options) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, options, &state)) != -1;) switch (option) {
    case 'a': order->all = true; break;
    case 'n': order->way = ORDER_TELL; break;
    case 'b': order->verb = STEER_BOUNCE; break;
    case 'm': order->reason = state.arg; break;
    default: tool_option(&order->tool, option, state.arg, order->usage);
    }
  bool const selects = order->tool.pick.count || state.ind < argc;
  if (selects == order->all) strerr_dieusage(100, order->usage);
  if (strlen(order->reason) > STEER_REASON_MAX) strerr_dief1x(100, "the reason is too long");
  tool_open(&order->tool, argv + state.ind);
}

int order_main(steer_verb_t verb, char const *usage, char const *options, int argc,
               char const *const *argv) {
  static order_t order;
  order = (order_t){.verb = verb, .usage = usage, .reason = ""};
  tool_init(&order.tool);
  order_parse(&order, argc, argv, options);
  order_connect(&order);
  for (size_t i = 0; i < pick_count(&order.tool.names); i++)
    order_one(&order, pick_name(&order.tool.names, i));
  if (!order.done) order.tool.status = TOOL_EXIT_NO;
  return tool_end(&order.tool);
}
