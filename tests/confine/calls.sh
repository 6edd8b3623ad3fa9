#!/bin/sh
# Profiles against the programs themselves: whatever a program's machine code can call, on whatever
# path, its profile allows; and a program that starts no other has a short list, or says why not.

. "$(dirname "$0")/../_needs.sh"

if is_sanitized || [ "$(uname -m)" != x86_64 ] || ! command -v objdump >/dev/null ||
  readelf -l "$BIN/queue-inject" | grep -q INTERP; then
  skip_all 'programs are not static ones for x86-64, or there is no objdump to read them with'
fi

calls() { python3 "$(dirname "$0")/_calls.py" "$@"; }

test_nothing_that_a_program_can_call_is_missing() {
  assertEquals 'add it to the profile, or do without' '' "$(calls missing)"
}

test_lists_are_short_or_say_why() {
  counts=$(calls count)
  assertContains "$counts" 'queue-inject'
  assertNotContains "$counts" 'does not say why'
  assertNotContains 'numbers that profiles give are right' "$counts" 'and its profile says'
}

test_every_program_has_one() {
  for program in "$BIN"/*; do
    name=${program##*/}
    case $name in confine | profiles) continue ;; esac
    assertTrue "a profile for $name" "[ -f '$BIN/profiles/$name' ]"
  done
}

. shunit2
