#!/bin/sh
# What is encoded on its way to a server that has 7-bit lines only is the same message to others.
# shellcheck disable=SC2317 # shunit2 calls the functions

here=$(dirname "$0")

test_python_finds_the_same_contents() {
  assertEquals '' "$(python3 "$here/_encode.py" "$BUILD/tests/relay/encode_test" 150 2>&1 | head -n 40)"
}

# shellcheck source=/usr/share/shunit2/shunit2
. shunit2
