#!/bin/sh
# lint.sh: what machines can say about the sources; any word of theirs is a failure.
set -u

failed=0
check() { # check NAME COMMAND...
  name=$1
  shift
  echo "lint: $name"
  "$@" || failed=1
}

sources=$(find lib cmd tests -name '*.c' | sort)
headers=$(find lib cmd tests -name '*.h' | sort)
shells=$(find scripts service tests cmd .ci -type f ! -name '*.md' \
  -exec sh -c 'for f; do head -n 1 "$f" | grep -Eq "^#! ?/bin/(ba)?sh" && echo "$f"; done' sh {} + | sort)
pages=$(find cmd -name '*.[1-8]' | sort)
include='-D_GNU_SOURCE -Ilib'
[ ! -d build/sysroot/include ] || include="$include -isystem build/sysroot/include"

# One process per file, as many as there are cores.
# shellcheck disable=SC2086,SC2317 # lists of words; called by check
tidy() {
  printf '%s\n' $sources | xargs -P "$(nproc)" -I FILE clang-tidy --quiet FILE -- -std=c11 $include \
    2>/dev/null
}

# shellcheck disable=SC2086 # lists of words
{
  check clang-format clang-format --dry-run -Werror $sources $headers
  check clang-tidy tidy
  # uninitvar takes a buffer for unset that an argument to the right of it fills.
  check cppcheck cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability \
    --inline-suppr --suppress=missingIncludeSystem --suppress=uninitvar -j 2 -D_GNU_SOURCE -Ilib $sources
  # SC1091: shunit2 is not read. SC2016, SC2317: it evaluates texts, and calls functions by name.
  check shellcheck shellcheck -x -P SCRIPTDIR -e SC1091,SC2016,SC2317 $shells
  [ -z "$pages" ] || check mandoc mandoc -T lint -W warning $pages
}
exit "$failed"
