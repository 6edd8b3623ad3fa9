#!/bin/sh
# not confined: it traces programs and disturbs their system calls
# TLS and logins, whose programs' system calls fail or move fewer bytes, one at a time.
# timeout: 600
# check-crash: 3600
# shellcheck disable=SC2034,SC2154 # variables of and for others

# shellcheck source=tests/clients/_login.sh
. "$(dirname "$0")/../clients/_login.sh"
# shellcheck source=tests/durability/_durability.sh
. "$HERE/_durability.sh"

traced="$HERE/_traced"

oneTimeSetUp() {
  make_submission || exit 1
  export CHAIN TRUSTED PASSWORD WRONG OTHER_PORT UCSPITLS
  stop_auth
  start_program auth.log tcp-accept -n 3 "unix:$CHAINMAIL_RUN/auth" \
    "$traced" auth sasl-auth -f "$CHAIN/failures" -F 1000000,1 -j 50 \
    "$traced" checker checkpassword-file sasl-ok || exit 1
  AUTH_PID=$STARTED
}

oneTimeTearDown() { end_submission; }

# A second acceptor, with the same tls-keyd and auth service, is for those whom nothing happens to.
serve_two() {
  delayed=
  UCSPITLS=!
  [ "$1" = implicit ] || delayed=-u
  CHAIN_FRONT="$ENGINE $delayed smtp-front -S submission queue-inject"
  start_smtp || return
  OTHER_PORT=$SMTP_PORT OTHER_PID=$SMTP_PID
  CHAIN_FRONT="$traced wrap $ENGINE $delayed $traced front smtp-front -S submission queue-inject"
  start_smtp
}

# under MODE SCENARIO...: each, with the engine of now
under() {
  mode=$1
  shift
  serve_two "$mode" || fail "$ENGINE does not start" || return
  for scenario; do play _session_faults.py "$scenario" "$mode"; done
  end_process "$OTHER_PID"
  stop_smtp
}

test_wrap() {
  needs_disturb || return 0
  for ENGINE in $ENGINES; do
    for mode in implicit starttls; do under "$mode" wrap helper; done
  done
}

test_front() { ! needs_disturb || ENGINE=tls-wrap under starttls front; }

test_auth() { ! needs_disturb || ENGINE=tls-wrap under implicit auth checker; }

# shellcheck source=/dev/null
. shunit2
