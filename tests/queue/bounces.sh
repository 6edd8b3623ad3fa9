#!/bin/sh
# Bounces and other notices that queue-send makes, read by Python's email package.
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"

bounce() { deliveries sender; }

test_failure() {
  serve_remote
  answer b@x.example 'D550 5.1.1 mx.x.example[192.0.2.1] said: no such user'
  start_send
  inject sender@example.test a@x.example b@x.example c@example.test
  report=$(bounce)
  assertEquals 'failed 5.1.1 rfc822; b@x.example smtp; 550 5.1.1 no such user dns; mx.x.example
multipart/report auto-replied text/plain message/delivery-status message/rfc822' \
    "$(read_report "$report")"
  assertTrue 'the null sender' "grep -qx 'Return-Path: <>' '$report'"
  delivered_all
  logged 'event=notice id=.* notice=.* results=1'
  assertEquals 'one bounce, and each delivered once' '1 1 2' \
    "$(count_box sender) $(count_box c) $(list_jobs | wc -l)"
}

# Some are tried again: the failure is told at once, and once.
test_failure_beside_a_delay() {
  serve_remote
  answer b@x.example 'D550 5.1.1 x said: no such user'
  answer c@x.example 'Z451 4.2.1 x said: later'
  start_send
  inject sender@example.test a@x.example b@x.example c@x.example
  bounce >/dev/null
  logged event=waiting
  entries_left 1
  assertEquals 'c@x.example deferred 1' "$(queue-list -p | awk -F '\t' '{ print $5, $6, $7 }')"
  stop_send # what it remembers is on the disk
  start_send
  kill -ALRM "$SEND_PID"
  logged event=waiting 2
  answer_all
  kill -ALRM "$SEND_PID"
  delivered_all
  assertEquals 'one bounce' 1 "$(count_box sender)"
  assertEquals 'three tries of one, one of the others' 5 "$(list_jobs | wc -l)"
}

test_expiry() {
  serve_remote
  answer x.example 'Z4.4.1 no answer'
  start_send
  inject QUEUE_ID=0000000000aaaaaa sender@example.test a@x.example
  assertEquals 'failed 5.4.7' "$(read_report "$(bounce)" | head -n 1 | cut -d ' ' -f 1,2)"
  delivered_all
}

# Whoever makes ids up makes no message young for ever.
test_delay_of_one_from_the_future() {
  set_conf delay-notice 1
  set_conf retry-schedule 1
  serve_remote
  answer x.example 'Z451 4.2.1 x said: later'
  start_send
  inject QUEUE_ID="$(make_id -31536000)" sender@example.test a@x.example
  assertEquals 'delayed 4.2.1' "$(read_report "$(bounce)" | head -n 1 | cut -d ' ' -f 1,2)"
  answer_all
  kill -ALRM "$SEND_PID"
  delivered_all
}

test_delay() {
  set_conf delay-notice 1
  serve_remote
  answer x.example 'Z451 4.2.1 x said: later'
  start_send
  inject QUEUE_ID="$(make_id 60)" sender@example.test a@x.example
  report=$(bounce)
  assertEquals 'delayed 4.2.1' "$(read_report "$report" | head -n 1 | cut -d ' ' -f 1,2)"
  logged event=waiting
  kill -ALRM "$SEND_PID"
  logged event=waiting 2
  assertEquals 'told once' 1 "$(count_box sender)"
  answer_all
  kill -ALRM "$SEND_PID"
  delivered_all
}

# It is told of although nothing is tried; and it is still delivered when that is possible.
test_delay_at_one_that_is_down() {
  set_conf delay-notice 1
  serve_remote
  answer x.example 'Z4.4.1 no answer'
  start_send
  inject first@example.org a@x.example
  logged event=down
  inject QUEUE_ID="$(make_id 60)" sender@example.test b@x.example
  assertEquals 'delayed 4.4.1 rfc822; b@x.example' \
    "$(read_report "$(bounce)" | head -n 1 | cut -d ' ' -f 1-4)"
  answer_all
  kill -ALRM "$SEND_PID"
  jobs_come b@x.example 1
  delivered_all
  assertEquals 'told once' 1 "$(count_box sender)"
}

test_never() {
  start_send
  inject_with 'Pnobody@only.example\0NOTIFY=NEVER\0\0' sender@example.test nobody@only.example
  logged event=undeliverable
  delivered_all
  assertEquals 0 "$(count_box sender)"
}

test_success() {
  serve_remote
  answer relayed@x.example 'Krelayed, no DSN: 250 ok'
  start_send
  inject_with 'Pa@example.test\0NOTIFY=SUCCESS\0\0Prelayed@x.example\0NOTIFY=SUCCESS\0\0Ppassed@x.example\0NOTIFY=SUCCESS\0\0' \
    sender@example.test a@example.test b@example.test relayed@x.example passed@x.example
  report=$(bounce)
  assertEquals 'relayed 2.0.0 rfc822; relayed@x.example
delivered 2.0.0 rfc822; a@example.test' "$(read_report "$report" | head -n 2 | cut -d ' ' -f 1-4)"
  delivered_all
}

test_bounce_that_fails() {
  start_send
  inject nobody@only.example nobody@only.example
  deliveries box >/dev/null # the postmaster's
  delivered_all
  assertEquals 'and that is all' 1 "$(find "$MAIL" -path '*/new/*' -type f | wc -l)"
}

test_bounce_that_nobody_wants() {
  set_conf double-bounce ''
  start_send
  inject '' nobody@only.example
  logged 'event=undeliverable .*from=""'
  delivered_all
  assertFalse 'no Maildir' "[ -e '$MAIL/box' ]"
}

test_postmaster_who_is_not_there() {
  set_conf double-bounce gone@only.example
  start_send
  inject nobody@only.example nobody@only.example
  logged event=undeliverable
  delivered_all
  assertEquals 'a bounce, and the bounce of that' 2 "$(grep -c event=notice "$CHAIN/send.log")"
}

test_bad_texts() {
  echo '[nonsense]' >"$CHAINMAIL_CONF/bounce-texts"
  assertEquals 100 "$(queue-send 2>/dev/null; echo $?)"
}

# The entry stays until its sender could be told.
test_bounce_that_cannot_be_injected() {
  needs_tracing || return 0
  start_program send.log strace -qq -o /dev/null -e trace=linkat,link,rename \
    -e inject=linkat,link,rename:error=ENOSPC:when=1..4 queue-send -n 3
  SEND_PID=$STARTED
  inject sender@example.test nobody@only.example
  logged event=notice-failed
  assertEquals 'it is still there' 1 "$(count_entries)"
  kill -ALRM "$(pgrep -P "$SEND_PID" -x queue-send)"
  wait_until has_been_told_or_asks
  bounce >/dev/null
  delivered_all
  end_process "$(pgrep -P "$SEND_PID" -x queue-send)"
}
has_been_told_or_asks() {
  [ "$(count_box sender)" -eq 1 ] || { kill -ALRM "$(pgrep -P "$SEND_PID" -x queue-send)" && false; }
}

# shellcheck source=/dev/null
. shunit2
