#!/bin/sh
# Each tests/smtp/*.t is a session with smtp-front, played and compared (see _transcript.py).
# shellcheck disable=SC2317,SC2329 # shunit2 calls the functions

HERE=$(dirname "$0")

oneTimeSetUp() {
  export PYTHONDONTWRITEBYTECODE=1
  "$HERE/_transcript.py" "$HERE"/*.t >"$SHUNIT_TMPDIR/results" 2>&1 || :
}

check() {
  grep -qx "ok $1" "$SHUNIT_TMPDIR/results"
  assertTrue "$(sed -n "\|^not ok $1\$|,/^\(not \)*ok /p" "$SHUNIT_TMPDIR/results")" $?
}

suite() {
  for transcript in "$HERE"/*.t; do
    name=test_$(basename "$transcript" .t | tr -c 'a-z0-9\n' _)
    eval "$name() { check '$transcript'; }"
    suite_addTest "$name"
  done
}

# shellcheck source=/dev/null
. shunit2
