#!/bin/sh
# Logs that nobody reads: the pipe is full, or its reader gone.
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/hostile/_hostile.sh
. "$(dirname "$0")/_hostile.sh"

oneTimeSetUp() { make_chain || exit 1; }

test_asleep() { play _log_readers.py asleep; }
test_gone() { play _log_readers.py gone; }

# shellcheck source=/dev/null
. shunit2
