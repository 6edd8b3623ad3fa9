#!/bin/sh
# Clients that begin a TLS handshake, by the hundred, and never end it: at each engine, with TLS from the
# first byte on and after STARTTLS. The long form is done with two thousand.
# check-crash: 300
# shellcheck disable=SC2034 # _tls.sh reads the variables

# shellcheck source=tests/tls/_tls.sh
. "$(dirname "$0")/../tls/_tls.sh"

# shellcheck disable=SC3045 # ulimit -n: dash has it
count() {
  COUNT=60
  [ -z "${CHECK_CRASH-}" ] || COUNT=2000
  [ "$(ulimit -n)" -gt $((COUNT + 100)) ] || ulimit -n $((COUNT + 100)) 2>/dev/null || COUNT=60
}

oneTimeSetUp() { count && make_host || exit 1; }

# in_both SCENARIO [COUNT]
in_both() {
  export MODE
  for MODE in implicit starttls; do
    CHAIN_ACCEPT="-c $((${2:-80} + 20)) -C ${2:-80}" serve "$MODE"
    play _handshakes.py "$@"
  done
}

with_tls() {
  export MODE=implicit
  serve implicit && play _handshakes.py "$@"
}

test_stuck() {
  echo 300 >"$CHAINMAIL_CONF/timeout-handshake"
  each in_both stuck "$COUNT"
}

test_given_up() {
  echo 1 >"$CHAINMAIL_CONF/timeout-handshake"
  each in_both given_up 20
}

# Time for a handshake, and for two commands.
test_deaf() {
  echo 5 >"$CHAINMAIL_CONF/timeout-handshake"
  FRONT_OPTIONS='-o timeout-command=5' each with_tls deaf
}

# tls-keyd takes 500 of one user's in each of its processes, of which the host has one.
test_silent_peers() {
  echo 300 >"$CHAINMAIL_CONF/timeout-handshake"
  each with_tls silent_peers 600
}

# shellcheck source=/dev/null
. shunit2
