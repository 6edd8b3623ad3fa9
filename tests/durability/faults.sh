#!/bin/sh
# not confined: it traces programs and disturbs their system calls
# Each system call on a message's way fails once, with EIO and with EINTR, in each program in turn.
# timeout: 900
# check-crash: 1800

# shellcheck source=tests/durability/_message_path.sh
. "$(dirname "$0")/_message_path.sh"

test_smtp_front() { ! needs_tracing || play _faults.py front failing; }
test_queue_inject() { ! needs_tracing || play _faults.py inject failing; }

# These have a scheduler of their own.
test_queue_send() {
  needs_tracing || return 0
  stop_send
  play _faults.py send_after_a_start failing
  play _faults.py send_while_running failing
}

test_deliver_maildir() {
  needs_tracing || return 0
  stop_send
  play _faults.py deliver failing
}

# shellcheck source=/dev/null
. shunit2
