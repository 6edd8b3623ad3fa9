#!/bin/sh
# not confined: it traces programs and disturbs their system calls
# Each system call on a message's way fails once, with EIO and with EINTR, in each program in turn.
# timeout: 900
# check-crash: 1800
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/durability/_durability.sh
. "$(dirname "$0")/_durability.sh"

# A second acceptor is for those whom nothing happens to.
oneTimeSetUp() {
  make_chain || exit 1
  export CHAIN OTHER_PORT
  start_smtp || exit 1
  OTHER_PORT=$SMTP_PORT OTHER_PID=$SMTP_PID
  traced="$HERE/_traced"
  CHAIN_FRONT="$traced front smtp-front $traced inject queue-inject" start_smtp || exit 1
  start_send || exit 1
}

oneTimeTearDown() {
  [ -z "${OTHER_PID-}" ] || end_process "$OTHER_PID"
  stop_chain
}

test_smtp_front() { ! has_strace || play _faults.py front; }
test_queue_inject() { ! has_strace || play _faults.py inject; }

# These have a scheduler of their own.
test_queue_send() {
  has_strace || return 0
  stop_send
  play _faults.py send_after_a_start
  play _faults.py send_while_running
}

test_deliver_maildir() {
  has_strace || return 0
  stop_send
  play _faults.py deliver
}

# shellcheck source=/dev/null
. shunit2
