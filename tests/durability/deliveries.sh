#!/bin/sh
# not confined: it traces programs and disturbs their system calls
# Each system call of what takes mail away from here fails in turn, and each that moves bytes moves fewer.
# make check takes a sample.
# timeout: 600
# check-crash: 3600

# shellcheck source=tests/durability/_durability.sh
. "$(dirname "$0")/_durability.sh"

oneTimeTearDown() { :; }
tearDown() { stop_chain; }

# disturb SCENARIO: with errors, and with calls that do less
disturb() {
  for kind in errors short; do
    stop_chain
    make_chain && export CHAIN
    needs_disturb || return 0
    "${PREPARE:-true}" && play _deliveries.py "$1" "$kind"
  done
}

test_deliver_smtp() { disturb smtp; }
test_deliver_lmtp() { disturb lmtp; }
test_deliver_pipe() { disturb pipe; }
test_deliver_forward() { disturb forward; }
test_mail_inject() { disturb submit; }
test_bounces() { disturb bounce; }

test_deliver_smtp_with_tls() { PREPARE=make_authority disturb smtp_by_mx; }

test_worker_spawn() { ! needs_users || disturb spawn; }

# shellcheck source=/dev/null
. shunit2
