#!/bin/sh
# When its sender wants a message delivered: not before a time, by a time, before others.
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"

report() { read_report "$(deliveries sender)" | head -n 1 | cut -d ' ' -f 1-4; }

# ---- HOLDFOR, HOLDUNTIL ----

test_held() {
  start_send
  inject_with 'P\0HOLDFOR=86400\0\0' me@example.org a@example.test
  inject_with 'P\0HOLDUNTIL=2199-01-01T00:00:00Z\0\0' me@example.org a@example.test
  logged 'event=hold .*next=863..'
  logged event=hold 2
  inject me@example.org b@example.test
  deliveries b >/dev/null
  kill -ALRM "$SEND_PID"
  logged event=found 0
  assertEquals 'not tried: its sender wants it to wait' \
    "$(queue-retry -r a@example.test 2>&1 | sed 's/.*: not/not/' | sort -u)"
  stop_send
  start_send
  logged 'event=found .*count=2'
  inject me@example.org b@example.test
  deliveries b 2 >/dev/null
  entries_left 2
  assertEquals 'neither a signal nor a restart lets it go' 0 "$(count_box a)"
}

test_released() {
  start_send
  inject_with 'P\0HOLDFOR=2\0\0' me@example.org a@example.test
  inject_with 'P\0HOLDUNTIL=2020-01-01T00:00:00Z\0\0' me@example.org b@example.test
  deliveries b >/dev/null
  deliveries a >/dev/null
  delivered_all
  assertTrue 'after two seconds' "grep -q 'event=delivered .*rcpt=a@.* delay=\([2-9]\|[1-9][0-9]\)[0-9]\{3\}' $CHAIN/send.log"
}

# An hour was spent in the queue, of which it was held for all but a few seconds.
test_life_begins_with_the_release() {
  set_conf queue-lifetime 600
  serve_remote
  answer x.example 'Z451 4.2.1 x said: later'
  start_send
  inject_with QUEUE_ID="$(make_id 3600)" 'P\0HOLDFOR=3590\0\0' sender@example.test a@x.example
  logged event=waiting
  inject QUEUE_ID="$(make_id 3600)" sender@example.test b@x.example
  assertEquals 'another one has expired' 'failed 5.4.7 rfc822; b@x.example' "$(report)"
  entries_left 1
  assertEquals 'and this one waits' 'a@x.example deferred' "$(queue-list -p | awk -F '\t' '{ print $5, $6 }')"
}

# ---- BY ----

# It is not waited for the next try. On a machine that stands still it may be too late for the first one:
# then there is more time.
test_returned_in_time() {
  serve_remote
  answer x.example 'Z451 4.2.1 x said: later'
  start_send
  for seconds in 2 10 50; do
    rm -rf "$MAIL/sender"
    inject_with "P\\0BY=$seconds;R\\0\\0" sender@example.test a@x.example
    assertEquals 'failed 5.4.7 rfc822; a@x.example' "$(report)"
    delivered_all
    ! has_jobs a@x.example 1 || break
  done
  assertEquals 'one try' 1 "$(list_jobs | wc -l)"
}

test_returned_in_time_from_one_that_is_down() {
  serve_remote
  answer x.example 'Z4.4.1 no answer'
  start_send
  inject me@example.org b@x.example
  logged event=down
  inject_with 'P\0BY=2;R\0\0' sender@example.test a@x.example
  assertEquals 'failed 5.4.7 rfc822; a@x.example' "$(report)"
  assertEquals 'it was not tried' 0 "$(list_jobs a@x.example | wc -l)"
}

test_returned_when_it_is_too_late() {
  serve_remote
  start_send
  inject_with QUEUE_ID="$(make_id 100)" 'P\0BY=99;R\0\0' sender@example.test a@x.example b@example.test
  assertEquals 'failed 5.4.7 rfc822; a@x.example' "$(report)"
  delivered_all
  assertEquals 'nobody has got it' '0 0' "$(list_jobs | wc -l) $(count_box b)"
}

test_told_in_time() {
  set_conf delay-notice 0
  serve_remote
  answer x.example 'Z4.4.1 no answer'
  start_send
  inject_with 'P\0BY=2;N\0\0' sender@example.test a@x.example
  assertEquals 'delayed 4.4.7 rfc822; a@x.example' "$(report)"
  answer_all
  kill -ALRM "$SEND_PID"
  delivered_all
  assertEquals 'told once, and delivered' '1 1' \
    "$(count_box sender) $(grep -c 'event=delivered .*rcpt=a@x' "$CHAIN/send.log")"
}

# A delay was told long before: it is told once more. A machine that stands still may notice both times
# at once: then there is more time between them.
test_told_twice() {
  set_conf delay-notice 1
  serve_remote
  answer x.example 'Z4.4.1 no answer'
  start_send
  waiting=0
  for seconds in 4 12 50; do
    rm -rf "$MAIL/sender"
    inject_with "P\\0BY=$seconds;N\\0\\0" sender@example.test a@x.example
    wait_until is_told_at_the_end || fail 'the time that is over is not told of'
    entries_left $((waiting += 1))
    [ "$(count_box sender)" -eq 1 ] || break
  done
  for box in $(deliveries sender); do read_report "$box"; done >"$CHAIN/reports"
  assertEquals 'delayed 4.4.1
delayed 4.4.7' "$(grep ^delayed "$CHAIN/reports" | cut -d ' ' -f 1,2 | sort)"
}
is_told_at_the_end() { grep -qsx 'Status: 4.4.7' "$MAIL"/sender/new/*; }

# What others know of when it is late; see also lib/worker.
test_relayed_to_who_knows_no_time() {
  serve_remote
  answer x.example 'K250 2.0.0 relayed, no DELIVERBY: ok'
  start_send
  inject_with 'P\0BY=600;N\0\0' sender@example.test a@x.example
  assertEquals 'relayed 2.0.0 rfc822; a@x.example' "$(report)"
  inject_with 'P\0BY=600;N\0\0Pb@x.example\0NOTIFY=NEVER\0\0' sender@example.test b@x.example
  inject_with 'P\0ENVID=x\0\0' sender@example.test c@x.example
  delivered_all
  assertEquals 'only who wants to know is told' 1 "$(count_box sender)"
}

test_trace() {
  serve_remote
  start_send
  inject_with 'P\0BY=600;RT\0\0' sender@example.test a@x.example
  assertEquals 'relayed 2.0.0 rfc822; a@x.example' "$(report)"
  inject_with 'P\0BY=600;R\0\0' sender@example.test b@x.example
  delivered_all
  assertEquals 'only a trace is told' 1 "$(count_box sender)"
}

# ---- priorities ----

# Two are in the deliverers' hands before the others come.
test_priorities() {
  set_conf concurrency-destination 1
  serve_remote
  answer x.example wait
  start_send
  inject first@example.org a@x.example
  jobs_come x.example 1
  for priority in -4 0 4; do
    for i in 1 2 3; do
      inject_with "P\\0MT-PRIORITY=$priority\\0\\0" "p$priority.$i@example.org" a@x.example
    done
  done
  inject_with SMTP_PRIORITY=9 'P\0MT-PRIORITY=-9\0\0' link@example.org a@x.example
  inject me@example.org a@example.test
  deliveries a >/dev/null # all have been looked at
  : >"$OUT/go"
  delivered_all
  assertEquals 'p4.1 p4.2 p4.3 link p0.1 p0.2 p0.3' \
    "$(list_jobs | awk '{ print $3 }' | tail -n +3 | head -n 7 | sed 's/@.*//' | xargs)"
}

# What is parked goes on although new ones come all the time.
test_new_ones_do_not_overtake_for_ever() {
  set_conf concurrency-destination 1
  serve_remote
  answer x.example wait
  start_send
  for i in 1 2 3 4 5; do inject "old$i@example.org" a@x.example; done
  jobs_come x.example 1
  : >"$OUT/go"
  until has_jobs old5 1 || has_jobs new 300; do inject new@example.org a@x.example; done
  has_jobs old5 1 || fail 'it has been overtaken 300 times'
  delivered_all
}

# ---- LMTP ----

# A server that knows DSN tells of its deliveries, and of all others queue-send does.
test_lmtp() {
  add_routes <<END
@lmtp.example  lmtp unix:/nowhere
END
  serve_remote
  CHAIN_SEND="-w lmtp=1 -w lmtp=$CHAIN/remote"
  answer knows@lmtp.example 'K250 2.0.0 passed, with DSN: saved'
  start_send
  inject_with 'Pknows@lmtp.example\0NOTIFY=SUCCESS\0\0' sender@example.test knows@lmtp.example
  delivered_all
  inject_with 'Pa@lmtp.example\0NOTIFY=SUCCESS\0\0' sender@example.test a@lmtp.example
  assertEquals 'delivered 2.0.0 rfc822; a@lmtp.example' "$(report)"
  delivered_all
  assertEquals 'once' 1 "$(count_box sender)"
}

# shellcheck source=/dev/null
. shunit2
