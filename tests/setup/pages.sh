#!/bin/sh
# The man pages say what is so.
# shellcheck disable=SC2329 # shunit2 calls the functions

says_what_is_so() {
  words=$(python3 tests/setup/_pages.py "$1" 2>&1)
  assertEquals "$words" 0 $?
}

test_options() { says_what_is_so options; }
test_sections() { says_what_is_so sections; }
test_variables() { says_what_is_so variables; }
test_links() { says_what_is_so links; }
test_map_of_the_system() { says_what_is_so map; }
test_settings() { says_what_is_so settings; }

# shellcheck source=/dev/null
. shunit2
