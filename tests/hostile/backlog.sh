#!/bin/sh
# Much to deliver, deliverers that are no good, and logs that nobody reads.
# check-crash: 600
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/hostile/_hostile.sh
. "$(dirname "$0")/_hostile.sh"

oneTimeSetUp() {
  make_chain || exit 1
  export CHAIN
  echo "@slow.example  lmtp unix:/nowhere" >>"$CHAINMAIL_CONF/routes"
  route-compile "$CHAINMAIL_CONF/routes" && cp "$HERE/_deliverer.py" "$CHAIN/deliverer" &&
    CHAIN_SEND="-w lmtp=1 -w lmtp=$CHAIN/deliverer" start_chain || exit 1
}

backlog() { play _backlog.py "$@"; }

# long SHORT LONG: the number for make check, or the one for its long form
long() { if [ -n "${CHECK_CRASH-}" ]; then echo "$2"; else echo "$1"; fi; }

test_lies() { backlog lies "$(long 2 4)"; }
test_hang() { backlog hang "$(long 3000 100000)"; }
test_crowd() { backlog crowd "$(long 2000 10000)"; }

# shellcheck source=/dev/null
. shunit2
