#!/bin/sh
# not confined: it traces programs and disturbs their system calls
# Every program of a chain at work is killed, at any time: what was accepted is delivered.
# timeout: 600
# check-crash: 1200

# shellcheck source=tests/durability/_durability.sh
. "$(dirname "$0")/_durability.sh"

oneTimeSetUp() { make_chain || exit 1; }

# shellcheck disable=SC2086 # one word or none
test_kill() { play _kill.py ${SEED-}; }

# shellcheck source=/dev/null
. shunit2
