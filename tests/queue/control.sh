#!/bin/sh
# queue-send's control socket: what is ordered of an entry in each of the states it can be in, and
# what clients can do to it. socat speaks for administrators here.
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"

# ask LINE...: what queue-send answers to them; talk: to standard input
ask() { printf '%s\n' "$@" | talk; }
talk() { socat -t $((5 * PATIENCE)) - "UNIX-CONNECT:$QUEUE/control"; } # 500 orders are 500 syncs
name_of_last() { basename "$(last_entry)"; }
known_as() { [ "$(ask "list $1" | cut -f 2)" = "$2
+done" ]; }
becomes() { wait_until known_as "$1" "$2" || fail "$1 is not $2: $(ask "list $1")"; }

# An entry whose destination is down waits in its place.
park() {
  serve_remote
  answer x.example 'Z4.4.1 no answer'
  start_send
  inject me@example.org first@x.example
  logged event=down
  inject sender@example.test a@x.example
  PARKED=$(name_of_last)
  becomes "$PARKED" parked
}

# One that a deliverer has until go is there.
attempt_one() {
  serve_remote
  answer x.example wait
  start_send
  inject sender@example.test a@x.example
  ACTIVE=$(name_of_last)
  jobs_come a@x.example 1
  becomes "$ACTIVE" active
}

# attempt_two [NAME=value...]: the same for one recipient, while the other one's has failed for now
attempt_two() {
  serve_two
  start_send
  inject_two "$@"
}

serve_two() {
  serve_remote
  answer x.example wait
  answer b@y.example 'Z451 4.2.2 full'
}

inject_two() {
  inject "$@" sender@example.test a@x.example b@y.example
  jobs_come b@y.example 1
}

defer_one() {
  break_box b
  start_send
  inject sender@example.test b@example.test
  logged event=waiting
  WAITING=$(name_of_last)
}

test_hold_and_release_what_waits() {
  defer_one
  assertEquals +done "$(ask "hold $WAITING look at it")"
  becomes "$WAITING" held
  mend_box b
  kill -ALRM "$SEND_PID"
  assertEquals 'known' "=$WAITING	held	0
+done" "$(ask "list $WAITING")"
  assertEquals 0 "$(count_box b)"
  assertEquals '-held' "$(ask "retry $WAITING")"
  assertEquals +done "$(ask "release $WAITING")"
  deliveries b >/dev/null
  delivered_all
  assertEquals -gone "$(ask "release $WAITING")"
  logged "event=order order=hold id=${WAITING%.*} uid=$(id -u) reason=\"look at it\" answer=done"
}

test_hold_survives_a_kill() {
  defer_one
  assertEquals +done "$(ask "hold $WAITING")"
  kill -9 "$SEND_PID"
  wait "$SEND_PID" 2>/dev/null
  mend_box b
  start_send
  kill -ALRM "$SEND_PID"
  becomes "$WAITING" held
  inject me@example.org c@example.test
  deliveries c >/dev/null
  assertEquals 0 "$(count_box b)"
  assertEquals +done "$(ask "release $WAITING")"
  deliveries b >/dev/null
  delivered_all
}

test_hold_what_is_parked() {
  park
  assertEquals +done "$(ask "hold $PARKED")"
  answer_all
  kill -ALRM "$SEND_PID"
  logged event=up
  becomes "$PARKED" held
  assertEquals 'not tried' '' "$(list_jobs ' a@x.example')"
  assertEquals +done "$(ask "release $PARKED")"
  jobs_come ' a@x.example' 1
  delivered_all
}

test_retry_what_is_parked() {
  park
  assertEquals +done "$(ask "retry $PARKED")"
  jobs_come ' a@x.example' 1
  logged event=down 2
  becomes "$PARKED" parked
  answer_all
  assertEquals +done "$(ask "retry $PARKED")"
  logged event=up
  delivered_all
}

test_drop_what_is_parked() {
  park
  assertEquals +done "$(ask "drop $PARKED")"
  assertEquals -gone "$(ask "list $PARKED")"
  assertFalse 'it is gone' "[ -e '$QUEUE/new/$PARKED' ]"
  assertFalse 'and its log' "[ -e '$QUEUE/state/$PARKED' ]"
  answer_all
  kill -ALRM "$SEND_PID"
  delivered_all
  assertEquals 'not tried' '' "$(list_jobs ' a@x.example')"
  assertEquals 'nobody was told' 0 "$(count_box sender)"
}

test_bounce_what_is_parked() {
  park
  assertEquals +done "$(ask "bounce $PARKED it is spam")"
  bounce=$(deliveries sender)
  assertEquals 'Final-Recipient: rfc822; a@x.example
Action: failed
Status: 5.7.0' "$(grep -E '^(Final-Recipient|Action|Status):' "$bounce")"
  assertTrue "grep -q 'removed from the queue by an administrator: it is spam' '$bounce'"
  assertEquals 'not tried' '' "$(list_jobs ' a@x.example')"
}

# What was done is not told of as a failure.
test_bounce_what_is_left() {
  add_routes <<END
all@example.test  alias a@example.test b@example.test
END
  break_box b
  start_send
  inject sender@example.test all@example.test c@example.test
  logged event=waiting
  assertEquals +done "$(ask "bounce $(name_of_last)")"
  bounce=$(deliveries sender)
  assertEquals 'Final-Recipient: rfc822; all@example.test' "$(grep ^Final-Recipient: "$bounce")"
  delivered_all
  assertEquals 'each once' '1 1' "$(count_box a) $(count_box c)"
}

test_hold_under_way() {
  attempt_one
  assertEquals +later "$(ask "hold $ACTIVE")"
  answer_all
  answer x.example 'Z4.2.2 full'
  : >"$OUT/go"
  wait_until is_empty || fail 'what was given out is done'
}

test_hold_under_way_that_fails() {
  attempt_two
  entry=$(name_of_last)
  assertEquals +later "$(ask "hold $entry")"
  : >"$OUT/go"
  becomes "$entry" held
  answer_all
  kill -ALRM "$SEND_PID"
  assertEquals +done "$(ask "release $entry")"
  delivered_all
  assertEquals 'each as often as it was tried' '1 2' \
    "$(list_jobs a@x.example | wc -l) $(list_jobs b@y.example | wc -l)"
}

# What is held is not told of as late; once it is let go it is.
test_hold_under_way_of_what_is_late() {
  attempt_two QUEUE_ID="$(make_id 20000)"
  entry=$(name_of_last)
  assertEquals +later "$(ask "hold $entry")"
  : >"$OUT/go"
  becomes "$entry" held
  assertEquals 'only the held one is in the queue' 1 "$(count_entries)"
  assertEquals 'nobody was told' 0 "$(count_box sender)"
  assertEquals +done "$(ask "release $entry")"
  assertEquals 'Action: delayed' "$(grep ^Action: "$(deliveries sender)")"
}

# What was passed over while the message was held is tried at once, too, when the attempt is over.
test_release_under_way() {
  add_routes <<END
@z.example  lmtp unix:/nowhere
END
  serve_remote
  mkdir "$CHAIN/slow" && echo 'z@z.example wait' >"$CHAIN/slow/answers"
  sed "s,$OUT,$CHAIN/slow," "$CHAIN/remote" >"$CHAIN/lmtp" && chmod +x "$CHAIN/lmtp"
  CHAIN_SEND="$CHAIN_SEND -w lmtp=$CHAIN/lmtp"
  answer x.example wait
  start_send
  # shellcheck disable=SC2046 # words are wanted
  inject sender@example.test z@z.example $(seq -f r%.0f@x.example 999) last@y.example
  jobs_come @x.example 512 # half of what a deliverer may have
  entry=$(name_of_last)
  assertEquals +later "$(ask "hold $entry")"
  : >"$OUT/go"
  logged event=delivered 512
  assertEquals +done "$(ask "release $entry")"
  : >"$CHAIN/slow/go"
  jobs_come last@y.example 1
  delivered_all
}

test_bounce_under_way() {
  attempt_two
  assertEquals +later "$(ask "bounce $(name_of_last) enough")"
  assertEquals '-dropped already' "$(ask "retry $(name_of_last)")"
  : >"$OUT/go"
  bounce=$(deliveries sender)
  assertEquals 'one was delivered' 'Final-Recipient: rfc822; b@y.example' \
    "$(grep ^Final-Recipient: "$bounce")"
  delivered_all
}

test_drop_under_way() {
  attempt_two
  assertEquals +later "$(ask "drop $(name_of_last)")"
  : >"$OUT/go"
  delivered_all
  assertEquals 'nobody was told' 0 "$(count_box sender)"
}

# Nor of what had failed for good before, or was delivered and is to be told of.
test_drop_under_way_of_what_failed() {
  serve_remote
  answer x.example wait
  answer b@y.example 'D550 5.7.1 no'
  start_send
  inject_with 'Pc@example.test\0NOTIFY=SUCCESS\0\0' sender@example.test a@x.example b@y.example \
    c@example.test
  jobs_come a@x.example 1
  logged event=failed
  deliveries c >/dev/null
  assertEquals +later "$(ask "drop $(name_of_last)")"
  : >"$OUT/go"
  delivered_all
  assertEquals 'nobody was told' 0 "$(count_box sender)"
}

# A drop that a crash came before is done after it.
test_drop_survives_a_kill() {
  attempt_one
  assertEquals +later "$(ask "drop $ACTIVE")"
  deliverer=$(pgrep -P "$SEND_PID" | head -n 1)
  kill -9 "$SEND_PID"
  kill "$deliverer"
  wait "$SEND_PID" 2>/dev/null
  start_send
  delivered_all
  assertEquals 'once, before the crash' 1 "$(list_jobs a@x.example | wc -l)"
}

test_held_by_a_link() {
  start_send
  inject SMTP_HOLD=virus? me@example.org a@example.test
  logged "event=held .*reason=virus?"
  becomes "$(name_of_last)" held
  kill -ALRM "$SEND_PID"
  stop_send
  start_send
  becomes "$(name_of_last)" held
  assertEquals 0 "$(count_box a)"
  assertEquals +done "$(ask "release $(name_of_last)")"
  deliveries a >/dev/null
}

test_what_is_held_does_not_expire() {
  start_send
  inject QUEUE_ID=0000000000aaaaaa SMTP_HOLD=wait sender@example.test a@example.test
  becomes "$(name_of_last)" held
  assertEquals 0 "$(count_box sender)"
  assertEquals 'and is tried once when it is let go' +done "$(ask "release $(name_of_last)")"
  deliveries a >/dev/null
}

# ---- clients ----

test_many_requests() {
  start_send
  inject SMTP_HOLD=x me@example.org a@example.test
  entry=$(name_of_last)
  becomes "$entry" held
  # shellcheck disable=SC2046 # words are wanted
  assertEquals '500 +done' "$(for i in $(seq 500); do echo "hold $entry $i"; done |
    talk | sort | uniq -c | sed 's/^ *//')"
  assertEquals 500 "$(grep -c ' h 0 - 0 ' "$QUEUE/state/$entry")"
}

test_bad_requests() {
  start_send
  for line in rubbish 'retry x' 'hold ../../etc/passwd' '' "stat $(head -c 4000 /dev/zero | tr '\0' x)"; do
    assertEquals "-bad request" "$(ask "$line" stat)"
  done
  assertEquals -gone "$(ask 'retry 0000000000aaaaaa.0123456789abcdef')"
}

test_stat() {
  park
  assertEquals '=entries	parked	2' "$(ask stat | grep '^=entries' | grep -v '	0$')"
  assertEquals 1 "$(ask stat | grep -c '^=destination	remote	x.example	1	[0-9]*	[0-9]*	0	0	2	4.4.1 no answer$')"
  assertEquals 1 "$(ask stat | grep -c '^=deliverer	remote	running	[0-9]*	0	0	0$')"
}

test_list_all() {
  start_send
  for i in $(seq 300); do inject SMTP_HOLD=x "me$i@example.org" a@example.test; done
  wait_until has_logged event=held 300
  find "$QUEUE/new" -type f -printf '%f\n' | sort >"$CHAIN/want"
  ask list list | sed -n 's/^=\([^	]*\)	held	0$/\1/p' | sort | uniq -c >"$CHAIN/got"
  assertEquals 'each, twice' "$(sed 's/^/      2 /' "$CHAIN/want")" "$(cat "$CHAIN/got")"
}

# More clients than there are places for, of whom none reads; mail goes on, and one that goes makes
# room.
test_clients_that_read_nothing() {
  start_send
  python3 -IS - "$QUEUE/control" <<'END' &
import socket, sys, time
clients = []
for _ in range(12):
    client = socket.socket(socket.AF_UNIX)
    client.connect(sys.argv[1])
    client.setblocking(False)
    try:
        while True:
            client.send(b"stat\n" * 1000)
    except BlockingIOError:
        clients.append(client)
time.sleep(600)
END
  greedy=$!
  inject me@example.org a@example.test
  deliveries a >/dev/null
  kill "$greedy"
  assertEquals 1 "$(ask stat | grep -c '^+done$')"
}

# A socket's path has no room for it: mail is delivered all the same, and tools say what is wrong.
test_a_long_path() {
  long=$CHAIN/$(head -c 100 /dev/zero | tr '\0' x)
  mv "$QUEUE" "$long"
  QUEUE=$long CHAINMAIL_QUEUE=$long
  start_send
  logged 'event=control-failed .*error="File *name too long"'
  inject SMTP_HOLD=x me@example.org a@example.test
  logged event=held
  assertEquals 1 "$(queue-list -p 2>/dev/null | wc -l)"
  assertEquals "queue-release: fatal: unable to speak to queue-send: Filename too long" \
    "$(queue-release -a 2>&1 | sed 's/File name/Filename/')"
  inject me@example.org b@example.test
  deliveries b >/dev/null
}

test_strangers() {
  is_root || { skip 'only root can be someone else'; return; }
  start_send
  assertEquals 600 "$(stat -c %a "$QUEUE/control")"
  chmod 755 "$CHAIN" "$QUEUE"
  chmod 666 "$QUEUE/control"
  assertEquals '-not allowed' "$(setpriv --reuid=65534 --regid=65534 --clear-groups \
    socat -u "UNIX-CONNECT:$QUEUE/control" -)"
}

# ---- the disk fails ----

# start_failing CALL...: as start_send, with these failures, as strace's inject wants them
start_failing() {
  for call; do
    set -- "$@" -e "inject=$call"
    shift
  done
  # shellcheck disable=SC2086 # words are wanted
  start_program send.log strace -qq -o /dev/null -e trace=fsync,ftruncate "$@" \
    queue-send -n 3 ${CHAIN_SEND-} || return
  SEND_PID=$STARTED
}

# strace ends with whom it traces.
stop_failing() {
  end_process "$(pgrep -P "$SEND_PID" -x queue-send)"
  wait "$SEND_PID"
  SEND_PID=
}

test_release_that_fails() {
  needs_tracing || return 0
  serve_remote
  answer b@y.example 'Z451 4.2.2 full'
  start_failing fsync:error=EIO:when=2
  inject sender@example.test b@y.example
  logged event=waiting
  entry=$(name_of_last)
  assertEquals +done "$(ask "hold $entry")"
  assertEquals -failed "$(ask "release $entry")"
  answer_all
  becomes "$entry" held
  assertEquals 'not tried' 1 "$(list_jobs b@y.example | wc -l)"
  assertEquals +done "$(ask "release $entry")"
  delivered_all
  stop_failing
}

test_release_under_way_that_fails() {
  needs_tracing || return 0
  serve_two
  start_failing fsync:error=EIO:when=2
  inject_two
  entry=$(name_of_last)
  assertEquals +later "$(ask "hold $entry")"
  assertEquals -failed "$(ask "release $entry")"
  : >"$OUT/go"
  becomes "$entry" held
  answer_all
  assertEquals +done "$(ask "release $entry")"
  delivered_all
  stop_failing
}

# park_failing CALL...: as park
park_failing() {
  serve_remote
  answer x.example 'Z4.4.1 no answer'
  start_failing "$@"
  inject me@example.org first@x.example
  logged event=down
  inject sender@example.test a@x.example
  PARKED=$(name_of_last)
  becomes "$PARKED" parked
}

try_all() { kill -ALRM "$(pgrep -P "$SEND_PID" -x queue-send)"; }

# The log that it has got by then goes with it.
test_first_order_that_fails() {
  needs_tracing || return 0
  park_failing fsync:error=EIO:when=1
  assertEquals -failed "$(ask "hold $PARKED")"
  becomes "$PARKED" parked
  answer_all
  try_all
  delivered_all
  stop_failing
}

# The disk has it all the same, and so it is in force.
test_first_order_that_cannot_be_taken_back() {
  needs_tracing || return 0
  park_failing fsync:error=EIO:when=1 ftruncate:error=EIO:when=1
  assertEquals -failed "$(ask "hold $PARKED")"
  becomes "$PARKED" held
  answer_all
  try_all
  logged event=up
  assertEquals 'not tried' '' "$(list_jobs ' a@x.example')"
  assertEquals +done "$(ask "release $PARKED")"
  delivered_all
  stop_failing
}

# The same of an attempt, whose log is younger than what it knows.
test_release_under_way_that_cannot_be_taken_back() {
  needs_tracing || return 0
  serve_two
  start_failing fsync:error=EIO:when=2 ftruncate:error=EIO:when=1
  inject_two
  entry=$(name_of_last)
  assertEquals +later "$(ask "hold $entry")"
  assertEquals -failed "$(ask "release $entry")"
  answer_all
  : >"$OUT/go"
  delivered_all
  stop_failing
}

# shellcheck source=/dev/null
. shunit2
