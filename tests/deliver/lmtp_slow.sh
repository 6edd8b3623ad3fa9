#!/bin/sh
# timeout: 500
# deliver-lmtp beside servers that accept, greet and stall, and beside mailboxes that do: what it has
# others wait for, and for how long.
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/deliver/_relay.sh
. "${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/deliver/_relay.sh"

setUp() {
  relay_start
  PIDS=
  ENTRY=$(queue-inject -q "$DIR/queue" <"$DIR/message" 1<"$DIR/envelope" && ls "$DIR"/queue/new/*)
}

tearDown() {
  for pid in $PIDS; do { kill "$pid" && wait "$pid"; } 2>/dev/null; done
  relay_stop
}

# start RULES...: tests/deliver/_smtp_server.py; sets port
start() {
  mkfifo "$DIR/port"
  python3 "$TOP/tests/deliver/_smtp_server.py" "$@" >"$DIR/port" &
  PIDS="$PIDS $!"
  read -r port <"$DIR/port"
  rm -f "$DIR/port"
}

# deliver OPTIONS RECIPIENT=SERVER...: each by a sender of its own, so in a transaction of its own, or
# with together=1 by one; those behind the word next when the others are done; the answers as they come
deliver() {
  options=$1
  shift
  number=0
  for job; do
    [ -n "${together-}" ] || number=$((number + 1))
    case $job in
      next) set -- "$@" next ;;
      *) set -- "$@" "$ENTRY" "s$number@a" "${job%=*}@b" "${job##*=}" ;;
    esac
    shift
  done
  # shellcheck disable=SC2086 # options are words
  timeout $((2 * PATIENCE)) "$TOP/tests/deliver/_worker.py" -o "$@" -- deliver-lmtp $options 2>>"$DIR/log"
}

# kinds: answers without the server's own words
kinds() { sed 's/K250 .*/K/'; }

# ---- servers ----

# stall EVENT: five servers, four of which say nothing more from there on; the answers come beside
# what the test does next
stall() {
  start "$1=silent"
  slow=$port
  start "$1=silent"
  slower=$port
  start
  deliver '-c 4 -w 1 -t 12' "a=127.0.0.1:$slow" "b=[127.0.0.1]:$slow" "c=127.0.0.1:$slower" \
    "d=[127.0.0.1]:$slower" "e=127.0.0.1:$port" >"$DIR/$1" &
  stalled="$stalled $!"
}

check_stalled() { # check_stalled EVENT
  assertEquals "$1: one is given up, the last one is served, the others have their time" \
    'soon K long long long ' \
    "$(sed 's/.* K.*/K/; s/.*soon.*/soon/; s/.*too long.*/long/' "$DIR/$1" | tr '\n' ' ')"
  assertEquals "$1: the last one is e" e@b "$(sed -n 's/ K.*//p' "$DIR/$1")"
}

# Before they greet, and after.
test_stalling_servers_do_not_have_all_connections() {
  stalled=
  for event in connect lhlo rcpt data; do stall "$event"; done
  # shellcheck disable=SC2086 # words are wanted
  wait $stalled
  for event in connect lhlo rcpt data; do check_stalled "$event"; done
}

# What is ended on a connection that was kept is not tried on another one first, which would have the
# others wait once more.
test_servers_that_stall_on_a_kept_connection() {
  start mail2=silent
  slow=$port
  start mail2=silent
  slower=$port
  start
  deliver '-c 2 -s 1 -w 1 -t 9' "a=127.0.0.1:$slow" "b=127.0.0.1:$slower" next "c=127.0.0.1:$slow" \
    "d=127.0.0.1:$slower" "e=127.0.0.1:$port" >"$DIR/answers"
  assertEquals 'one is given up, and then the last one is served' 'soon e@b K' \
    "$(sed -n '3s/.*soon.*/soon/p; 4s/ K.*/ K/p' "$DIR/answers" | xargs)"
}

# Each answer comes soon enough, and all of them together do not.
test_servers_that_drip() {
  start rcpt=drip
  slow=$port
  start
  # shellcheck disable=SC2046 # words are wanted
  set -- $(for i in $(seq 20); do echo "r$i=127.0.0.1:$slow" "r$i=[127.0.0.1]:$slow"; done)
  together=1 deliver '-c 2 -s 1 -w 1' "$@" "e=127.0.0.1:$port" >"$DIR/answers" &
  pid=$!
  assertTrue 'the other server has its turn' "wait_until grep -q '^e@b K250' '$DIR/answers'"
  kill "${PIDS% *}"
  wait "$pid"
  assertNotContains 'which is not the last one' "$(tail -n 1 "$DIR/answers")" e@b
}

# Nobody waits: they have their time.
test_servers_that_hold_up_nobody() {
  start connect=silent
  assertEquals 'a@b Z4.4.2 too long a wait for the greeting
b@b Z4.4.2 too long a wait for the greeting' \
    "$(deliver '-c 2 -w 1 -t 4' "a=127.0.0.1:$port" "b=[127.0.0.1]:$port")"
}

# A connection that has said QUIT, and waits ten seconds for the answer, is not waited for. A machine
# that stands still may have that take as long: once is enough.
test_one_that_does_not_say_goodbye() {
  start -s "$DIR" quit=silent
  silent=127.0.0.1:$port
  start "gate@b=until $DIR/go"
  for try in 1 2 3 4 5; do
    served_before_the_answer && return
  done
  fail "the next one waits for the answer to QUIT, $try times"
}

has_quit() { grep -q QUIT "$DIR/commands"; }

served_before_the_answer() {
  rm -f "$DIR/commands" "$DIR/go"
  "$TOP/tests/deliver/_worker.py" "$ENTRY" s@a a@b "$silent" "$ENTRY" s@a gate@b "127.0.0.1:$port" \
    "$ENTRY" s@a c@b "$silent" -- deliver-lmtp -i 1 -s 1 >"$DIR/answers" 2>>"$DIR/log" &
  job=$!
  assertTrue 'it quits' 'wait_until has_quit'
  quit=$(date +%s)
  : >"$DIR/go"
  assertTrue 'and another one is opened' 'wait_until was_opened_again'
  again=$(date +%s)
  wait "$job"
  assertEquals 'all are delivered' 3 "$(grep -c ^K250 "$DIR/answers")"
  [ $((again - quit)) -lt 8 ]
}

was_opened_again() { [ "$(grep -c connect "$DIR/commands")" -eq 2 ]; }

# ---- mailboxes ----

test_each_recipient_is_told_of_at_once() {
  start "slow@b=until $DIR/go"
  "$TOP/tests/deliver/_worker.py" -o "$ENTRY" s@a fast@b "127.0.0.1:$port" "$ENTRY" s@a slow@b \
    "127.0.0.1:$port" -- deliver-lmtp >"$DIR/answers" 2>>"$DIR/log" &
  PIDS="$PIDS $!"
  assertTrue 'the first one is told of' "wait_until grep -q '^fast@b K250' '$DIR/answers'"
  assertEquals 'and the other one is not' 1 "$(wc -l <"$DIR/answers")"
  : >"$DIR/go"
  assertTrue 'then he is' "wait_until grep -q '^slow@b K250' '$DIR/answers'"
}

# Sixteen messages to 63 and to slow are all that we may have in hand; what the 63 have got is not.
test_what_is_answered_makes_room() {
  start "slow@b=until $DIR/go"
  slow=127.0.0.1:$port
  start
  set --
  for message in $(seq 16); do
    for number in $(seq 63); do set -- "$@" "$ENTRY" "s$message@a" "r$number@b" "$slow"; done
    set -- "$@" "$ENTRY" "s$message@a" slow@b "$slow"
  done
  "$TOP/tests/deliver/_worker.py" -w "$@" "$ENTRY" s@a e@b "127.0.0.1:$port" -- \
    deliver-lmtp -c 33 -s 32 >"$DIR/answers" 2>>"$DIR/log" &
  PIDS="$PIDS $!"
  assertTrue 'the next job is done' "wait_until grep -q '^e@b K250' '$DIR/answers'"
  assertEquals 'while slow has all of them wait' '' "$(grep '^slow@b' "$DIR/answers")"
  : >"$DIR/go"
  answered() { [ "$(wc -l <"$DIR/answers")" -eq 1025 ]; }
  assertTrue 'which ends' 'wait_until answered'
  assertEquals 'and all of them have it' '' "$(grep -v ' K250' "$DIR/answers")"
}

# x has as many messages as there are connections, and more: it has half of these at most, and when it
# is stuck its other messages wait in the queue.
test_a_mailbox_that_is_stuck() {
  start x@b=silent
  server=127.0.0.1:$port
  deliver '-s 2 -w 1 -t 9' "x=$server" "x=$server" "x=$server" "y=$server" >"$DIR/answers"
  assertEquals 'x@b Z4.2.0 the last delivery there has not come to its end
x@b Z4.2.0 the last delivery there has not come to its end
y@b K' "$(head -n 3 "$DIR/answers" | kinds | LC_ALL=C sort)"
  assertEquals 'x@b Z4.2.0 too long a wait for the answer to the message' "$(tail -n +4 "$DIR/answers")"
}

# Two of them have all connections.
test_mailboxes_that_are_stuck_while_others_wait() {
  start x@b=silent y@b=silent
  server=127.0.0.1:$port
  deliver '-s 2 -w 1 -t 13' "x=$server" "y=$server" "z=$server" >"$DIR/answers"
  assertEquals 'Z4.2.0 not done soon enough, while others wait
K
Z4.2.0 too long a wait for the answer to the message' "$(sed 's/^[^ ]* //' "$DIR/answers" | kinds)"
  assertContains "$(cat "$DIR/answers")" 'z@b K250'
}

# The storage as a whole: two have failed for now, perhaps more if this script stands still; the others
# go on when it does.
test_a_storage_that_hangs() {
  start "end=until $DIR/go"
  set --
  for user in a b c d e f g h i j k l; do set -- "$@" "$user=127.0.0.1:$port"; done
  deliver '-w 1' "$@" >"$DIR/answers" &
  PIDS="$PIDS $!"
  two_failed() { [ "$(grep -c 'Z4.2.0 not done soon enough' "$DIR/answers")" -ge 2 ]; }
  assertTrue 'two are given up' 'wait_until two_failed'
  : >"$DIR/go"
  all_answered() { [ "$(wc -l <"$DIR/answers")" -eq 12 ]; }
  assertTrue 'the others have an answer' 'wait_until all_answered'
  assertEquals 'of the server, none of which says that it is down' '' \
    "$(grep -v ' K250\| Z4.2.0 not done soon enough' "$DIR/answers")"
  assertContains 'the last one is delivered' "$(cat "$DIR/answers")" 'l@b K250'
}

# The next time those behind it go without it.
test_a_mailbox_that_was_stuck_is_left_alone() {
  start x@b=silent
  server=127.0.0.1:$port
  assertEquals 'Z4.2.0 too long a wait for the answer to the message
Z4.2.0 the last delivery there has not come to its end
K250 2.0.0 '"$server"' said: kept' \
    "$("$TOP/tests/deliver/_worker.py" "$ENTRY" s@a x@b "$server" "$ENTRY" s@a x@b "$server" \
      "$ENTRY" s@a y@b "$server" -- deliver-lmtp -t 8 2>>"$DIR/log")"
}

# The same of one at which the server falls over; and what it said of others counts.
test_a_mailbox_that_ends_the_connection() {
  start x@b=close
  server=127.0.0.1:$port
  "$TOP/tests/deliver/_worker.py" -b "$ENTRY" s@a v@b "$server" "$ENTRY" s@a x@b "$server" \
    "$ENTRY" s@a y@b "$server" -- deliver-lmtp >"$DIR/answers" 2>>"$DIR/log"
  assertEquals 'K250 Z4.2.0 Z4.2.0' "$(sed 's/ .*//' "$DIR/answers" | xargs)"
}

# shellcheck source=/usr/share/shunit2/shunit2
. shunit2
