#include "session.h"

/* Most sessions of strangers end before a link is run: only then are signals set up. */
static void prepare(void) {
  static bool prepared;
  if (!prepared) chain_call_init();
  prepared = true;
}

int link_run(session_t const *session, link_call_t const *call, chain_reader_t *reader,
             chain_verdict_t *verdict) {
  chain_call_t const chain = {.path = call->path,
                              .argv = call->argv,
                              .envp = environment_build(session, call->fact),
                              .message_fd = call->message_fd,
                              .envelope_fd = call->envelope_fd,
                              .timeout = (unsigned int)session->conf.number[call->timeout]};
  prepare();
  return chain_call(&chain, reader, verdict);
}
