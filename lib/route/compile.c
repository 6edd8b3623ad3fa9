#include <errno.h>

#include "route/draft.h"

#define SEPARATORS_DEFAULT "+"

static int check_built(draft_t *draft, int fd) {
  route_table_t table = {.open = true};
  if (!cdb_init_fromfd(&table.map, fd)) return -1;
  draft_check(draft, &table);
  cdb_free(&table.map);
  return 0;
}

/* Only a text without errors is worth building: what a faulty line left out would be missed. */
static int draft_compile(draft_t *draft, char const *text, size_t len, int fd) {
  draft->separators = draft_add(draft, SEPARATORS_DEFAULT, sizeof SEPARATORS_DEFAULT - 1);
  draft_parse(draft, text, len);
  if (draft->failed) {
    errno = ENOMEM;
    return -1;
  }
  if (!draft->errors && (draft_build(draft, fd) < 0 || check_built(draft, fd) < 0)) return -1;
  draft_end(draft);
  return draft->errors ? 1 : 0;
}

int route_compile(char const *text, size_t len, int fd, route_accounts_f *accounts,
                  route_report_f *report, void *data) {
  draft_t draft = {.report = report, .data = data, .accounts = accounts};
  int result = draft_compile(&draft, text, len, fd), error = errno;
  draft_free(&draft);
  errno = error;
  return result;
}
