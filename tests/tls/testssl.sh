#!/bin/sh
# testssl.sh finds nothing wrong with either engine, with STARTTLS and with TLS from the start:
# protocols and vulnerabilities, and for STARTTLS the ciphers' categories, forward secrecy, our order
# and what it knows of other clients. With TESTSSL_OPTIONS=' ' it looks at all that it knows,
# the self-made certificates too, of which it thinks little.
# timeout: 600
# shellcheck disable=SC2034,SC2153 # ENGINE is for _tls.sh, which sets ENGINES

# shellcheck source=tests/tls/_tls.sh
. "$(dirname "$0")/_tls.sh"

TESTSSL_IMPLICIT=${TESTSSL_OPTIONS:--p -U}
TESTSSL_STARTTLS=${TESTSSL_OPTIONS:--p -U -s -f -P -c}

# What it waits for comes, or the connection's end does; it would take a server that stands still for
# another kind of server.
export MAX_WAITSOCK="$PATIENCE" CCS_MAX_WAITSOCK="$PATIENCE" HEARTBLEED_MAX_WAITSOCK="$PATIENCE" \
  STARTTLS_SLEEP="$PATIENCE"

look() { # look ENGINE MODE PORT: into a file
  options=$TESTSSL_IMPLICIT
  [ "$2" = implicit ] || options="$TESTSSL_STARTTLS -t smtp"
  # shellcheck disable=SC2086 # words are wanted
  timeout 500 testssl --quiet --color 0 --warnings off --nodns none --openssl "$(command -v openssl)" \
    --jsonfile "$CHAIN/$1-$2.json" $options "127.0.0.1:$3" >"$CHAIN/$1-$2.log" 2>&1 </dev/null
}

# The acceptor of each goes on while others are looked at; end_acceptors ends them all.
begin() { # begin ENGINE MODE
  ENGINE=$1
  SMTP_PID=
  CHAIN_ACCEPT='-c 200 -C 200' serve "$2" || fail "$1 does not start"
  ACCEPTORS="$ACCEPTORS $SMTP_PID"
  look "$1" "$2" "$SMTP_PORT" &
  LOOKERS="$LOOKERS $!"
}

begin_all() {
  ACCEPTORS=
  LOOKERS=
  for engine in $ENGINES; do
    begin "$engine" starttls
    begin "$engine" implicit
  done
}

end_acceptors() {
  for acceptor in $ACCEPTORS; do end_process "$acceptor"; done
  SMTP_PID=
}

test_findings() {
  needs_program testssl || return 0
  begin_all
  # shellcheck disable=SC2086 # words are wanted
  wait $LOOKERS
  for engine in $ENGINES; do
    for mode in starttls implicit; do
      words=$(python3 "$HERE/_testssl.py" "$CHAIN/$engine-$mode.json" "$engine" 2>&1)
      assertTrue "$engine $mode: $words" $?
    done
  done
  end_acceptors
}

# shellcheck source=/dev/null
. shunit2
