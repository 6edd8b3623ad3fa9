#!/bin/sh
# What the bench reads out of perf's, strace's and callgrind's output.
# shellcheck disable=SC2329 # shunit2 calls the functions

reads() {
  words=$(python3 tests/bench/_traces.py "$1" 2>&1)
  assertEquals "$words" 0 $?
}

test_perf() { reads perf; }
test_perf_follows_children() { reads children; }
test_strace() { reads strace; }
test_callgrind() { reads callgrind; }

# shellcheck source=/dev/null
. shunit2
