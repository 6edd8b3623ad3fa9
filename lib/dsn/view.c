/* Results as they are told. */
#include <stdlib.h>
#include <string.h>

#include "dsn/internal.h"
#include "text/text.h"

typedef struct words {
  char const *at, *end;
} words_t;

/* ---- words ---------------------------------------------------------------------------------- */

/* Takes a word of len bytes and the blank behind it; a reply's hyphen is one, too. */
static bool take(words_t *words, size_t len) {
  size_t const left = (size_t)(words->end - words->at);
  if (!len || len > left) return false;
  if (len < left && !is_blank(words->at[len]) && words->at[len] != '-') return false;
  words->at += len < left ? len + 1 : len;
  return true;
}

static size_t digits_len(char const *s, char const *end) {
  char const *begin = s;
  while (s < end && is_digit(*s)) s++;
  return (size_t)(s - begin);
}

static bool take_code(words_t *words) {
  bool const is_code = digits_len(words->at, words->end) == 3 && strchr("245", *words->at);
  return is_code && take(words, 3);
}

/* The bytes of a status code (RFC 3463 2) at s, or 0. */
static size_t status_len(char const *s, char const *end) {
  if (end - s < 5 || !strchr("245", *s) || s[1] != '.') return 0;
  size_t const subject = digits_len(s + 2, end);
  char const *detail = s + 2 + subject + 1;
  if (!subject || subject > 3 || detail >= end || detail[-1] != '.') return 0;
  size_t const detail_len = digits_len(detail, end);
  return detail_len && detail_len <= 3 ? (size_t)(detail - s) + detail_len : 0;
}

/* Takes a status and stores it, if there is none yet. */
static void take_status(words_t *words, char status[DSN_STATUS_SIZE]) {
  char const *s = words->at;
  size_t const len = status_len(s, words->end);
  if (!take(words, len) || *status) return;
  memcpy(status, s, len);
  status[len] = 0;
}

/* Takes "host said: ". The bytes of host, or 0. */
static size_t take_host(words_t *words) {
  static char const said[] = " said: ";
  size_t const left = (size_t)(words->end - words->at);
  char const *blank = memchr(words->at, ' ', left);
  size_t const len = blank ? (size_t)(blank - words->at) : 0;
  if (!len || left - len < sizeof said - 1 || memcmp(blank, said, sizeof said - 1) != 0) return 0;
  words->at += len + sizeof said - 1;
  return len;
}

/* ---- views ---------------------------------------------------------------------------------- */

/* Classes of status that an action can have (RFC 3464 2.3.4): what expired failed with a 4. */
static struct {
  char const *classes, *preset;
} const actions[DSN_ACTIONS] = {
    [DSN_FAILED] = {"54", "5.0.0"},   [DSN_DELAYED] = {"4", "4.0.0"},
    [DSN_EXPANDED] = {"2", "2.0.0"},  [DSN_RELAYED] = {"2", "2.0.0"},
    [DSN_DELIVERED] = {"2", "2.0.0"},
};

static void set_status(dsn_view_t *view, char const *asked) {
  size_t const len = asked ? strnlen(asked, DSN_STATUS_SIZE) : 0;
  if (len < DSN_STATUS_SIZE && len && status_len(asked, asked + len) == len)
    memcpy(view->status, asked, len + 1);
  dsn_action_t const action = view->result->action;
  bool const fits = *view->status && strchr(actions[action].classes, *view->status);
  if (!fits) memcpy(view->status, actions[action].preset, sizeof "5.0.0");
}

/* The codes before the host are what it said, unless it said codes again. */
static void take_said(dsn_view_t *view, words_t *words, char const *codes, bool has_code) {
  char const *host = words->at;
  size_t const host_len = take_host(words);
  if (!host_len) return;
  if (!view->remote) view->remote = host, view->remote_len = host_len;
  view->words = words->at;
  view->is_reply = take_code(words) || has_code;
  if (has_code && view->words == words->at)
    view->codes = codes, view->codes_len = (size_t)(host - codes);
  take_status(words, view->status);
}

void dsn_view_init(dsn_view_t *view, dsn_result_t const *result) {
  char const *s = result->words ? result->words : "";
  words_t words = {s, s + strnlen(s, DSN_WORDS_MAX)};
  view->result = result;
  view->status[0] = 0;
  view->remote = result->remote && *result->remote ? result->remote : NULL;
  view->remote_len = view->remote ? strlen(view->remote) : 0;
  view->codes = view->words = s;
  view->codes_len = 0;
  view->is_reply = take_code(&words);
  take_status(&words, view->status);
  take_said(view, &words, s, view->is_reply);
  view->words_len = (size_t)(words.end - view->words);
  view->is_reply = view->is_reply && view->remote;
  set_status(view, result->status);
}

static int compare_bytes(char const *a, size_t a_len, char const *b, size_t b_len) {
  if (a_len != b_len) return a_len < b_len ? -1 : 1;
  return a_len ? memcmp(a, b, a_len) : 0;
}

static int compare_reason(dsn_view_t const *a, dsn_view_t const *b) {
  int order = (int)a->result->action - (int)b->result->action;
  if (!order) order = strcmp(a->status, b->status);
  if (!order) order = compare_bytes(a->remote, a->remote_len, b->remote, b->remote_len);
  if (!order) order = compare_bytes(a->codes, a->codes_len, b->codes, b->codes_len);
  if (!order) order = compare_bytes(a->words, a->words_len, b->words, b->words_len);
  if (!order)
    order = (a->result->retry_until > b->result->retry_until) -
            (a->result->retry_until < b->result->retry_until);
  return order;
}

bool dsn_view_same(dsn_view_t const *a, dsn_view_t const *b) {
  return !compare_reason(a, b);
}

/* Results lie in one array: their order is that of the addresses. */
static int compare(void const *left, void const *right) {
  dsn_view_t const *a = left, *b = right;
  int const order = compare_reason(a, b);
  return order ? order : (a->result > b->result) - (a->result < b->result);
}

static dsn_view_t *select_views(size_t *count, dsn_request_t const *request,
                                dsn_settings_t const *settings, dsn_asked_t const *asked,
                                size_t nasked) {
  dsn_view_t *views = malloc((request->count + 1) * sizeof *views);
  *count = 0;
  if (!views) return NULL;
  for (size_t i = 0; i < request->count; i++) {
    dsn_result_t const *result = &request->results[i];
    dsn_asked_t const own = dsn_asked_find(asked, nasked, result->recipient);
    if (!dsn_wanted(request->entry, settings, result, own.notify)) continue;
    dsn_view_init(&views[*count], result);
    views[(*count)++].original = own.original;
  }
  qsort(views, *count, sizeof *views, compare);
  return views;
}

dsn_view_t *dsn_views_make(size_t *count, dsn_request_t const *request,
                           dsn_settings_t const *settings) {
  size_t nasked;
  dsn_asked_t *asked = dsn_asked_make(&nasked, &request->entry->envelope);
  if (!asked) return NULL;
  dsn_view_t *views = select_views(count, request, settings, asked, nasked);
  free(asked);
  return views;
}
