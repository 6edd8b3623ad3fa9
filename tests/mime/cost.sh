#!/bin/sh
# lib/mime takes time in proportion to its input, whatever that is: see cost.c.

testCost() {
  ${CC:-gcc} -std=c11 -O1 -fno-builtin -fsanitize-coverage=trace-pc -D_GNU_SOURCE -I"$TOP/lib" \
    -o "$SHUNIT_TMPDIR/cost" "$TOP/tests/mime/cost.c" "$TOP/tests/counted.c" "$TOP"/lib/mime/*.c \
    "$TOP/lib/text/text.c" "$TOP/lib/smtp/date.c" || fail 'not compiled' || return
  costs=$("$SHUNIT_TMPDIR/cost" 2>&1)
  assertTrue "$costs" $?
}

# shellcheck source=/dev/null
. shunit2
