/* Questions and their answers. */
#include <errno.h>

#include "tls-keyd.h"

/* A question with all that an answer takes. */
typedef struct matter {
  keyd_store_t *store;
  keyd_sessions_t *sessions;
  size_t peer;
  uint32_t now;
  keyd_request_t request;
  unsigned char *body;
  size_t len; /* of the body */
} matter_t;

static int choose(matter_t *matter) {
  static keyd_identity_t identity;
  keyd_request_t const *const request = &matter->request;
  keyd_store_refresh(matter->store);
  if (keyd_store_choose(matter->store, request->name, request->schemes, request->count,
                        request->strict, &identity) < 0)
    return -1;
  matter->len = keyd_identity_write(matter->body, &identity);
  return 0;
}

static int sign(matter_t *matter) {
  keyd_request_t const *const request = &matter->request;
  return keyd_store_sign(matter->store, request->id, request->scheme, request->hash.at,
                         request->hash.len, matter->body, &matter->len);
}

static int put(matter_t *matter) {
  keyd_request_t const *const request = &matter->request;
  if (matter->sessions)
    keyd_sessions_put(matter->sessions, matter->peer, matter->now, request->key, request->session);
  return 0;
}

static int get(matter_t *matter) {
  if (!matter->sessions) return errno = ENOENT, -1;
  return keyd_sessions_get(matter->sessions, matter->peer, matter->now, matter->request.key,
                           matter->body, &matter->len);
}

static int drop(matter_t *matter) {
  if (!matter->sessions) return errno = ENOENT, -1;
  return keyd_sessions_drop(matter->sessions, matter->peer, matter->request.key);
}

static struct {
  keyd_operation_t operation;
  int (*answer)(matter_t *matter);
} const operations[] = {
    {KEYD_CHOOSE, choose}, {KEYD_SIGN, sign}, {KEYD_PUT, put}, {KEYD_GET, get}, {KEYD_DROP, drop}};

static int answer_matter(matter_t *matter, unsigned char const *question, size_t len) {
  if (keyd_request_parse(&matter->request, question, len) < 0) return -1;
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
    if (operations[i].operation == matter->request.operation) return operations[i].answer(matter);
  return errno = EPROTO, -1;
}

size_t answer(keyd_store_t *store, keyd_sessions_t *sessions, size_t peer, uint32_t now,
              unsigned char const *question, size_t len, unsigned char bytes[KEYD_ANSWER_MAX]) {
  matter_t matter = {
      .store = store, .sessions = sessions, .peer = peer, .now = now, .body = bytes + 1};
  int const r = answer_matter(&matter, question, len);
  bytes[0] = keyd_status(r < 0 ? errno : 0);
  return r < 0 ? 1 : 1 + matter.len;
}
