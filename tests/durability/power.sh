#!/bin/sh
# The power fails, at any time: what was accepted is delivered, and nothing torn is.
# A sample of the states that a disk may be left in; all of them in make check-crash.

# shellcheck source=tests/durability/_durability.sh
. "$(dirname "$0")/_durability.sh"

# A disk of its own, and tables of routes for the front and for the back.
oneTimeSetUp() {
  make_chain || exit 1
  export CHAIN CHAINMAIL_QUEUE="$CHAIN/disk/queue"
  {
    echo 'base /proc/self/cwd'
    for box in one two three broken sender; do echo "$box@example.test maildir $box"; done
    echo 'postmaster alias sender@example.test'
  } >"$CHAIN/send"
  { cat "$CHAIN/send" && echo 'gone@example.test maildir gone'; } >"$CHAINMAIL_CONF/routes"
  route-compile "$CHAIN/send" "$CHAIN/send.cdb" && route-compile "$CHAINMAIL_CONF/routes"
}

test_power() { ! has_strace || play _power.py -n "${STATES:-40}" ${SCENARIOS-}; }

# shellcheck source=/dev/null
. shunit2
