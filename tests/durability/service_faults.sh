#!/bin/sh
# not confined: it traces programs and disturbs their system calls
# tcp-accept and tls-keyd, whose system calls fail or move fewer bytes, one at a time.
# timeout: 600
# check-crash: 1800
# shellcheck disable=SC2034 # others read the variables

# shellcheck source=tests/tls/_tls.sh
. "$(dirname "$0")/../tls/_tls.sh"
# shellcheck source=tests/durability/_durability.sh
. "$HERE/_durability.sh"

oneTimeSetUp() {
  make_host || exit 1
  export CHAIN TRUSTED FREE_PORT
}

oneTimeTearDown() { end_host; }

test_acceptor() {
  has_disturb || return 0
  FREE_PORT=$(free_port)
  echo '127.0.0.1:allow' >"$CHAIN/rules"
  echo ':allow' >>"$CHAIN/rules"
  tcp-rules-compile "$CHAIN/rules" "$CHAIN/rules.cdb" || fail 'no rules'
  play _service_faults.py acceptor
}

test_keyd() {
  has_disturb || return 0
  stop_keyd
  CHAIN_FRONT='tls-wrap smtp-front queue-inject' start_smtp || fail 'no service'
  play _service_faults.py keyd
}

# shellcheck source=/dev/null
. shunit2
