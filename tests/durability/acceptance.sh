#!/bin/sh
# not confined: it traces programs and disturbs their system calls
# Nobody is told 250 before the message is on the disk; and what that costs: one sync, each byte
# written once.
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/durability/_durability.sh
. "$(dirname "$0")/_durability.sh"

# Nobody delivers: the entries are looked at.
oneTimeSetUp() {
  make_chain || exit 1
  export CHAIN
  speak || exit 1
}

# speak OPTIONS...: of smtp-front
speak() {
  stop_smtp
  CHAIN_FRONT="$HERE/_traced front smtp-front $* queue-inject" start_smtp
}

test_order() { ! needs_tracing || play _acceptance.py order; }
test_silence() { ! needs_tracing || play _acceptance.py silence; }

test_silence_in_lmtp() {
  needs_tracing || return 0
  speak -L && play _acceptance.py silence_in_lmtp
  speak
}

test_cost() { ! needs_tracing || play _acceptance.py cost; }

# shellcheck source=/dev/null
. shunit2
