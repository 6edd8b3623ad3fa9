#!/bin/sh
# Twice the input costs at most 2.2 times the work, in every parser that has a fuzz target: see
# ../growth.c, and `counted' in the Makefile.

. "$TOP/tests/_needs.sh"

is_sanitized && skip_all 'the sanitizers have work of their own'

# checks TARGET
checks() {
  said=$("$BUILD-counted/growth/$1" "$TOP/tests/fuzz/corpus/$1" 2>/dev/null)
  assertTrue "$1: $said" $?
}

suite() {
  for source in "$TOP"/tests/fuzz/*.c; do
    target=$(basename "$source" .c)
    eval "test_$target() { checks $target; }"
    suite_addTest "test_$target"
  done
}

# shellcheck source=/dev/null
. shunit2
