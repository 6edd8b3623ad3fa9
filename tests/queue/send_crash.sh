#!/bin/sh
# not confined: it traces programs and disturbs their system calls
# timeout: 500
# queue-send and deliver-maildir, killed at every system call of a delivery: when they run again,
# each message is delivered, whole, and the queue is empty.
# check-crash: 900
# shellcheck disable=SC2317,SC2086 # shunit2 calls the functions; words are wanted

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"
. "$TOP/tests/queue/_crash.sh"

# Three messages: one Maildir, two, and one where something fails, which makes a fourth: its bounce.
fill_queue() {
  rm -rf "${MAIL:?}" "$QUEUE"/new/* "$QUEUE"/state/*
  inject me@example.org a@example.test
  inject me@example.org a@example.test b@example.test
  inject sender@example.test c@example.test nobody@only.example
}

is_done() { is_empty && box_has sender 1; }

whole() { find "$MAIL/$1/new" -type f -exec grep -lx hello {} + 2>/dev/null | wc -l; }

check_outcome() {
  is_done || fail "$1: the queue is not done: $(ls "$QUEUE/new" "$QUEUE/state")"
  assertTrue "$1: lost: $(whole a) $(whole b) $(whole c)" \
    "[ $(whole a) -ge 2 ] && [ $(whole b) -ge 1 ] && [ $(whole c) -ge 1 ]"
  assertEquals "$1: none torn" '' "$(find "$MAIL" -path '*/new/*' -type f -exec grep -Lx hello {} +)"
  assertEquals "$1: none set aside" '' "$(ls "$QUEUE/bad")"
}

recover_and_check() {
  is_done || recover
  check_outcome "$1"
}

test_kill_scheduler() {
  needs_tracing || return 0
  fill_queue
  run_send strace -qq -o "$CHAIN/trace" queue-send
  check_outcome 'not killed'
  list_calls '"lock"' "$CHAIN/trace" >"$CHAIN/calls"
  assertTrue 'there are calls' "[ $(grep -c '' "$CHAIN/calls") -gt 15 ]"
  while read -r call; do
    fill_queue
    run_send strace -qq -o /dev/null -e "inject=$call" queue-send
    recover_and_check "queue-send $call"
  done <"$CHAIN/calls"
}

test_kill_deliverer() {
  needs_tracing || return 0
  fill_queue
  run_send queue-send -w maildir=1 -w "maildir=strace -qq -o $CHAIN/trace deliver-maildir"
  check_outcome 'not killed'
  list_calls 'recvmsg(' "$CHAIN/trace" >"$CHAIN/calls"
  assertTrue 'there are calls' "[ $(grep -c '' "$CHAIN/calls") -gt 15 ]"
  while read -r call; do
    fill_queue
    run_send_briefly queue-send -w maildir=1 \
      -w "maildir=strace -qq -o /dev/null -e inject=$call deliver-maildir"
    recover_and_check "deliver-maildir $call"
  done <"$CHAIN/calls"
}

# Both at once, at any time, under load.
test_kill_at_random() {
  rm -rf "${MAIL:?}"
  for i in 1 2 3 4 5 6 7 8 9 10; do
    for j in 1 2 3 4 5 6 7 8; do inject "me$i.$j@example.org" "box$j@example.test"; done
    queue-send 2>>"$CHAIN/send.log" &
    SEND_PID=$!
    has_deliveries_or_not "$i"
    kill -9 $(pgrep -P "$SEND_PID") "$SEND_PID" 2>/dev/null
    wait "$SEND_PID" 2>/dev/null
  done
  start_send
  wait_until retry_until_empty || fail "the queue is not empty: $(tail -n 20 "$CHAIN/send.log")"
  missing=
  for i in 1 2 3 4 5 6 7 8 9 10; do
    for j in 1 2 3 4 5 6 7 8; do
      grep -qs "^Return-Path: <me$i.$j@" "$MAIL/box$j"/new/* || missing="$missing $i.$j"
    done
  done
  assertEquals 'none is lost' '' "$missing"
  assertEquals 'none is torn' '' "$(find "$MAIL" -path '*/new/*' -exec grep -Lx hello {} +)"
}

# A queue-send that outlives its deliverers for a moment has noted a failure for now.
retry_until_empty() { is_empty || { kill -ALRM "$SEND_PID" && false; }; }

# Killed a little later each time.
has_deliveries_or_not() {
  tries=$(($1 * 3))
  while [ $tries -gt 0 ]; do
    kill -0 "$SEND_PID"
    tries=$((tries - 1))
  done
}

# shellcheck source=/dev/null
. shunit2
