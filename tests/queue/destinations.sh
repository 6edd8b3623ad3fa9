#!/bin/sh
# queue-send and its destinations: what goes out together, how much at one time, and what happens
# when one of them is down. A scripted deliverer stands in for the channel remote.
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"

# Jobs one behind the other that have a destination and an entry in common are a transaction.
count_transactions() { list_jobs | awk '{ print $2, $5 }' | uniq | wc -l; }

test_recipients_of_a_destination_go_together() {
  serve_remote
  start_send
  inject me@example.org a@x.example b@y.example c@x.example d@y.example box@example.test e@x.example
  delivered_all
  assertEquals 'two transactions' 2 "$(count_transactions)"
  assertEquals 'a@x.example c@x.example e@x.example' \
    "$(list_jobs ' x.example' | awk '{ print $4 }' | tr '\n' ' ' | sed 's/ $//')"
  assertEquals 1 "$(count_box box)"
}

test_a_thousand_recipients_at_many_domains() {
  serve_remote
  start_send
  # shellcheck disable=SC2046 # words are wanted
  inject me@example.org $(for i in 1 2 3 4 5; do seq -f "user$i@domain%g.example" 200; done)
  delivered_all
  assertEquals 'all of them' 1000 "$(list_jobs | wc -l)"
  assertEquals 'in as few transactions as there are domains' 200 "$(count_transactions)"
}

test_more_than_a_batch() {
  serve_remote
  start_send
  # shellcheck disable=SC2046 # words are wanted
  inject me@example.org $(seq -f 'user%g@x.example' 3000)
  delivered_all
  assertEquals 'each once' 3000 "$(list_jobs | awk '{ print $4 }' | sort -u | wc -l)"
  assertEquals 3000 "$(list_jobs | wc -l)"
}

test_few_at_a_destination() {
  set_conf concurrency-destination 2
  serve_remote
  answer x.example wait
  start_send
  for i in 1 2 3 4 5 6 7 8 9; do inject "me$i@example.org" a@x.example; done
  inject me@example.org a@y.example
  jobs_come y.example 1
  jobs_come x.example 2
  assertEquals 'no more than two' 2 "$(list_jobs ' x.example' | wc -l)"
  : >"$OUT/go"
  delivered_all
  assertEquals 'each once' 9 "$(list_jobs ' x.example' | awk '{ print $3 }' | sort -u | wc -l)"
}

# Messages to many that wait for one destination leave their deliverer time for the others.
test_many_jobs_at_a_destination() {
  serve_remote
  answer x.example wait
  start_send
  # shellcheck disable=SC2046 # words are wanted
  for i in $(seq 20); do inject "me$i@example.org" $(seq -f 'user%g@x.example' 64); done
  jobs_come x.example 500
  inject me@example.org a@y.example
  jobs_come y.example 1
  : >"$OUT/go"
  delivered_all
  assertEquals 'each once' 1280 "$(list_jobs ' x.example' | awk '{ print $3, $4 }' | sort -u | wc -l)"
}

# The same of many messages.
test_many_messages_at_a_destination() {
  set_conf concurrency-remote 4
  serve_remote
  answer x.example wait
  start_send
  for i in 1 2 3 4 5 6 7 8 9; do inject "me$i@example.org" a@x.example; done
  jobs_come x.example 2
  inject me@example.org a@y.example
  jobs_come y.example 1
  : >"$OUT/go"
  delivered_all
}

test_few_in_all() {
  set_conf concurrency-remote 3
  serve_remote
  for i in 1 2 3 4 5 6; do answer "x$i.example" wait; done
  start_send
  for i in 1 2 3 4 5 6; do inject me@example.org "a@x$i.example" "b@x$i.example"; done
  inject me@example.org a@example.test
  deliveries a >/dev/null
  jobs_come example 6
  assertEquals 'three transactions of two jobs' 6 "$(list_jobs | wc -l)"
  : >"$OUT/go"
  delivered_all
  assertEquals 12 "$(list_jobs | wc -l)"
}

test_down() {
  serve_remote
  answer x.example 'Z4.4.1 no answer'
  start_send
  inject me1@example.org a@x.example
  logged 'event=down channel=remote to=x.example failures=1 .*text="4.4.1 no answer"'
  for i in 2 3 4; do inject "me$i@example.org" a@x.example; done
  inject me@example.org a@y.example
  jobs_come y.example 1
  wait_until has_logged event=waiting
  assertEquals 'the others have not been tried' 1 "$(list_jobs ' x.example' | wc -l)"
  assertEquals 'nor has anything been written of them' 1 "$(find "$QUEUE/state" -type f | wc -l)"
  answer_all
  kill -ALRM "$SEND_PID"
  delivered_all
  logged 'event=up channel=remote to=x.example'
  assertEquals 5 "$(list_jobs ' x.example' | wc -l)"
}

test_one_tries_it_for_all() {
  set_conf backoff 1
  set_conf backoff-max 2
  serve_remote
  answer x.example 'Z4.4.2 gone'
  start_send
  inject me1@example.org a@x.example
  logged event=down
  for i in 2 3 4 5; do inject "me$i@example.org" a@x.example; done
  logged event=down 4
  wait_until each_failure_is_of_one || fail 'some failed besides'
  answer_all
  delivered_all
  assertEquals 'each got there' 5 "$(list_jobs ' x.example' | awk '{ print $3 }' | sort -u | wc -l)"
}

# A job is listed before its failure is logged.
each_failure_is_of_one() {
  [ "$(grep -c event=down "$CHAIN/send.log")" -eq "$(list_jobs ' x.example' | wc -l)" ]
}

# Whoever called them does not wait for what never comes.
test_many_that_are_gone_when_their_turn_comes() {
  set_conf concurrency-destination 1
  serve_remote
  answer x.example 'Z4.4.1 no answer'
  start_send
  inject me1@example.org a@x.example
  logged event=down
  for i in $(seq 100); do inject "me$i@example.org" a@x.example; done
  inject last@example.org b@x.example
  last=$(last_entry)
  inject me@example.org a@y.example
  jobs_come y.example 1
  find "$QUEUE/new" -type f ! -path "$last" -delete
  answer_all
  kill -ALRM "$SEND_PID"
  delivered_all
  assertEquals 'the one that is left' 1 "$(list_jobs ' last@example.org b@x.example' | wc -l)"
  assertFalse 'nobody made them up' 'has_logged event=trigger-flooded'
}

test_down_for_some_recipients() {
  serve_remote
  answer x.example 'Z4.4.1 no answer'
  start_send
  inject me@example.org a@x.example
  logged event=down
  inject me@example.org a@x.example b@y.example c@example.test
  jobs_come y.example 1
  deliveries c >/dev/null
  stop_send # what it remembers is on the disk
  answer_all
  start_send
  kill -ALRM "$SEND_PID"
  delivered_all
  assertEquals 'each once' '1 1' "$(list_jobs ' y.example' | wc -l) $(count_box c)"
}

# What one recipient waits for is there before the other one, who failed by himself, is due.
test_down_for_one_and_a_failure_for_another() {
  set_conf backoff 1
  serve_remote
  answer x.example 'Z4.4.1 no answer'
  answer c@y.example 'Z451 4.2.1 later'
  start_send
  inject me@example.org a@x.example c@y.example
  logged event=waiting
  answer_all
  logged event=up
  logged 'event=delivered .*rcpt=a@x.example'
  logged event=waiting 2
  assertEquals 'he is not tried earlier for that' 1 "$(list_jobs c@y.example | wc -l)"
  assertEquals 'and waits on' 'c@y.example deferred' "$(queue-list -p | awk -F '\t' '{ print $5, $6 }')"
  stop_send # what it remembers is on the disk
  start_send
  logged event=found
  kill -ALRM "$SEND_PID"
  delivered_all
  assertEquals 'each got it once' 1 "$(grep -c 'event=delivered .*rcpt=a@x' "$CHAIN/send.log")"
}

# The same when what is waited for has enough to do.
test_busy_for_one_and_a_failure_for_another() {
  set_conf concurrency-destination 1
  serve_remote
  answer x.example wait
  answer c@y.example 'Z451 4.2.1 later'
  start_send
  for i in 1 2 3 4; do inject "me$i@example.org" a@x.example; done
  inject me@example.org a@x.example c@y.example
  logged event=waiting
  : >"$OUT/go"
  logged 'event=delivered .*rcpt=a@x.example' 5
  assertEquals 'he is not tried earlier for that' 1 "$(list_jobs c@y.example | wc -l)"
  answer_all
  kill -ALRM "$SEND_PID"
  delivered_all
}

# Hosts of two channels that answer nothing have as many entries open as they may; those go to
# mailboxes, too, and so do others.
test_hosts_that_hang_hold_up_no_mailbox() {
  echo '@lmtp.example  lmtp unix:/nowhere' | add_routes
  serve_remote
  CHAIN_SEND="$CHAIN_SEND -w lmtp=1 -w lmtp=$CHAIN/remote"
  answer unix:/nowhere wait
  for i in $(seq 30); do answer "x$i.example" wait; done
  start_send
  kill -STOP "$SEND_PID"
  for i in $(seq 30); do
    for j in $(seq 10); do inject "me$i.$j@example.org" "a@x$i.example" box@example.test; done
    for j in $(seq 10); do inject "me$i.$j@example.org" a@lmtp.example box@example.test; done
  done
  inject me@example.org other@example.test
  kill -CONT "$SEND_PID"
  wait_until box_has box 600 || fail "$(count_box box) of 600"
  deliveries other >/dev/null
  assertEquals 'they hang' 0 "$(grep -c 'event=delivered .*channel=[rl]' "$CHAIN/send.log")"
  : >"$OUT/go"
  delivered_all
  assertEquals 'each once' '600 600' "$(count_box box) $(list_jobs example | awk '{ print $3, $4 }' | sort -u | wc -l)"
}

# Nor do those that wait for room for many jobs wait for a Maildir that hangs.
test_many_recipients_behind_one_that_hangs() {
  echo '@many.example maildir many' | add_routes
  serve_remote
  CHAIN_SEND="-w maildir=1 -w maildir=$CHAIN/remote"
  answer known@only.example wait
  start_send
  inject me@example.org known@only.example
  jobs_come only.example 1
  # shellcheck disable=SC2046 # words are wanted
  inject me@example.org $(seq -f 'user%g@many.example' 64)
  jobs_come many.example 64
  : >"$OUT/go"
  delivered_all
}

# They had been given out when it went down.
test_those_under_way_count_once() {
  set_conf backoff 3600
  serve_remote
  answer x.example wait
  start_send
  for i in 1 2 3 4; do inject "me$i@example.org" a@x.example; done
  jobs_come x.example 4
  answer_all
  kill -9 "$(pgrep -P "$SEND_PID")"
  logged event=waiting 4
  assertFalse 'a deliverer that dies is nobody else'"'"'s fault' 'has_logged event=down'
  answer x.example 'Z4.4.1 no answer'
  kill -ALRM "$SEND_PID"
  logged event=down
  logged event=waiting 8
  assertEquals 1 "$(grep -c event=down "$CHAIN/send.log")"
}

# What a server says of one message is no reason to spare it others.
test_a_message_that_is_refused_for_now() {
  serve_remote
  answer a@x.example 'Z451 4.4.1 x.example said: later'
  start_send
  inject me@example.org a@x.example
  logged event=waiting
  inject me@example.org b@x.example
  jobs_come b@x.example 1
  assertFalse 'has_logged event=down'
}

test_expiry_at_one_that_is_down() {
  serve_remote
  answer x.example 'Z4.4.1 no answer'
  start_send
  inject me@example.org a@x.example
  logged event=down
  inject QUEUE_ID=0000000000aaaaaa sender@example.test b@x.example
  bounce=$(deliveries sender)
  assertEquals 'it was not tried' 1 "$(list_jobs ' x.example' | wc -l)"
  assertTrue 'and is told why' "grep -q '4.4.1 no answer' '$bounce'"
}

# shellcheck source=/dev/null
. shunit2
