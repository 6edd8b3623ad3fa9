#!/bin/sh
# not confined: strace kills the programs that it traces
# queue-send killed at every system call of an order: what it confirmed holds when it runs again, and
# nothing is lost or delivered twice.
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"

ask() { printf '%s\n' "$1" | timeout "$PATIENCE" socat -t "$PATIENCE" - "UNIX-CONNECT:$QUEUE/control" 2>/dev/null; }

# One message, which waits since its Maildir is broken.
make_entry() {
  rm -rf "${MAIL:?}" "$QUEUE"/new/* "$QUEUE"/state/*
  break_box b
  inject sender@example.test b@example.test
  ENTRY=$(basename "$(last_entry)")
  start_send
  wait_until is_deferred
  stop_send
}

is_deferred() { [ "$(queue-list -p | cut -f 6)" = deferred ]; }

# order_under OPTIONS WORDS: runs queue-send under strace, gives the order, prints the answer
order_under() {
  # shellcheck disable=SC2086 # words are wanted
  start_program send.log strace -qq -o "$CHAIN/trace" $1 queue-send -n 3 -w maildir=deliver-maildir
  tracer=$STARTED
  wait_until has_known # it has read the folders, and is silent
  answer=$(ask "$2")
  for child in $(pgrep -P "$tracer" -x queue-send); do kill "$child" 2>/dev/null; done
  wait_until has_ended "$tracer"
  wait "$tracer" 2>/dev/null
  printf '%s' "$answer"
}

has_known() { ask "list $ENTRY" | grep -q waiting; }

# The calls from the order on that change something, each as strace's inject wants it.
list_calls() {
  awk -F '(' -v verb="\"$1 " '/^[a-z]/ { n[$1]++ } index($0, verb) { main = 1 }
    /SIGTERM/ { exit }
    main && /^(openat|write|writev|fsync|fdatasync|fchown|unlinkat|unlink|sendto)\(/ {
      print $1 ":signal=KILL:when=" n[$1] }' "$CHAIN/trace"
}

# kill_at_each VERB CHECK: CHECK is called with the answer that came, if one did
kill_at_each() {
  { needs_tracing && needs_sight; } || return 0
  make_entry
  assertEquals +done "$(order_under '' "$1 $ENTRY why")"
  list_calls "$1" >"$CHAIN/calls"
  assertTrue 'there are some' "[ $(grep -c '' "$CHAIN/calls") -ge 3 ]"
  while read -r call; do
    make_entry
    answer=$(order_under "-e inject=$call" "$1 $ENTRY why")
    mend_box b
    start_send
    kill -ALRM "$SEND_PID"
    "$2" "$call"
    stop_send
  done <"$CHAIN/calls"
}

dropped() {
  if [ "$answer" = +done ]; then
    wait_until is_empty || fail "$1: it is still there"
    assertEquals "$1: it was dropped" 0 "$(count_box b)"
  else
    wait_until is_empty || fail "$1: it waits"
    assertTrue "$1: once at most" "[ $(count_box b) -le 1 ]"
  fi
  assertEquals "$1: nobody is told" 0 "$(count_box sender)"
}

bounced() {
  wait_until is_empty || fail "$1: it waits"
  assertTrue "$1: told, or delivered" "[ $(($(count_box sender) + $(count_box b))) -ge 1 ]"
  [ -z "$answer" ] || assertEquals "$1: it was returned" 0 "$(count_box b)"
}

is_held_or_gone() { is_empty || ask "list $ENTRY" | grep -q held; }

held() {
  wait_until is_held_or_gone || fail "$1: it is neither held nor delivered"
  if [ "$answer" = +done ]; then
    assertEquals "$1: it was held" 0 "$(count_box b)"
  fi
  ask "release $ENTRY" >/dev/null
  wait_until is_empty || fail "$1: it waits"
  assertEquals "$1: delivered once" 1 "$(count_box b)"
}

test_drop() { kill_at_each drop dropped; }
test_bounce() { kill_at_each bounce bounced; }
test_hold() { kill_at_each hold held; }

# shellcheck source=/dev/null
. shunit2
