#!/bin/sh
# timeout: 600
# deliver-smtp against hosts that misbehave: each job gets one answer, in time, and no mail is lost
# or said to be kept that is not.
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/deliver/_smtp.sh
. "$(dirname "$0")/_smtp.sh"

setUp() { make_folder; }
tearDown() { remove_folder; }

# to_server RULES... : what becomes of one job
to_server() {
  start_server -s "$DIR/dump" "$@"
  deliver 'r@x=[127.0.0.1]'
  end_peer
}

commands() { sort -n -k 1,1 -s "$DIR/dump/commands"; }

check() { # check WANT RULES...
  want=$1
  shift
  got=$(to_server "$@")
  # shellcheck disable=SC2254 # a pattern
  case $got in
    $want) assertTrue "$*" true ;;
    *) fail "$*: wanted $want, got $got" ;;
  esac
}

# check_silent WANT EVENT: only the step at which the host is silent has little time
check_silent() {
  case $2 in connect) step=greeting ;; ehlo) step=hello ;; end) step=final ;; *) step=$2 ;; esac
  OPTIONS="-t $step=1"
  check "$1" "$2=silent"
  OPTIONS=
}

KEPT='K250 2.0.0 relayed, no DSN: *127.0.0.1* said: kept'

test_it_works_at_all() {
  check "$KEPT"
  check "$KEPT" connect=slow ehlo=slow mail=slow rcpt=slow data=slow end=slow
  check 'K250 2.0.0 *127.0.0.1* said: kept' -o DSN
}

test_before_it_is_ready() {
  for event in connect ehlo; do
    check 'Z4.4.1 *127.0.0.1*: *' $event=close
    check 'Z4.4.1 *127.0.0.1*: *' $event=reset
    check_silent 'Z4.4.1 *127.0.0.1*: *' $event
    check 'Z4.4.1 *127.0.0.1*: *' $event=half
    check 'Z4.4.1 *127.0.0.1*: *' $event=flood
    check 'Z4.4.1 *127.0.0.1*: *' $event=long
    check 'Z4.4.1 *127.0.0.1*: *' $event=garbage
    check 'Z4.4.1 *127.0.0.1* said: 421 4.3.2 no*' "$event=421 4.3.2 not now,close"
  done
  check 'D5.3.2 *127.0.0.1* said: 554 5.7.1 go away' 'connect=554 5.7.1 go away'
  check 'D5.3.2 *127.0.0.1* said: 521 no mail here' 'connect=521 no mail here,close'
}

test_in_a_transaction() {
  for event in mail rcpt data end; do
    check 'Z4.4.2 *127.0.0.1*: *' $event=close
    check 'Z4.4.2 *127.0.0.1*: *' $event=reset
    check_silent 'Z4.4.2 *127.0.0.1*: *' $event
    check 'Z4.4.2 *127.0.0.1*: *' $event=half
    check 'Z*127.0.0.1*: *' $event=flood
    check 'Z*127.0.0.1*: *' $event=long
    check 'Z*127.0.0.1*: *' $event=garbage
    check 'Z421 4.3.2 *127.0.0.1* said: not now' "$event=421 4.3.2 not now,close"
    check 'D550 5.7.1 *127.0.0.1* said: no, and no again' "$event=550 5.7.1 no,|5.7.1 and no again"
    check 'Z451 4.0.0 *127.0.0.1* said: later' "$event=451 later"
  done
}

# A reply that comes before its command is none: what was not kept is never reported as kept.
test_replies_before_commands() {
  check 'Z*' connect=before end=close
  check 'Z*' ehlo=before end=close
  check 'Z*' rcpt=before end=close
  check 'Z*' data=before end=close
}

test_each_recipient_has_its_own() {
  start_server 'rcpt2=550 5.1.1 nobody' 'rcpt3=450 4.2.1 busy'
  assertEquals 'K250 2.0.0 relayed, no DSN: [127.0.0.1] said: kept
D550 5.1.1 [127.0.0.1] said: nobody
Z450 4.2.1 [127.0.0.1] said: busy' \
    "$(deliver 'a@x=[127.0.0.1]' 'b@x=[127.0.0.1]' 'c@x=[127.0.0.1]')"
}

test_too_many_recipients() {
  for reply in '452 4.5.3 too many' '552 too many'; do
    start_server -s "$DIR/dump" "rcpt3=$reply" "rcpt4=$reply" "rcpt5=$reply"
    assertEquals "$reply" 5 "$(deliver 'a@x=[127.0.0.1]' 'b@x=[127.0.0.1]' 'c@x=[127.0.0.1]' \
      'd@x=[127.0.0.1]' 'e@x=[127.0.0.1]' | grep -c '^K')"
    assertEquals 'in two transactions, over one connection' '1 MAIL 1 MAIL' \
      "$(commands | grep -o '. MAIL' | xargs)"
    end_peers
    rm -f "$DIR"/dump/*
  done
  start_server 'rcpt=452 4.5.3 too many'
  assertEquals 'Z452 4.5.3 [127.0.0.1] said: too many' "$(deliver 'a@x=[127.0.0.1]')"
}

test_limits() {
  start_server -o 'LIMITS RCPTMAX=2 MAILMAX=1' -s "$DIR/dump"
  assertEquals 3 "$(deliver 'a@x=[127.0.0.1]' 'b@x=[127.0.0.1]' 'c@x=[127.0.0.1]' | grep -c '^K')"
  assertEquals 'RCPT 2 RCPT 1' "$(for file in 1 2; do
    echo "RCPT $(grep -c "^$file RCPT" "$DIR/dump/commands")"; done | sort -r | xargs)"
}

# ---- kept connections ----

one_by_one() { TOGETHER='' deliver 'a@x=[127.0.0.1]' 'b@x=[127.0.0.1]'; }

test_a_kept_connection_that_is_gone() {
  for action in close reset '421 4.4.2 idle too long,close'; do
    start_server -s "$DIR/dump" "1:mail2=$action" "1:rset=$action"
    assertEquals "$action" 2 "$(one_by_one | grep -c '^K')"
    assertEquals 'the second message over a second connection' 2 \
      "$(grep -c connect "$DIR/dump/commands")"
    end_peers
    rm -f "$DIR"/dump/*
  done
}

# The host may have kept it: it is not sent again at once.
test_a_kept_connection_that_ends_before_the_answer() {
  for action in close reset silent '421 4.3.2 not now,close'; do
    start_server -s "$DIR/dump" "1:end2=$action"
    [ "$action" != silent ] || OPTIONS='-t final=8'
    assertEquals "$action" 'K250 Z4' "$(one_by_one | sed 's/^\(Z4\).*/\1/; s/ .*//' | xargs)"
    assertEquals 'over one connection' 1 "$(grep -c connect "$DIR/dump/commands")"
    end_peers
    rm -f "$DIR"/dump/*
  done
}

test_once_more_and_not_for_ever() {
  start_server -s "$DIR/dump" mail2=close rset=close 2:mail=close
  assertEquals 'Z4.4.2' "$(one_by_one | sed -n 's/^\(Z[0-9.]*\).*/\1/p')"
  assertEquals 2 "$(grep -c connect "$DIR/dump/commands")"
}

# ---- hosts that take one connection ----

# What waits goes over the connection that there is; nobody asks for another one again and again.
test_no_more_connections_than_a_host_takes() {
  start_server -s "$DIR/dump" 1:end1=silent 'connect=421 4.7.0 too many,close' '1:connect=220 hello'
  OPTIONS='-t final=2 -r 1'
  assertContains "$(deliver 'a@x=[127.0.0.1]' 'b@x=[127.0.0.1]')" 'too long a wait for the answer'
  assertTrue 'a few connections' "[ $(grep -c connect "$DIR/dump/commands") -le 3 ]"
  end_peers
  rm -f "$DIR"/dump/*
  start_server -s "$DIR/dump" 'connect=421 4.7.0 too many,close' '1:connect=220 hello'
  OPTIONS='-r 1'
  assertEquals 'over the first one' 5 "$(deliver 'a@x=[127.0.0.1]' 'b@x=[127.0.0.1]' \
    'c@x=[127.0.0.1]' 'd@x=[127.0.0.1]' 'e@x=[127.0.0.1]' | grep -c '^K')"
}

# ---- several hosts ----

two_hosts() {
  start_dns <<'END'
record d.example MX mx1.example 10
record d.example MX mx2.example 20
record mx1.example A 127.0.0.1
record mx2.example A 127.0.0.1
record mx2.example A 127.0.0.9
END
}

test_verdicts_of_several_hosts() {
  two_hosts
  start_server 'connect=554 5.7.1 go away,close'
  assertEquals 'where one may be there later, it is tried later' \
    'Z4.4.1 mx2.example[127.0.0.9]: no connection: Connection refused' "$(deliver r@d.example)"
}

test_a_verdict_of_a_ready_host_counts() {
  two_hosts
  start_server -s "$DIR/dump" 'rcpt=450 4.2.0 busy'
  assertEquals 'Z450 4.2.0 mx1.example[127.0.0.1] said: busy' "$(deliver r@d.example)"
  assertEquals 1 "$(grep -c connect "$DIR/dump/commands")"
}

# ---- many at a time ----

# One server that says nothing does not hold up the others.
test_slow_ones_hold_up_nobody() {
  start_server 'connect=silent'
  slow=$PORT
  start_server
  OPTIONS='-t greeting=8 -i 1'
  deliver "a@x=127.0.0.1:$slow" "b@x=127.0.0.1:$PORT" "c@x=127.0.0.2:$slow" >"$DIR/answers"
  assertEquals 'Z4.4.1 K250 Z4.4.1' "$(sed 's/ .*//' "$DIR/answers" | xargs)"
}

# stall EVENT OPTION...: five hosts, four of which say nothing more from there on
stall() {
  start_server -s "$DIR/dump" "$1=silent"
  slow=$PORT
  start_server "$1=silent"
  slower=$PORT
  start_server
  shift
  OPTIONS="-C 4 -t opening=1 $*"
  deliver "a@x=127.0.0.1:$slow" "b@x=[127.0.0.1]:$slow" "c@x=127.0.0.1:$slower" \
    "d@x=[127.0.0.1]:$slower" "e@x=127.0.0.1:$PORT" >"$DIR/answers"
}

# stall_beside EVENT OPTION...: the same beside other scenes, in the folder DIR/EVENT. The fifth one is slow,
# too, if it stands still for a second: then all is done once more.
stall_beside() {
  into=$DIR/$1
  {
    for _ in 1 2 3 4 5; do
      make_folder
      stall "$@"
      end_peers
      rm -rf "$into" && mv "$DIR" "$into"
      [ "$(ends "$into")" != '2 2 1' ] || break
    done
  } &
}

# ends FOLDER: how many were cut short, had all of their time, were served
ends() {
  echo "$(grep -c 'soon enough' "$1/answers") $(grep -c 'too long a wait' "$1/answers") $(grep -c '^K' "$1/answers")"
}

# Hosts have all connections and say no more, each for its time, or accept and say nothing; mail for a
# host that speaks leaves before their time is up. Half of them keep theirs. A host that was told the
# whole message may keep it: it has more time until it is cut short.
test_stalling_ones_do_not_have_all_connections() {
  stall_beside connect -t greeting=12
  for event in mail rcpt data; do stall_beside $event -t $event=12; done
  stall_beside end -t final=16
  wait
  for event in connect mail rcpt data end; do check_stalled $event "$DIR/$event"; done
}

# check_stalled EVENT FOLDER
check_stalled() {
  assertEquals "$1: two are cut short, two are not" '2 2 1' "$(ends "$2")"
  assertContains "$1: before the time of those is up" "$(grep event=transaction "$2/log" | head -n 3)" \
    accepted=1
  assertEquals "$1: nothing of it is tried again at once" 2 "$(grep -c connect "$2/dump/commands")"
}

one_is_cut_short() { grep -q 'soon enough' "$DIR/answers"; }

# On connections that were kept: the one that is cut short is not taken for one that the host had
# closed, and is not tried again. Nobody waits for a connection, so both are kept for sure.
test_stalling_on_kept_connections() {
  mkdir "$DIR/dump/slow" "$DIR/dump/slower"
  start_server -s "$DIR/dump/slow" mail2=silent
  slow=$PORT
  start_server -s "$DIR/dump/slower" mail2=silent
  slower=$PORT
  OPTIONS='-C 2 -c 1 -r 1 -t opening=8'
  TOGETHER=-o deliver "a@x=127.0.0.1:$slow" "b@x=127.0.0.1:$slow" "c@x=127.0.0.1:$slower" \
    "d@x=127.0.0.1:$slower" >"$DIR/answers" &
  pid=$!
  assertTrue 'one is cut short' 'wait_until one_is_cut_short'
  end_peers # the other one is worth another try, and finds nobody
  wait "$pid"
  assertEquals 1 "$(grep -c 'soon enough' "$DIR/answers")"
  assertEquals 2 "$(cat "$DIR"/dump/slow*/commands | grep -c connect)"
}

one_went() { grep -q 'event=transaction .*accepted=1' "$DIR/log"; }

# Each answer comes soon enough, and all of them together do not. If the other one stands still for a second,
# it is slow, too: then all is done once more.
test_dripping_ones_do_not_have_all_connections() {
  for _ in 1 2 3 4 5; do
    serve_beside_dripping_ones
    first_two=$(grep event=transaction "$DIR/log" | head -n 2)
    case $first_two in *accepted=1*) break ;; esac
  done
  assertContains "$first_two" accepted=1
}

serve_beside_dripping_ones() {
  : >"$DIR/log"
  start_server rcpt=drip
  slow=$PORT
  start_server
  OPTIONS='-C 2 -t opening=1'
  # shellcheck disable=SC2046 # words are wanted
  deliver $(for i in $(seq 20); do echo "r$i@x=127.0.0.1:$slow" "r$i@x=[127.0.0.1]:$slow"; done) \
    "e@x=127.0.0.1:$PORT" >"$DIR/answers" &
  pid=$!
  assertTrue 'another one has its turn' 'wait_until one_went'
  end_peers
  wait "$pid"
}

three_went() { [ "$(grep -c event=transaction "$DIR/log")" -eq 3 ]; }

# Mail was taken, and QUIT is not answered: that is nobody's time but the host's.
test_ones_that_do_not_say_goodbye() {
  start_server quit=silent
  slow=$PORT
  start_server quit=silent
  OPTIONS='-C 1 -t quit=100'
  deliver "a@x=127.0.0.1:$slow" "b@x=127.0.0.1:$PORT" "c@x=[127.0.0.1]" >/dev/null &
  PEER_PIDS="$PEER_PIDS $!"
  assertTrue 'whichever went first' 'wait_until three_went'
}

# The same of domains whose name servers say nothing.
test_silent_name_servers_hold_up_nobody() {
  silent=$(seq -f 's%g.example' 60)
  start_dns <<END
$(echo "$silent" | sed 's/.*/quirk & silent/')
record d.example A 127.0.0.1
END
  start_server
  OPTIONS='-o 10.0.0.0/8'
  # shellcheck disable=SC2046,SC2086 # words are wanted
  deliver $(printf 'r@%s ' $silent) r@d.example >"$DIR/answers"
  assertEquals '60 1' "$(grep -c '^Z4.4.3' "$DIR/answers") $(grep -c '^K' "$DIR/answers")"
  assertContains 'it goes first' "$(grep -m 1 event= "$DIR/log")" event=transaction
}

test_connections_in_all() {
  start_server -s "$DIR/dump" end=slow
  OPTIONS='-C 1'
  assertEquals 3 "$(deliver "a@x=127.0.0.1:$PORT" "b@x=[127.0.0.1]:$PORT" "c@x=[127.0.0.1]" |
    grep -c '^K')"
}

. shunit2
