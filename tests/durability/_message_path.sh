# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # _chain.sh reads variables, and so do suites
# _message_path.sh: a host whose programs on a message's way can be disturbed, each by its name: front,
# inject, send, deliver. A second acceptor is for those whom nothing happens to.

# shellcheck source=tests/durability/_durability.sh
. "$(dirname "$0")/_durability.sh"

oneTimeSetUp() {
  make_chain || exit 1
  export CHAIN OTHER_PORT
  start_smtp || exit 1
  OTHER_PORT=$SMTP_PORT OTHER_PID=$SMTP_PID
  traced="$HERE/_traced"
  CHAIN_FRONT="$traced front smtp-front $traced inject queue-inject" start_smtp || exit 1
  start_send || exit 1
}

oneTimeTearDown() {
  [ -z "${OTHER_PID-}" ] || end_process "$OTHER_PID"
  stop_chain
}
