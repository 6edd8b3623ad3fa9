#!/bin/sh
# queue-check: what is whole, and every kind of what is not. No queue-send runs here.
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"

ID=hock9tq2oeauptqs

# check WANTED_CODE [OPTION...]: what queue-check prints
check() {
  want=$1
  shift
  queue-check "$@" 2>&1
  assertEquals 'exit code' "$want" $?
}

test_nothing() { assertEquals '0 messages' "$(check 0)"; }

test_whole() {
  inject me@example.org a@x.example
  inject "" a@x.example b@x.example
  assertEquals '2 messages' "$(check 0)"
}

test_a_changed_byte() {
  inject QUEUE_ID=$ID me@example.org a@x.example
  printf '!' | dd of="$(last_entry)" bs=1 seek=3 conv=notrunc status=none
  inject me@example.org b@x.example
  assertEquals "$ID: torn
2 messages, 1 torn" "$(check 1 -n)"
  assertEquals 'it stays' 2 "$(count_entries)"
  assertEquals "$ID: torn, moved to bad/
2 messages, 1 torn, 1 bad" "$(check 1)"
  assertEquals 'it is kept' 1 "$(find "$QUEUE/bad" -name "$ID.*" | wc -l)"
  assertEquals '1 message, 1 bad' "$(check 0)"
}

test_cut() {
  inject QUEUE_ID=$ID me@example.org a@x.example
  truncate -s -1 "$(last_entry)"
  assertEquals "$ID: torn, moved to bad/
1 message, 1 torn, 1 bad" "$(check 1)"
}

test_links() {
  inject QUEUE_ID=$ID me@example.org a@x.example
  ln "$(last_entry)" "$CHAIN/second"
  assertEquals "$ID: torn" "$(check 1 -n | head -n 1)"
  entry=$(last_entry)
  mv "$entry" "$CHAIN/elsewhere"
  rm "$CHAIN/second"
  ln -s "$CHAIN/elsewhere" "$entry"
  assertEquals "$ID: torn, moved to bad/" "$(check 1 | head -n 1)"
}

test_strangers() {
  echo hello >"$QUEUE/new/$(printf 'READ\tME')"
  assertEquals 'READ?ME: not a message
0 messages' "$(check 1)"
  assertEquals 1 "$(count_entries)"
}

# A name may not order a terminal about: CSI, and text from right to left.
test_names_for_terminals() {
  echo hello >"$QUEUE/new/$(printf 'a\302\2332Jb\342\200\256c\233d')"
  assertEquals 'a??2Jb?c?d: not a message' "$(check 1 | head -n 1)"
}

test_logs() {
  inject me@example.org a@x.example
  : >"$QUEUE/state/$(basename "$(last_entry)")"
  assertEquals '1 message' "$(check 0)"
  : >"$QUEUE/state/$ID.0123456789abcdef"
  assertEquals "$ID: a log without its message
1 message" "$(check 1)"
  assertTrue 'it stays' "[ -f '$QUEUE/state/$ID.0123456789abcdef' ]"
}

# What cannot be moved is said, and is another failure than what is wrong.
test_cannot_move() {
  inject QUEUE_ID=$ID me@example.org a@x.example
  truncate -s -1 "$(last_entry)"
  mkdir "$QUEUE/bad/$(basename "$(last_entry)")"
  assertEquals "$ID: torn, but not moved: Is a directory
1 message, 1 torn, 1 bad" "$(check 111)"
}

test_usage() {
  assertEquals 100 "$(queue-check -x 2>/dev/null; echo $?)"
  assertEquals 100 "$(queue-check word 2>/dev/null; echo $?)"
  assertEquals 0 "$(queue-check -h 2>/dev/null; echo $?)"
  assertEquals 111 "$(queue-check -q "$CHAIN/nowhere" 2>/dev/null; echo $?)"
  assertEquals 'a full disk' 111 "$(queue-check >/dev/full 2>/dev/null; echo $?)"
}

# shellcheck source=/dev/null
. shunit2
