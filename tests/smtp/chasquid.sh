#!/bin/sh
# Another server's dialogues, from the shared data; compared by class of reply.
# shellcheck disable=SC2317,SC2329 # shunit2 calls the functions

HERE=$(dirname "$0")
. "$TOP/tests/_needs.sh"
DATA=${TESTDATA:-$TOP/../shared/data}/smtp-chasquid

oneTimeSetUp() {
  "$HERE/_chasquid.py" "$DATA"/*.cmy >"$SHUNIT_TMPDIR/results" 2>&1 || :
}

check() {
  if grep "^skip $1:" "$SHUNIT_TMPDIR/results" | sed 's/^skip /skip - /' | grep .; then
    startSkipping
  fi
  grep -qx "ok $1" "$SHUNIT_TMPDIR/results"
  assertTrue "$(sed -n "\|^not ok $1\$|,/^\(not \)*ok /p" "$SHUNIT_TMPDIR/results")" $?
}

test_data() {
  [ -d "$DATA" ] || skip 'no shared data'
  assertTrue "$DATA" "[ -d '$DATA' ]"
}

suite() {
  suite_addTest test_data
  for dialogue in "$DATA"/*.cmy; do
    [ -f "$dialogue" ] || continue
    name=$(basename "$dialogue" .cmy)
    function=test_$(printf %s "$name" | tr -c 'a-z0-9' _)
    eval "$function() { check $name; }"
    suite_addTest "$function"
  done
}

# shellcheck source=/dev/null
. shunit2
