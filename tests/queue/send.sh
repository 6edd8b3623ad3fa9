#!/bin/sh
# queue-send with its deliverers: what comes in goes out, and what cannot waits, is listed, and goes
# out when it can.
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"

test_delivers() {
  start_send
  inject SESSION_ID=s1 me@example.org a@example.test
  deliveries a >/dev/null
  delivered_all
  assertEquals 'Return-Path: <me@example.org>
Delivered-To: a@example.test
Subject: x

hello' "$(cat "$(list_box a)")"
  assertEquals 1 "$(grep -c "event=delivered .*rcpt=a@example.test .*to=$MAIL/a delay=[0-9]*\$" \
    "$CHAIN/send.log")"
  assertTrue 'the session is told' 'has_logged "session=s1 .*id="'
}

test_finds_what_came_before_the_start() {
  for box in a b c; do inject me@example.org "$box@example.test"; done
  start_send
  for box in a b c; do deliveries "$box" >/dev/null; done
  delivered_all
}

test_many_at_once() {
  start_send
  for injector in 1 2 3 4; do
    for box in 1 2 3 4 5 6 7 8 9 10; do
      inject_quietly "$injector" "box$box@example.test" "shared@example.test"
    done &
    injectors="${injectors-} $!"
  done
  # shellcheck disable=SC2086 # words are wanted
  wait $injectors
  deliveries shared 40 >/dev/null
  for box in 1 2 3 4 5 6 7 8 9 10; do deliveries "box$box" 4 >/dev/null; done
  delivered_all
  assertEquals 'none twice' 80 "$(find "$MAIL" -path '*/new/*' | wc -l)"
  assertEquals 'all whole' 80 "$(find "$MAIL" -path '*/new/*' -exec grep -l hello {} + | wc -l)"
}

inject_quietly() {
  printf 'Fme@example.org\0T%s\0T%s\0\0' "$2" "$3" >"$CHAIN/envelope.$1"
  queue-inject <"$CHAIN/message" 1<"$CHAIN/envelope.$1"
}

# What is left of a message to three is what failed; a retry repeats nothing else.
test_failure_and_repair() {
  break_box b
  start_send
  inject me@example.org a@example.test b@example.test c@example.test
  logged event=waiting
  assertEquals 'one waits' "b@example.test deferred 1 4.3.5" \
    "$(queue-list -p | awk -F '\t' '{ print $5, $6, $7, substr($9, 1, 5) }')"
  assertTrue 'and is told to people' \
    "queue-list | grep -q 'b@example.test .* deferred after 1 attempt, next in .*: 4.3.5 unable'"
  kill -ALRM "$SEND_PID"
  logged event=waiting 2
  mend_box b
  kill -ALRM "$SEND_PID"
  deliveries b >/dev/null
  delivered_all
  assertEquals 'each once' '1 1 1' "$(count_box a) $(count_box b) $(count_box c)"
  assertEquals '0 messages' "$(queue-list)"
}

test_alias_with_a_failing_target() {
  add_routes <<END
all@example.test  alias a@example.test b@example.test c@example.test
END
  break_box b
  start_send
  inject me@example.org all@example.test d@example.test
  logged event=waiting
  assertEquals 'the address is listed once' 'all@example.test deferred' \
    "$(queue-list -p | awk -F '\t' '{ print $5, $6 }')"
  stop_send # what it remembers is on the disk
  start_send
  kill -ALRM "$SEND_PID"
  logged event=waiting 2
  mend_box b
  kill -HUP "$SEND_PID"
  deliveries b >/dev/null
  delivered_all
  assertEquals 'each once' '1 1 1 1' \
    "$(count_box a) $(count_box b) $(count_box c) $(count_box d)"
}

# Routes that are lost for one attempt take back nothing of the attempts before.
test_alias_and_lost_routes() {
  add_routes <<END
all@example.test  alias a@example.test b@example.test
END
  break_box b
  start_send
  inject me@example.org all@example.test
  logged event=waiting
  mv "$CHAINMAIL_CONF/routes.cdb" "$CHAIN/kept"
  kill -ALRM "$SEND_PID"
  logged event=waiting 2
  mv "$CHAIN/kept" "$CHAINMAIL_CONF/routes.cdb"
  mend_box b
  kill -ALRM "$SEND_PID"
  deliveries b >/dev/null
  delivered_all
  assertEquals 'each once' '1 1' "$(count_box a) $(count_box b)"
}

test_unknown_recipients() {
  start_send
  inject sender@example.test known@only.example unknown@only.example other@no..domain.example
  bounce=$(deliveries sender)
  delivered_all
  assertEquals 'Final-Recipient: rfc822; unknown@only.example
Action: failed
Status: 5.1.1
Final-Recipient: rfc822; other@no..domain.example
Action: failed
Status: 5.1.2' "$(grep -E '^(Final-Recipient|Action|Status):' "$bounce")"
  assertEquals 1 "$(count_box known)"
}

test_routes_are_read_anew() {
  add_routes <<END
old@moved.example  maildir old
END
  start_send
  inject sender@example.test new@moved.example
  deliveries sender >/dev/null
  add_routes <<END
new@moved.example  maildir moved
END
  inject me@example.org new@moved.example
  deliveries moved >/dev/null
}

test_broken_routes_wait() {
  echo rubbish >"$CHAINMAIL_CONF/routes.cdb"
  start_send
  inject me@example.org a@example.test
  logged event=waiting
  assertEquals 'a@example.test deferred 4.3.5' \
    "$(queue-list -p | awk -F '\t' '{ print $5, $6, substr($9, 1, 5) }')"
  route-compile "$CHAINMAIL_CONF/routes"
  kill -ALRM "$SEND_PID"
  deliveries a >/dev/null
}

test_lost_routes_wait() {
  mv "$CHAINMAIL_CONF/routes.cdb" "$CHAIN/kept"
  start_send
  inject me@example.org a@example.test
  logged event=waiting
  mv "$CHAIN/kept" "$CHAINMAIL_CONF/routes.cdb"
  kill -ALRM "$SEND_PID"
  deliveries a >/dev/null
  delivered_all
  rm "$CHAINMAIL_CONF/routes.cdb"
  inject me@example.org b@example.test
  logged event=waiting 2
  assertEquals 'b@example.test deferred 4.3.5 there are no routes' \
    "$(queue-list -p | awk -F '\t' '{ print $5, $6, $9 }')"
  route-compile "$CHAINMAIL_CONF/routes"
  kill -ALRM "$SEND_PID"
  deliveries b >/dev/null
}

test_schedule() {
  echo '1 1 3600' >"$CHAINMAIL_CONF/retry-schedule"
  break_box a
  start_send
  inject me@example.org a@example.test
  logged 'event=waiting .*attempts=3'
  assertEquals 'and then for an hour' 1 \
    "$(grep -c 'event=waiting .*attempts=3 next=[34][0-9][0-9][0-9] ' "$CHAIN/send.log")"
}

test_expiry() {
  break_box a
  start_send
  inject QUEUE_ID=0000000000aaaaaa sender@example.test a@example.test
  assertTrue "grep -qx 'Status: 5.4.7' '$(deliveries sender)'"
  delivered_all
}

# It waits for its time, also after a restart, and new mail does not wait with it.
test_restart_with_a_backlog() {
  break_box a
  for i in 1 2 3 4 5 6 7 8 9 10; do inject "me$i@example.org" a@example.test; done
  start_send
  logged event=waiting 10
  stop_send
  mend_box a
  : >"$CHAIN/send.log"
  start_send
  logged event=found
  inject me@example.org b@example.test
  deliveries b >/dev/null
  assertEquals 'none of them is due' 0 "$(count_box a)"
  kill -ALRM "$SEND_PID"
  deliveries a 10 >/dev/null
  delivered_all
}

damage() {
  case $1 in
    torn) truncate -s -1 "$2" ;;
    flipped) printf X | dd of="$2" bs=1 seek=3 conv=notrunc 2>/dev/null ;;
    linked) ln "$2" "$CHAIN/link" ;;
    symbolic) mv "$2" "$CHAIN/file" && ln -s "$CHAIN/file" "$2" ;;
    empty) : >"$2" ;;
    fifo) rm "$2" && mkfifo "$2" ;;
  esac
}

test_strange_entries() {
  for damage in torn flipped linked symbolic empty fifo; do
    inject me@example.org "$damage@example.test"
    damage "$damage" "$(last_entry)"
  done
  inject me@example.org good@example.test
  start_send
  deliveries good >/dev/null
  logged event=bad 6
  delivered_all
  assertEquals 'six are set aside' 6 "$(find "$QUEUE/bad" -mindepth 1 | wc -l)"
  assertEquals 'and none delivered' good "$(ls "$MAIL")"
  assertEquals 'and all listed' 6 "$(queue-list -p | awk -F '\t' '$6 == "bad"' | wc -l)"
  assertTrue 'and counted' "queue-list | grep -qx '0 messages, 6 bad'"
}

test_owners() {
  is_root || { skip 'only root can give files away'; return; }
  inject me@example.org a@example.test
  chown 4242 "$(last_entry)"
  CHAIN_SEND="-o 4243,4244" start_send
  logged event=bad
  assertEquals '' "$(ls "$MAIL")"
  stop_send
  mv "$QUEUE"/bad/* "$QUEUE/new"
  inject me@example.org b@example.test # the own ones count
  CHAIN_SEND="-o 4241,4242" start_send
  deliveries a >/dev/null
  deliveries b >/dev/null
}

test_logs_without_an_entry_are_removed() {
  echo rubbish >"$QUEUE/state/hock9tq2oeauptqs.0123456789abcdef"
  start_send
  wait_until is_empty || fail 'it is still there'
}

test_rubbish_in_the_trigger() {
  start_send
  printf 'rubbish\n../../etc/passwd\n\n%s\n' hock9tq2oeauptqs.0123456789abcdef >"$QUEUE/trigger"
  head -c 100000 /dev/zero >"$QUEUE/trigger"
  inject me@example.org a@example.test
  deliveries a >/dev/null
}

# The FIFO is made anew, and no name has come through it: the signal makes it look.
test_lost_trigger() {
  start_send
  inject me@example.org first@example.test
  delivered_all # it has looked when it started
  rm "$QUEUE/trigger"
  inject me@example.org a@example.test
  assertEquals 1 "$(count_entries)"
  kill -ALRM "$SEND_PID"
  deliveries a >/dev/null
}

# Names that the FIFO had no room for are looked for at once, whatever its size.
test_full_trigger() {
  start_send
  kill -STOP "$SEND_PID"
  python3 - "$QUEUE/trigger" <<'END'
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
fcntl.fcntl(fd, 1031, 65536)  # F_SETPIPE_SZ, to what a pipe has without it
try:
    while True:
        os.write(fd, b"hock9tq2oeauptqs.0123456789abcdef\n")
except BlockingIOError:
    pass
END
  inject me@example.org a@example.test
  kill -CONT "$SEND_PID"
  deliveries a >/dev/null
}

# Its id is from tomorrow: the clock was set back since.
test_entry_from_the_future() {
  inject QUEUE_ID=zzzzzzzzzzaaaaaa me@example.org a@example.test
  start_send
  deliveries a >/dev/null
}

test_one_per_queue() {
  start_send
  assertEquals 111 "$(queue-send 2>/dev/null; echo $?)"
}

# The child of one that was killed has the queue's lock until it becomes a deliverer: it is asked for again.
test_lock_that_is_held_for_a_moment() {
  needs_tracing || return 0
  start_program send.log strace -qq -o "$CHAIN/trace" -e trace=flock \
    -e inject=flock:error=EAGAIN:when=1..3 queue-send -n 3
  SEND_PID=$STARTED
  assertEquals 'it asks' 4 "$(grep -c flock "$CHAIN/trace")"
  end_process "$(pgrep -P "$SEND_PID" -x queue-send)"
}

# It was killed when a child of its had not become a deliverer yet.
test_killed_amid_a_start() {
  needs_tracing || return 0
  start_program send.log strace -f -qq -o /dev/null -e trace=execve \
    -e inject=execve:delay_enter=1s:when=1+ queue-send -n 3
  tracer=$STARTED
  inject me@example.org a@example.test
  wait_until has_child_of "$tracer" || fail 'no deliverer is started'
  kill -9 "$(pgrep -P "$tracer" -o -x queue-send)"
  wait "$tracer" 2>/dev/null # it ends with the child
  start_send || return
  deliveries a >/dev/null
}
has_child_of() { pgrep -P "$(pgrep -P "$1" -o -x queue-send)" >/dev/null; }

test_end() {
  start_send
  kill -TERM "$SEND_PID"
  wait "$SEND_PID"
  assertEquals 0 $?
  SEND_PID=
}

test_deliverer_that_cannot_be_started() {
  CHAIN_SEND="-w maildir=/nowhere/deliver" start_send
  inject me@example.org a@example.test
  logged event=waiting
  assertTrue 'the reason is listed' \
    "queue-list -p | grep -q '4.3.0 unable to start /nowhere/deliver: No such file'"
}

# Their end has the last one begun: for a deliverer that has nothing to do, and whose turn was before.
test_recipients_behind_a_thousand_that_cannot_be_tried() {
  CHAIN_SEND="-w lmtp=/nowhere/deliver" start_send
  echo '@lmtp.example lmtp 127.0.0.1' | add_routes
  inject me@example.org a@example.test
  deliveries a >/dev/null
  # shellcheck disable=SC2046 # words are wanted
  inject me@example.org $(seq -f 'user%g@lmtp.example' 1000) a@example.test
  deliveries a 2 >/dev/null || fail 'it sleeps'
}

test_deliverer_that_dies() {
  cat >"$CHAIN/deliver" <<'END'
#!/bin/sh
# Takes what comes and dies, the first time.
[ -e "$0.died" ] && exec deliver-maildir
: >"$0.died"
head -c 1 >/dev/null
END
  chmod +x "$CHAIN/deliver"
  CHAIN_SEND="-w maildir=1 -w maildir=$CHAIN/deliver" start_send
  inject me@example.org a@example.test
  logged event=waiting
  assertTrue "queue-list -p | grep -q '4.3.0 the deliverer went away'"
  kill -ALRM "$SEND_PID"
  deliveries a >/dev/null
}

test_deliverer_that_lies() {
  cat >"$CHAIN/deliver" <<'END'
#!/bin/sh
[ -e "$0.lied" ] && exec deliver-maildir
: >"$0.lied"
printf '0000000ar\000123456\000K\000' >&0
cat >/dev/null
END
  chmod +x "$CHAIN/deliver"
  CHAIN_SEND="-w maildir=1 -w maildir=$CHAIN/deliver" start_send
  inject me@example.org a@example.test
  logged event=worker-lost
  logged event=waiting
  kill -ALRM "$SEND_PID"
  deliveries a >/dev/null
}

test_service() {
  start_program deliver.log tcp-accept -n 3 "unix:$CHAIN/deliver" deliver-maildir
  service=$STARTED
  CHAIN_SEND="-w maildir=unix:$CHAIN/deliver" start_send
  inject me@example.org a@example.test
  deliveries a >/dev/null
  delivered_all
  stop_send # its connections are sessions that the service would wait for
  end_process "$service"
}

# The first one whose first job is for a@example.test hangs, whichever was started first.
make_hanging_deliverer() {
  cat >"$CHAIN/deliver" <<'END'
#!/bin/sh
python3 -IS -c 'import socket, sys
sys.exit(b"\0a@example.test\0" not in socket.socket(fileno=0).recv(4096, socket.MSG_PEEK))' &&
  mkdir "$0.hangs" 2>/dev/null && exec sleep 1000
exec deliver-maildir
END
  chmod +x "$CHAIN/deliver"
}
find_sleeper() { sleeper=$(pgrep -P "$SEND_PID" -x sleep); } # it looks at its job before it is one

# Nothing else is under way: what is given up at an end would come once more.
others_are_done() {
  echo stat | socat -t "$PATIENCE" - "UNIX-CONNECT:$QUEUE/control" | awk -F '\t' -v sleeper="$sleeper" '
    $2 == "ready" && $3 { busy = 1 }
    $1 == "=deliverer" && $4 != sleeper && $5 + $6 { busy = 1 }
    $1 == "+done" { told = 1 }
    END { exit busy || !told }'
}

# More than it may have open at one time wait for one deliverer; what goes by the other goes on.
test_deliverer_that_hangs() {
  make_hanging_deliverer
  CHAIN_SEND="-t 2 -w maildir=$CHAIN/deliver" start_send
  for i in $(seq 600); do inject "me$i@example.org" a@example.test; done
  for box in b c d e f g h i j k l m; do inject me@example.org "$box@example.test"; done
  wait_until has_mail || fail 'nothing goes on'
  assertEquals 'the other one hangs' 0 "$(count_box a)"
  wait_until find_sleeper || fail 'none hangs'
  wait_until others_are_done || fail 'the other ones go on and on'
  kill -TERM "$SEND_PID"
  wait "$SEND_PID"
  assertEquals 'the end is not waited for longer than -t' 0 $?
  kill "$sleeper"
  start_send
  delivered_all
  assertEquals 'none twice' 612 "$(find "$MAIL" -path '*/new/*' | wc -l)"
}

has_mail() { [ -n "$(find "$MAIL" -path '*/new/*')" ]; }

# The same with few descriptors, which are for the other one too.
test_deliverer_that_hangs_with_few_descriptors() {
  make_hanging_deliverer
  for i in $(seq 200); do inject "me$i@example.org" a@example.test; done
  for box in b c d e f g h i j k l m; do inject me@example.org "$box@example.test"; done
  prlimit --nofile=150: queue-send -t 5 -w "maildir=$CHAIN/deliver" 2>>"$CHAIN/send.log" &
  SEND_PID=$!
  wait_until has_mail || fail 'nothing goes on'
  assertTrue 'the other one hangs' "[ $(find "$MAIL" -path '*/new/*' | wc -l) -lt 212 ]"
  wait_until find_sleeper || fail 'none hangs'
  stop_send
  kill "$sleeper"
}

# Messages to both hold nobody else's up: what of them is done does not count against who did it.
# They come all at once.
test_deliverer_that_hangs_beside_another() {
  start_send
  for box in a b; do inject me@example.org "$box@example.test"; done
  for box in a b; do deliveries "$box" >/dev/null; done # a deliverer each
  hanging=$(pgrep -P "$SEND_PID" -x deliver-maildir | head -n 1)
  kill -STOP "$hanging"
  for box in a b; do inject me@example.org "$box@example.test"; done
  wait_until one_has_two || fail 'both hang'
  if box_has a 2; then good=a bad=b; else good=b bad=a; fi
  kill -STOP "$SEND_PID"
  for i in $(seq 300); do
    inject "me$i@example.org" "$bad@example.test" "$good@example.test"
    inject "me$i@example.org" "$good@example.test" "$bad@example.test"
  done
  inject me@example.org "$good@example.test"
  kill -CONT "$SEND_PID"
  wait_until box_has "$good" 603 || fail "$(count_box $good) of 603 go on"
  assertEquals 'the other one hangs' 1 "$(count_box $bad)"
  kill -CONT "$hanging"
  delivered_all
  assertEquals 'each once' '603 602' "$(count_box $good) $(count_box $bad)"
}
one_has_two() { box_has a 2 || box_has b 2; }

# Few may be under way, and one deliverer would have them all.
test_deliverers_share() {
  echo 2 >"$CHAINMAIL_CONF/concurrency-local"
  make_hanging_deliverer
  CHAIN_SEND="-t 5 -w maildir=$CHAIN/deliver" start_send
  for i in 1 2 3 4; do inject "me$i@example.org" a@example.test; done
  for box in b c d e f g h i j k l m; do inject me@example.org "$box@example.test"; done
  wait_until has_mail || fail 'nothing goes on'
  assertEquals 'the other one hangs' 0 "$(count_box a)"
  wait_until find_sleeper || fail 'none hangs'
  stop_send
  kill "$sleeper"
}

# One of two targets was reached when it is told to end.
test_end_amid_an_alias() {
  add_routes <<END
all@example.test  alias a@example.test b@example.test c@example.test d@example.test
END
  make_hanging_deliverer
  CHAIN_SEND="-t 2 -w maildir=$CHAIN/deliver" start_send
  inject me@example.org all@example.test
  wait_until has_mail || fail 'none is reached'
  wait_until find_sleeper || fail 'none hangs'
  wait_until others_are_done || fail 'the other ones go on and on'
  stop_send
  kill "$sleeper"
  start_send
  delivered_all
  assertEquals 'each once' '1 1 1 1' \
    "$(count_box a) $(count_box b) $(count_box c) $(count_box d)"
}

test_few_descriptors() {
  for i in $(seq 100); do inject "me$i@example.org" "box$((i % 10))@example.test"; done
  prlimit --nofile=80: queue-send 2>>"$CHAIN/send.log" &
  SEND_PID=$!
  delivered_all
  assertEquals 100 "$(find "$MAIL" -path '*/new/*' | wc -l)"
  assertFalse 'never too many' "grep -q -i 'too many open files' $CHAIN/send.log"
}

test_thousands_of_recipients() {
  start_send
  # shellcheck disable=SC2046 # words are wanted
  inject sender@example.test $(seq -f 'box%g@example.test' 1 20) \
    $(seq -f 'x%g@no..domain.example' 3000)
  for i in 1 20; do deliveries "box$i" >/dev/null; done
  assertEquals 3000 "$(grep -c '^Action: failed' "$(deliveries sender)")"
  delivered_all
}

# trace_send TRACE OPTION...: one life, from its start to its first wait
trace_send() {
  trace=$1
  shift
  start_program send.log strace -qq -o "$trace" -e trace=openat,poll "$@" queue-send -n 3
  wait_until grep -q poll "$trace"
  end_process "$(pgrep -P "$STARTED" -x queue-send)"
  wait "$STARTED"
}

# What cannot be read now is looked at soon, not after the time between two scans.
test_scan_that_fails() {
  needs_tracing || return 0
  trace_send "$CHAIN/calls"
  # Which folder it is, an ordinary user's strace may not see.
  scan=$(grep openat "$CHAIN/calls" | grep -n O_DIRECTORY | sed 's/:.*//; q')
  trace_send "$CHAIN/trace" -e "inject=openat:error=EMFILE:when=$scan"
  logged 'event=scan-failed folder=new'
  milliseconds=$(sed -n 's/^poll(.*, \([0-9-]*\)).*/\1/p; /^poll(/q' "$CHAIN/trace")
  assertTrue "$milliseconds ms" "[ $milliseconds -ge 0 ] && [ $milliseconds -le 30000 ]"
}

# Nobody tells of a wall clock that is set.
test_the_clock_is_looked_at_each_minute() {
  needs_tracing || return 0
  start_program send.log strace -qq -o "$CHAIN/trace" -e trace=poll queue-send -n 3
  assertTrue 'it waits' "wait_until grep -Eq '[0-9]{5,}$|, [0-9]{5,}\)' '$CHAIN/trace'"
  end_process "$(pgrep -P "$STARTED" -x queue-send)"
  wait "$STARTED"
  longest=$(sed -n 's/^poll(.*, \([0-9]*\)).*/\1/p' "$CHAIN/trace" | sort -n | tail -n 1)
  assertTrue "$longest ms" "[ $longest -le 60000 ]"
}

# What a delivery costs the scheduler, when nothing goes wrong.
test_calls() {
  needs_tracing || return 0
  start_program send.log strace -qq -o "$CHAIN/trace" queue-send -n 3
  SEND_PID=$STARTED
  inject me@example.org a@example.test
  deliveries a >/dev/null
  delivered_all
  before=$(grep -c '' "$CHAIN/trace")
  for i in 1 2 3 4 5; do
    inject me@example.org a@example.test
    deliveries a $((i + 1)) >/dev/null
  done
  delivered_all
  after=$(grep -c '' "$CHAIN/trace")
  assertTrue "$((after - before)) calls for 5 deliveries" "[ $((after - before)) -le $((5 * 16)) ]"
  assertEquals 'no sync' 0 "$(grep -c sync "$CHAIN/trace")"
  end_process "$(pgrep -P "$SEND_PID" -x queue-send)"
}

# Only what was achieved is worth a sync.
test_syncs_of_the_log() {
  needs_tracing || return 0
  break_box b
  start_program send.log strace -qq -e trace=fsync -o "$CHAIN/trace" queue-send -n 3
  SEND_PID=$STARTED
  inject me@example.org b@example.test
  logged event=waiting
  assertEquals 'a failure alone' 0 "$(grep -c fsync "$CHAIN/trace")"
  inject me@example.org a@example.test b@example.test
  logged event=waiting 2
  assertEquals 'a failure beside a delivery' 1 "$(grep -c fsync "$CHAIN/trace")"
  end_process "$(pgrep -P "$SEND_PID" -x queue-send)"
}

test_usage() {
  for words in -x 'word' '-o x' '-o 1,,2' '-w maildir' '-w maildir=' '-w maildir=0' '-w maildir=99' \
    '-w nonsense=1' '-n x' '-n 2' '-t x' '-t 86401'; do
    # shellcheck disable=SC2086 # words are wanted
    assertEquals "queue-send $words" 100 "$(queue-send $words 2>/dev/null; echo $?)"
  done
  assertEquals 0 "$(queue-send -h 2>/dev/null; echo $?)"
  echo '60 30' >"$CHAINMAIL_CONF/retry-schedule"
  assertEquals 'a bad setting' 100 "$(queue-send 2>/dev/null; echo $?)"
  rm "$CHAINMAIL_CONF/retry-schedule"
  assertEquals 111 "$(queue-send -q "$CHAIN/nowhere" 2>/dev/null; echo $?)"
}

# A log that cannot be written: who has got the message does not get it again.
test_log_cannot_be_written() {
  serve_remote
  answer x.example wait
  answer b@y.example 'Z451 4.2.2 full'
  start_send
  inject me@example.org a@x.example b@y.example
  jobs_come a@x.example 1
  log=$QUEUE/state/$(basename "$(last_entry)")
  mkdir "$log"
  : >"$OUT/go"
  logged 'event=record-failed .*error="Is a directory"'
  kill -ALRM "$SEND_PID"
  logged event=record-failed 2
  assertEquals 'not tried before it can' 1 "$(list_jobs b@y.example | wc -l)"
  rmdir "$log"
  answer_all
  kill -ALRM "$SEND_PID"
  delivered_all
  assertEquals 'a once, b twice' '1 2' \
    "$(list_jobs a@x.example | wc -l) $(list_jobs b@y.example | wc -l)"
}

# The clock was ten years ahead when the log was written.
test_clock_set_back() {
  inject me@example.org a@example.test
  log=$QUEUE/state/$(basename "$(last_entry)")
  now=$(date +%s)
  printf '%s000000 %s\n' "$now" 't 0 - 0 4.2.2 full' "$now" "r 0 - $((now + 315360000))000000 " >"$log"
  start_send
  deliveries a >/dev/null
}

# Whoever may write into the trigger may not keep others' messages waiting for the next scan.
test_rubbish_in_front_of_a_name() {
  start_send
  printf rubbish >"$QUEUE/trigger"
  inject me@example.org a@example.test
  deliveries a >/dev/null || fail 'it waits'
  head -c 300 /dev/zero | tr '\0' 0 >"$QUEUE/trigger"
  inject me@example.org b@example.test
  deliveries b >/dev/null
}

# Names without end that no entry has, as fast as they are read.
flood() {
  exec python3 -IS -c '
import os, random, select, sys
trigger = os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
print("begun", flush=True)
number = 0
while True:
    names = b"".join(b"hock9tq2oeauptqs.%016x\n" % (number + i) for i in range(120))
    number += 120
    try: os.write(trigger, names)
    except BlockingIOError: select.select([], [trigger], [])
' "$QUEUE/trigger"
}

memory() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$SEND_PID/status"; }

# Whoever may write into the trigger has as many as he likes; others' mail goes on, memory stays.
test_flood_in_the_trigger() {
  start_send
  inject me@example.org a@example.test
  deliveries a >/dev/null
  before=$(memory)
  flood >"$CHAIN/flood" &
  flooder=$!
  wait_until grep -q begun "$CHAIN/flood"
  logged event=trigger-flooded 2
  inject me@example.org b@example.test
  inject me@example.org c@example.test
  deliveries b >/dev/null || fail 'it waits'
  deliveries c >/dev/null || fail 'it waits'
  is_sanitized || assertTrue 'memory' "[ $(($(memory) - before)) -lt 8192 ]"
  wait_until finds_one || fail 'it does not look into the folder'
  kill "$flooder"
  wait "$flooder" 2>/dev/null
  inject me@example.org d@example.test
  deliveries d >/dev/null || fail 'it is deaf'
}

# One more that comes while it is deaf.
finds_one() { has_logged event=found || { inject me@example.org e@example.test && false; }; }

# shellcheck source=/dev/null
. shunit2
