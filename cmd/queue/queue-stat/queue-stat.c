/* queue-stat: see queue-stat(1). */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "../../shared/option.h"
#include "stat.h"

char const *PROG = "queue-stat";

#define USAGE "queue-stat " TOOL_USAGE " [-j] [-n lines] [id ...]"

#define LINES 20 /* domains that people are shown */

static tool_t tool;
static counts_t counts;
static answer_t answer;

static void count_one(char const *name) {
  pick_entry_t entry;
  int const found = tool_read(&tool, &entry, name);
  if (found < 0) tool_complain(&tool, name, strerror(errno));
  if (found <= 0) return;
  count_entry(&counts, &entry, tool.now);
  pick_free(&entry);
}

static void count_bad(void) {
  stralloc names = STRALLOC_ZERO;
  tool_read_names(&tool, &names, tool.queue.bad_fd);
  counts.bad = pick_count(&names);
  stralloc_free(&names);
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  unsigned lines = LINES;
  bool as_json = false;
  tool_init(&tool);
  for (int option; (option = subgetopt_r(argc, argv, "jn:" TOOL_OPTIONS, &options)) != -1;)
    switch (option) {
    case 'j': as_json = true; break;
    case 'n': lines = option_number(option, options.arg, 0, UINT_MAX); break;
    default: tool_option(&tool, option, options.arg, USAGE);
    }
  tool_open(&tool, argv + options.ind);
  for (size_t i = 0; i < pick_count(&tool.names); i++) count_one(pick_name(&tool.names, i));
  count_bad();
  count_domains(&counts);
  answer_ask(&answer, &tool);
  if (as_json)
    stat_print_json(&tool, &counts, &answer);
  else
    stat_print_text(&tool, &counts, &answer, lines);
  return tool_end(&tool);
}
