# shellcheck shell=sh
# _hostile.sh: a live chain for the suites of this room. A test calls scenarios in Python.
#
#   play SCRIPT SCENARIO [ARGUMENT...]  runs one against the chain; its words if it fails
#   restart_smtp                        after CHAIN_ACCEPT or CHAIN_FRONT changed

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/_chain.sh
. "$HERE/../_chain.sh"

oneTimeSetUp() { start_chain || exit 1; }
oneTimeTearDown() { stop_chain; }

restart_smtp() {
  stop_smtp
  start_smtp
}

play() {
  export CHAIN SMTP_PORT SMTP_PID SEND_PID
  script=$1
  shift
  words=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$HERE/.." python3 "$HERE/$script" "$@" 2>&1)
  assertTrue "$*: $words" $?
}
