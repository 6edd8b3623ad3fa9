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
  needs_disturb || return 0
  FREE_PORT=$(free_port)
  echo '127.0.0.1:allow' >"$CHAIN/rules"
  echo ':allow' >>"$CHAIN/rules"
  tcp-rules-compile "$CHAIN/rules" "$CHAIN/rules.cdb" || fail 'no rules'
  play _service_faults.py acceptor
}

test_keyd() {
  needs_disturb || return 0
  stop_keyd
  CHAIN_FRONT='tls-wrap smtp-front queue-inject' start_smtp || fail 'no service'
  play _service_faults.py keyd
}

# What is run as another user must be within its reach.
lay_open() {
  chmod 755 "$CHAIN" "$CHAINMAIL_CONF" && mkdir "$CHAIN/keys" &&
    cp "$CHAIN/tls/other.pem" "$CHAIN/keys" && chown -R 65534:65534 "$CHAIN/keys"
}

test_privileges() {
  is_root || { skip 'only root can stop being root'; return; }
  needs_disturb || return 0
  FREE_PORT=$(free_port)
  lay_open || fail 'not laid open'
  printf 'secret\n' | user-add -p 0 alice || fail 'no user'
  for scenario in checker acceptor keyd; do play _privilege_faults.py "$scenario"; done
}

# shellcheck source=/dev/null
. shunit2
