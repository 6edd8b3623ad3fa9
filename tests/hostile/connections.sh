#!/bin/sh
# Clients that are slow or silent, half-closed, reset, or too many.
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/hostile/_hostile.sh
. "$(dirname "$0")/_hostile.sh"

connections() { play _connections.py "$@"; }

oneTimeSetUp() { make_chain && start_send && usual || exit 1; }

usual() {
  CHAIN_ACCEPT='' CHAIN_FRONT='smtp-front -o databytes=1000000 queue-inject' restart_smtp
}

test_half_closed() { usual && connections half_closed; }
test_half_closed_with_a_message() { usual && connections half_closed_with_a_message; }
test_resets() { usual && connections resets; }

test_reset_during_the_chain() {
  mkfifo "$CHAIN/gate"
  printf '#!/bin/sh\nread -r word <"%s"\nexec "$@"\n' "$CHAIN/gate" >"$CHAIN/wait"
  chmod +x "$CHAIN/wait"
  CHAIN_FRONT="smtp-front $CHAIN/wait queue-inject" restart_smtp
  connections reset_during_the_chain
}

test_slow() {
  CHAIN_FRONT='smtp-front -o timeout-command=2 -o timeout-data=2 queue-inject' restart_smtp
  connections silent
  connections dribble command
  CHAIN_FRONT='smtp-front -o timeout-command=2 -o timeout-data=2 -o timeout-session=5' restart_smtp
  connections dribble message
  usual && connections slow_but_welcome
}

test_flood() {
  CHAIN_ACCEPT='-c 10 -C 4' CHAIN_FRONT=smtp-front restart_smtp
  connections flood
  connections waves
}

# shellcheck disable=SC3045 # ulimit -n: dash has it
test_slow_loris() {
  count=3000
  ! is_sanitized || count=300 # each has megabytes then
  [ "$(ulimit -n)" -gt 3100 ] || ulimit -n 3100 2>/dev/null || count=$(($(ulimit -n) - 100))
  CHAIN_ACCEPT="-c $count -C $count" CHAIN_FRONT=smtp-front restart_smtp
  connections slow_loris "$count"
}

# shellcheck source=/dev/null
. shunit2
