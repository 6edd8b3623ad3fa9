#!/bin/sh
# not confined: it traces programs and disturbs their system calls
# Each read and write on a message's way moves less than it could, once, in each program in turn.
# check-crash: 300

# shellcheck source=tests/durability/_message_path.sh
. "$(dirname "$0")/_message_path.sh"

test_smtp_front() { ! needs_disturb || play _faults.py front short; }

test_queue_inject() {
  needs_disturb || return 0
  play _faults.py inject short
  play _faults.py inject_pipes short
}

# These have a scheduler of their own.
test_queue_send() {
  needs_disturb || return 0
  stop_send
  play _faults.py send_after_a_start short
  play _faults.py send_while_running short
}

test_deliver_maildir() {
  needs_disturb || return 0
  stop_send
  play _faults.py deliver short
}

# shellcheck source=/dev/null
. shunit2
