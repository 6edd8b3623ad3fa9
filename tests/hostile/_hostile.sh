# shellcheck shell=sh
# _hostile.sh: a live chain for the suites of this room. A test calls scenarios in Python.
#
#   play SCRIPT SCENARIO [ARGUMENT...]  runs one against the chain; its words if it fails
#   restart_smtp                        after CHAIN_ACCEPT or CHAIN_FRONT changed
#   start_auth, stop_auth               an auth service: alice, who is box@example.test

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
  words=$(PASSWORD=${PASSWORD-} PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$HERE/.." python3 "$HERE/$script" "$@" 2>&1)
  assertTrue "$*: $words" $?
}

# An auth service at $CHAINMAIL_RUN/auth (_auth_service.sh), for logins without TLS. The password is in
# its environment and the scenarios', and in no other.
start_auth() {
  PASSWORD="of-alice-$(od -An -N 12 -tx1 /dev/urandom | tr -d ' ')"
  echo yes >"$CHAINMAIL_CONF/auth-clear-text"
  start_program auth.log env PASSWORD="$PASSWORD" \
    tcp-accept -n 3 "unix:$CHAINMAIL_RUN/auth" "$HERE/_auth_service.sh" && AUTH_PID=$STARTED
}

stop_auth() {
  [ -z "${AUTH_PID-}" ] || end_process "$AUTH_PID"
}
