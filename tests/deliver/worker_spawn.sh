#!/bin/sh
# worker-spawn, spoken to as queue-send speaks to it: as whom mail is delivered, whom it believes, and
# what one user's deliverer can do to the others.
# The users exist in a passwd of this suite's own, which only route-compile sees.
# timeout: 700
# shellcheck disable=SC2016,SC2317 # commands are quoted for the shell below; shunit2 calls functions

# shellcheck source=tests/_wait.sh
. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_wait.sh"
# shellcheck source=tests/_needs.sh
. "$TOP/tests/_needs.sh"
WORKER=$TOP/tests/deliver/_worker.py
ALICE=54321 BOB=54322 VMAIL=54330
SERVERS=

setUp() {
  DIR=$(mktemp -d "${TMPDIR:-/tmp}/spawn.XXXXXX")
  chmod 755 "$DIR"
  mkdir -p "$DIR/queue/new" "$DIR/queue/tmp" "$DIR/queue/state" "$DIR/queue/bad" "$DIR/conf" \
    "$DIR/alice" "$DIR/bob" "$DIR/vmail"
  export CHAINMAIL_CONF="$DIR/conf"
  printf 'Fs@example.org\0Tr@example.test\0\0' >"$DIR/envelope"
  printf 'Subject: x\n\nbody\n' >"$DIR/message"
  cat >"$DIR/passwd" <<END
root:x:0:0::/root:/bin/sh
games:x:5:60::/:/bin/sh
alice:x:$ALICE:$ALICE::$DIR/alice:/bin/sh
bob:x:$BOB:$BOB::$DIR/bob:/bin/sh
gone:x:54323:54323::$DIR/nowhere:/bin/sh
END
  printf 'root:x:0:\nwheel:x:54340:alice\nmusic:x:54341:alice,bob\n' >"$DIR/group"
  cat >"$DIR/conf/routes" <<END
@example.test       maildir $DIR/%u/Maildir user=%u
@virtual.test       maildir $DIR/vmail/%u
@command.test       pipe "id -u >got; id -g >>got; id -G >>got; pwd >>got" user=%u
games@example.test  maildir $DIR/games user=games
postmaster          maildir $DIR/vmail/p
END
  cd "$DIR" || exit 111
}

tearDown() {
  cd / || exit 111
  for pid in $SERVERS; do kill "$pid"; done
  SERVERS=
  [ -z "${DIR-}" ] || rm -rf "$DIR"
  DIR=
}

# Root, whose programs the users of this suite can reach, and who may hide the machine's passwd.
ready() {
  reason=
  if ! is_root; then
    reason='not root'
  elif ! setpriv --reuid "$ALICE" --regid "$ALICE" --clear-groups test -x "$BIN/deliver-pipe"; then
    reason="others than root cannot reach $BIN"
  elif ! compile 2>/dev/null; then
    reason='no mount namespaces'
  fi
  [ -n "$reason" ] || chown "$ALICE:$ALICE" alice && chown "$BOB:$BOB" bob && chown "$VMAIL:$VMAIL" vmail
  [ -z "$reason" ] || ! skip "$reason"
}

compile() {
  unshare --mount sh -c 'mount --bind passwd /etc/passwd && mount --bind group /etc/group &&
    exec route-compile' 2>"$DIR/errors" || { cat "$DIR/errors" >&2; return 1; }
}

entry() {
  rm -f "$DIR"/queue/new/*
  queue-inject -q "$DIR/queue" <"$DIR/message" 1<"$DIR/envelope" || return
  ls "$DIR"/queue/new/*
}

# jobs RECIPIENT ARGUMENT...: the words that _worker.py wants
jobs() {
  file=$(entry)
  while [ $# -gt 0 ]; do
    printf '%s s@example.org %s %s ' "$file" "$1" "$2"
    shift 2
  done
}

# spawn JOBS [OPTION...]: gives them to worker-spawn, in one batch
spawn() {
  words=$1
  shift
  # shellcheck disable=SC2086 # words are wanted
  env UID="$VMAIL" GID="$VMAIL" GIDLIST= "$WORKER" -b $words -- \
    worker-spawn "$@" 2>>"$DIR/log"
}

count() { find "$1/Maildir/new" -type f | wc -l; }
owners() { stat -c '%u:%g %a' "$@" | sort -u; }

test_everyone_as_themselves() {
  ready || return 0
  assertEquals 'K K K K' "$(spawn "$(jobs alice@example.test "$DIR/alice/Maildir" \
    bob@example.test "$DIR/bob/Maildir" x@virtual.test "$DIR/vmail/x" \
    alice@example.test "$DIR/alice/Maildir")" maildir deliver-maildir | xargs)"
  assertEquals "$ALICE:$ALICE 600" "$(owners alice/Maildir/new/*)"
  assertEquals "$BOB:$BOB 600" "$(owners bob/Maildir/new/*)"
  assertEquals "$VMAIL:$VMAIL 600" "$(owners vmail/x/new/*)"
  assertEquals 2 "$(count alice)"
  assertEquals 'one deliverer each' 3 "$(grep -c 'event=start' log)"
}

test_groups_and_home() {
  ready || return 0
  command='id -u >got; id -g >>got; id -G >>got; pwd >>got'
  file=$(entry)
  assertEquals K "$("$WORKER" "$file" s alice@command.test "$command" -- \
    worker-spawn pipe deliver-pipe 2>>log)"
  assertEquals "$ALICE $ALICE $ALICE 54340 54341 $DIR/alice" "$(xargs <alice/got)"
}

# A job of another user's, a descriptor of worker-spawn's: a command has neither.
test_descriptors_and_environment() {
  ready || return 0
  printf 'alice@look.test pipe "env >env; ls /proc/self/fd | wc -l >fds" user=alice\n' >>conf/routes
  compile
  export SECRET=1
  assertEquals K "$("$WORKER" "$(entry)" s alice@look.test \
    'env >env; ls /proc/self/fd | wc -l >fds' -- worker-spawn pipe deliver-pipe 2>>log)"
  unset SECRET
  assertEquals '' "$(grep -E '^(SECRET|UID|GID)' alice/env)"
  assertEquals '0, 1, 2 and the folder' 4 "$(cat alice/fds)"
}

test_routes_of_others() {
  ready || return 0
  one=$(jobs alice@example.test "$DIR/alice/Maildir")
  chown "$ALICE" conf/routes.cdb
  assertEquals "Z4.3.5 others than root may write the routes" "$(spawn "$one" maildir deliver-maildir)"
  chown 0 conf/routes.cdb
  chmod 664 conf/routes.cdb
  assertEquals "Z4.3.5 others than root may write the routes" "$(spawn "$one" maildir deliver-maildir)"
  chmod 644 conf/routes.cdb
  assertEquals K "$(spawn "$one" maildir deliver-maildir)"
  rm conf/routes.cdb
  assertEquals "Z4.3.5 there are no routes" "$(spawn "$one" maildir deliver-maildir)"
  echo rubbish >conf/routes.cdb
  assertEquals "Z4.3.5 unable to read the routes: Protocol error" \
    "$(spawn "$one" maildir deliver-maildir)"
}

# What a job says of itself is not believed.
test_jobs_that_lie() {
  ready || return 0
  nowhere='Z4.3.5 the routes do not lead there now'
  for job in "bob@example.test $DIR/alice/Maildir" "alice@example.test $DIR/alice/Other" \
    "nobody@example.test $DIR/nobody/Maildir" "root@example.test $DIR/root/Maildir" \
    "x@elsewhere.test elsewhere.test" "alice@command.test touch"; do
    # shellcheck disable=SC2086 # words are wanted
    assertEquals "$job" "$nowhere" "$(spawn "$(jobs $job)" maildir deliver-maildir)"
  done
  assertEquals 'nothing was started' '' "$(cat log)"
  assertEquals 'nothing was made' '' "$(find alice bob -mindepth 1)"
}

test_uids_below_the_first() {
  ready || return 0
  one=$(jobs games@example.test "$DIR/games")
  assertEquals "Z4.3.5 worker-spawn's -f forbids to deliver as games" \
    "$(spawn "$one" maildir deliver-maildir)"
  mkdir games && chown 5:60 games
  assertEquals 'with -f 5' K "$(spawn "$one" -f 5 maildir deliver-maildir)"
  assertEquals '5:60 600' "$(owners games/new/*)"
}

test_nobody_named() {
  ready || return 0
  assertEquals 'Z4.3.5 the route names no user, and worker-spawn has none' \
    "$("$WORKER" "$(entry)" s x@virtual.test "$DIR/vmail/x" -- worker-spawn maildir deliver-maildir)"
}

# A link in a user's home leads where the user may go, and no further.
test_links_of_users() {
  ready || return 0
  mkdir -m 700 bob/Maildir && ln -s ../bob/Maildir alice/Maildir
  case $(spawn "$(jobs alice@example.test "$DIR/alice/Maildir")" maildir deliver-maildir) in
    Z4.3.5\ *Permission\ denied) ;;
    *) fail 'alice wrote where she must not' ;;
  esac
  assertEquals '' "$(find bob/Maildir -type f)"
}

test_no_home() {
  ready || return 0
  assertEquals 'the deliverer finds that out' \
    'Z4.3.5 unable to open the Maildir: Permission denied' \
    "$(spawn "$(jobs gone@example.test "$DIR/gone/Maildir")" maildir deliver-maildir)"
}

# fake NAME: a deliverer that is deliver-maildir to all but alice, to whom it is stdin
fake() {
  { printf '#!/bin/sh\n[ "$(id -u)" = %s ] || exec deliver-maildir\n' "$ALICE" && cat; } >"$DIR/$1"
  chmod 755 "$DIR/$1"
}

# with_fake PROGRAM [OPTION...]: a job for alice between two for bob
with_fake() {
  program=$1
  shift
  spawn "$(jobs bob@example.test "$DIR/bob/Maildir" alice@example.test "$DIR/alice/Maildir" \
    bob@example.test "$DIR/bob/Maildir")" "$@" maildir "$DIR/$program" | tr '\n' '|'
}

test_one_that_dies() {
  ready || return 0
  echo 'exit 0' | fake dies
  assertEquals 'K|Z4.3.0 the deliverer went away|K|' "$(with_fake dies)"
}

test_one_that_cannot_be_started() {
  ready || return 0
  assertEquals "Z4.3.0 unable to start nothing: No such file or directory" \
    "$(spawn "$(jobs bob@example.test "$DIR/bob/Maildir")" maildir nothing)"
}

gone() { wait_until [ ! -d "/proc/$1" ]; }

test_one_that_hangs() {
  ready || return 0
  echo 'echo $$ >pid; exec sleep 1000' | fake hangs
  assertEquals 'K|Z4.3.0 the deliverer took too long|K|' "$(with_fake hangs -t 8)"
  assertTrue 'it is gone' "gone $(cat alice/pid)"
}

# Whoever answers for what was not asked of them, or is given descriptors to keep.
test_ones_that_lie() {
  ready || return 0
  for answer in '00000006r\0000\0K\0' '00000008r\0001023\0K\0' \
    '00000018r\00018446744073709551615\0K\0' 'ffffffff' 'rubbish-rubbish'; do
    printf '%s\n' "printf '$answer' >&0; exec sleep 1000" | fake lies
    assertEquals "$answer" 'K|Z4.3.0 the deliverer does not speak the protocol|K|' \
      "$(with_fake lies -t 20)"
  done
  cat <<'END' >"$DIR/sends.py"
import array, os, socket
s = socket.socket(fileno=0)
s.sendmsg([b"0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [1] * 50))])
while True: s.recv(1)
END
  echo "exec python3 $DIR/sends.py" | fake sends
  assertEquals 'K|Z4.3.0 the deliverer does not speak the protocol|K|' "$(with_fake sends -t 20)"
}

# Who has nothing to do is not waited for.
test_one_that_does_not_end() {
  ready || return 0
  cat <<'END' >"$DIR/stays.py"
import socket, time
s = socket.socket(fileno=0)
s.recvmsg(10000, 1000)
s.send(b"00000006r\x000\x00K\x00")
time.sleep(1000)
END
  echo "echo \$\$ >pid; exec python3 $DIR/stays.py" | fake stays
  assertEquals K "$(spawn "$(jobs alice@example.test "$DIR/alice/Maildir")" maildir "$DIR/stays")"
  assertTrue 'it is gone' "gone $(cat alice/pid)"
}

# Whoever is traced is not gone when he is killed, and the place not free: no one gets a second one.
test_one_that_is_killed_and_stays() {
  ready || return 0
  is_confined && skip 'no profile allows to trace' && return
  cat <<'END' >"$DIR/stuck.py"
import ctypes, os, time
SEIZE, SET_PTRACER, ANY = 0x4206, 0x59616d61, -1
libc, traced, deliverer = ctypes.CDLL(None), os.pipe(), os.getpid()
libc.prctl(SET_PTRACER, ctypes.c_long(ANY), 0, 0, 0)
if not os.fork():
    os.close(0)
    failed = libc.ptrace(SEIZE, deliverer, None, None)
    open("tracer", "a").write("cannot trace\n" if failed else f"{os.getpid()}\n")
    os.write(traced[1], b"x")
    time.sleep(1000)
os.read(traced[0], 1)
os.close(0)
time.sleep(1000)
END
  echo "exec python3 $DIR/stuck.py" | fake stuck
  file=$(entry)
  set -- "$file" s alice@example.test "$DIR/alice/Maildir"
  answers=$(env UID="$VMAIL" GID="$VMAIL" GIDLIST= timeout $((2 * PATIENCE)) "$WORKER" "$@" "$@" "$@" \
    "$file" s bob@example.test "$DIR/bob/Maildir" "$file" s x@virtual.test "$DIR/vmail/x" -- \
    worker-spawn -c 2 -i 1000 maildir "$DIR/stuck" 2>>log | tr '\n' '|')
  tracers=$(cat alice/tracer)
  for tracer in $tracers; do
    case $tracer in [0-9]*) kill "$tracer" ;; esac
  done
  case $tracers in *cannot*) skip 'nobody may trace' ;; esac
  stuck="Z4.3.0 the user's last deliverer does not end"
  assertEquals "Z4.3.0 the deliverer went away|$stuck|$stuck|K|K|" "$answers"
}

# Those who wait for memory have no use for a place, and do not take it from each other.
test_one_whose_message_fills_the_memory() {
  ready || return 0
  echo 'exec sleep 1000' | fake deaf
  mv "$(entry)" small
  head -c 270000000 /dev/zero >>message
  words="$(entry) s alice@example.test $DIR/alice/Maildir"
  words="$words $DIR/small s bob@example.test $DIR/bob/Maildir"
  words="$words $DIR/small s gone@example.test $DIR/gone/Maildir"
  assertEquals "Z4.3.2 the deliverer took too long, and others wait|K|Z4.3.5 unable to open the Maildir: \
Permission denied|" "$(spawn "$words" -c 2 -s 8 maildir "$DIR/deaf" | tr '\n' '|')"
  assertEquals 'one deliverer each' 3 "$(grep -c event=start log)"
}

# answers_of PROGRAM OPTION...: what becomes of 40 jobs for alice and then one for bob, counted
answers_of() {
  program=$1
  shift
  words=$(for _ in $(seq 40); do echo "alice@example.test $DIR/alice/Maildir"; done)
  # shellcheck disable=SC2086 # words are wanted
  spawn "$(jobs $words bob@example.test "$DIR/bob/Maildir")" "$@" maildir "$DIR/$program" | sort | uniq -c |
    sed 's/^ *//'
}

# One who takes nothing is given little, and when that took too long all the rest has, too.
test_one_that_takes_nothing() {
  ready || return 0
  echo 'exec sleep 1000' | fake deaf
  assertEquals "1 K
2 Z4.3.0 the deliverer took too long
38 Z4.3.2 the user's deliverer took too long a while ago" "$(answers_of deaf -t 8)"
}

# assertComes WHAT WANTED COMMAND...: what it prints, which may take a few tries: who stands still for four
# seconds while others wait is taken for one that hangs
assertComes() {
  what=$1 wanted=$2
  shift 2
  for _ in 1 2 3 4 5; do
    got=$("$@")
    [ "$got" != "$wanted" ] || break
  done
  assertEquals "$what" "$wanted" "$got"
}

# As many jobs as queue-send hands out are in hand: there may be others' behind them. Four seconds: after
# five what waits for someone slow makes room.
test_one_that_takes_nothing_while_others_wait() {
  ready || return 0
  echo 'exec sleep 1000' | fake deaf
  assertComes 'it is not waited for' "1 K
2 Z4.3.2 the deliverer took too long, and others wait
38 Z4.3.2 the user's deliverer took too long a while ago" answers_of deaf -j 40 -s 4 -t 20
  assertEquals 'what waits for it makes room before that' "1 K
2 Z4.3.0 the deliverer took too long
38 Z4.3.2 the user's other deliveries take their time" "$(answers_of deaf -j 3 -s 100 -t 20)"
}

# All places are those of users whose deliverers hang: others get one.
test_ones_that_hang_do_not_keep_their_places() {
  ready || return 0
  echo 'exec sleep 1000' | fake deaf
  assertEquals 'Z4.3.2 the deliverer took too long, and others wait|K|' \
    "$(spawn "$(jobs alice@example.test "$DIR/alice/Maildir" bob@example.test "$DIR/bob/Maildir")" \
      -c 1 -s 4 maildir "$DIR/deaf" | tr '\n' '|')"
}

# One who always has something to do gives up his place all the same.
test_busy_ones_do_not_keep_their_places() {
  ready || return 0
  printf '#!/bin/sh\nexec deliver-maildir\n' >busy && chmod 755 busy
  assertEquals '41 K' "$(answers_of busy -c 1)"
}

# virtual ADDRESS COUNT [ADDRESS COUNT]...: jobs for Maildirs whose owner is nobody the routes name
virtual() {
  file=$(entry)
  while [ $# -gt 0 ]; do
    for _ in $(seq "$2"); do printf '%s s %s@virtual.test %s/vmail/%s ' "$file" "$1" "$DIR" "$1"; done
    shift 2
  done
}

# spawn_slowly JOBS: each call that has to do with the Maildir bad takes 20 seconds
spawn_slowly() {
  mkdir -p vmail/bad/new vmail/bad/cur vmail/bad/tmp
  chown -R "$VMAIL:$VMAIL" vmail
  # shellcheck disable=SC2086 # words are wanted
  env UID="$VMAIL" GID="$VMAIL" GIDLIST= timeout $((3 * PATIENCE)) "$WORKER" -o $1 -- \
    strace -f -qq -o /dev/null -P "$DIR/vmail/bad" -e inject=all:delay_enter=20000000 \
    worker-spawn -s 4 -t 10 maildir deliver-maildir 2>>log
}

# Those for whom the routes name nobody share a deliverer, until one of their Maildirs hangs.
test_a_maildir_that_hangs() {
  ready && needs_strace || return 0
  assertComes 'what it had is tried again, another one serves the rest; from then on it waits alone' \
    '1 bad@virtual.test Z4.3.0 the deliverer took too long
62 good@virtual.test K
1 good@virtual.test Z4.3.0 the deliverer took too long
good@virtual.test K
good@virtual.test K
bad@virtual.test Z4.3.0 the deliverer took too long' answers_beside_bad
  assertContains 'the log says which it may be' "$(cat log)" "to=$DIR/vmail/bad"
}

# The first 64 jobs are answered before the next ones come.
answers_beside_bad() {
  spawn_slowly "$(virtual bad 1 good 63 bad 1 good 2)" >answers
  head -n 64 answers | LC_ALL=C sort | uniq -c | sed 's/^ *//'
  tail -n +65 answers
}

# They do not take all places, as long as they are there.
test_maildirs_that_hang() {
  ready || return 0
  cat <<'END' >"$DIR/stuck.py"
import os, socket, time
s = socket.socket(fileno=0)
while True:
    frames, fds, *_ = socket.recv_fds(s, 65536, 64)
    if not frames:
        break
    while frames:
        size = 8 + int(frames[:8], 16)
        frame, frames = frames[8:size], frames[size:]
        if b"/bad" in frame:
            time.sleep(1000)
        answer = b"r\0%s\0K\0" % frame.split(b"\0")[1]
        s.send(b"%08x" % len(answer) + answer)
    for fd in fds:
        os.close(fd)
END
  printf '#!/bin/sh\nexec python3 %s\n' "$DIR/stuck.py" >stuck && chmod 755 stuck
  assertComes 'somebody else gets one, and they are tried again' 'alice@example.test K
bad@virtual.test Z4.3
bad@virtual.test Z4.3' answers_beside_two
}

answers_beside_two() {
  words=$(virtual bad1 1 bad2 1 good 62 bad1 1 bad2 1)
  # shellcheck disable=SC2086 # words are wanted
  env UID="$VMAIL" GID="$VMAIL" GIDLIST= timeout $((2 * PATIENCE)) "$WORKER" -o $words "${words%% *}" s \
    alice@example.test "$DIR/alice/Maildir" -- \
    worker-spawn -c 2 -s 4 -t 8 maildir "$DIR/stuck" 2>>log |
    sed -n '65,$s/^bad[12]\(.*Z4\.3\).*/bad\1/; 65,$p'
}

# Whoever traces his own deliverer sees what it was handed: that is the message, as it is to be read.
test_what_a_deliverer_sees() {
  ready || return 0
  cat <<'END' >"$DIR/sees.py"
import os, socket
s = socket.socket(fileno=0)
frame, fds, *_ = socket.recv_fds(s, 10000, 1)
with open("seen", "wb") as seen:
    seen.write(frame + os.pread(fds[0], 10000, 0))
s.send(b"00000006r\x000\x00K\x00")
END
  echo "exec python3 $DIR/sees.py" | fake sees
  printf 'Subject: x\nBcc: secret-header@example.org\n\nbody\n' >message
  printf 'Fs@example.org\0Tteam@example.test\0Tsecret@example.org\0\0Psecret@example.org\0ENVID=secret\0\0' >envelope
  file=$(CUT_RANGES=11-42 ADD_HEADERS='X-Added: yes' SMTP_AUTH_USER=secret-login entry)
  tab=$(printf '\t')
  for user in alice bob; do
    assertEquals "$user" K "$("$WORKER" "$file" s@example.org "$user@example.test${tab}team@example.test" \
      "$DIR/$user/Maildir" -- worker-spawn maildir "$DIR/sees" 2>>log)"
  done
  assertEquals 'alice: the message' 'X-Added: yes|Subject: x||body|' \
    "$(tr '\0' '\n' <alice/seen | sed -n '/^X-Added/,/^body/p' | tr '\n' '|')"
  assertEquals 'nothing of others' '' "$(grep -a -e secret -e team alice/seen)"
  assertEquals 'bob, by deliver-maildir, the same' 'X-Added: yes|Subject: x||body|' \
    "$(sed '1,/^Delivered-To/d' bob/Maildir/new/* | tr '\n' '|')"
  assertEquals 'for him it says' 'Delivered-To: bob@example.test' "$(grep '^Delivered' bob/Maildir/new/*)"
}

test_more_users_than_places() {
  ready || return 0
  words=$(jobs alice@example.test "$DIR/alice/Maildir" bob@example.test "$DIR/bob/Maildir" \
    alice@example.test "$DIR/alice/Maildir" x@virtual.test "$DIR/vmail/x" \
    bob@example.test "$DIR/bob/Maildir")
  assertEquals 'K K K K K' "$(spawn "$words" -c 1 maildir deliver-maildir | xargs)"
  assertEquals "$BOB:$BOB 600" "$(owners bob/Maildir/new/*)"
}

test_idle_ones_end() {
  ready || return 0
  echo 'echo $$ >pid; exec deliver-maildir' | fake idle
  mkfifo hold
  # A second job that takes its time keeps worker-spawn there.
  printf 'wait@command.test pipe "cat %s/hold" user=bob\nalice@one.test pipe "echo $PPID >pid" user=alice\n' \
    "$DIR" >>conf/routes
  compile
  file=$(entry)
  "$WORKER" -b "$file" s alice@one.test 'echo $PPID >pid' "$file" s wait@command.test "cat $DIR/hold" \
    -- worker-spawn -i 0 pipe deliver-pipe >answers 2>>log &
  job=$!
  wait_until [ -s alice/pid ]
  assertTrue 'it ends, the other goes on' "gone $(cat alice/pid)"
  echo on >hold
  wait "$job"
  assertEquals 'K K' "$(xargs <answers)"
}

test_many_jobs() {
  ready || return 0
  set --
  for _ in $(seq 200); do
    set -- "$@" alice@example.test "$DIR/alice/Maildir" bob@example.test "$DIR/bob/Maildir"
  done
  assertEquals 400 "$(spawn "$(jobs "$@")" maildir deliver-maildir | grep -c '^K$')"
  assertEquals '200 200' "$(count alice) $(count bob)"
}

# The service, as queue-send and smtp-front use it: who has an account has a mailbox at home.
serve() { # serve [DELIVERER]: it instead of deliver-maildir
  for channel in maildir pipe; do
    make_ready ready
    deliverer=deliver-$channel
    [ "$channel" = pipe ] || deliverer=${1-$deliverer}
    env UID="$VMAIL" GID="$VMAIL" GIDLIST= tcp-accept -n 3 "unix:$DIR/$channel" \
      worker-spawn "$channel" "$deliverer" 3>ready >>log 2>&1 </dev/null &
    SERVERS="$! $SERVERS"
    await_ready ready || fail "not ready: $(cat log)"
  done
  make_ready ready
  queue-send -n 3 -t 1 -q "$DIR/queue" -w maildir=1 -w "maildir=unix:$DIR/maildir" -w "pipe=unix:$DIR/pipe" \
    3>ready >>send.log 2>&1 </dev/null &
  SERVERS="$! $SERVERS"
  await_ready ready || fail "not ready: $(cat send.log)"
}

stop() {
  for pid in $SERVERS; do kill "$pid" && wait "$pid"; done
  SERVERS=
}

stop_first() { # queue-send
  kill "${SERVERS%% *}" && wait "${SERVERS%% *}"
  SERVERS=${SERVERS#* }
}

holds() { [ "$(find "$2" -type f 2>/dev/null | wc -l)" -ge "$1" ]; }
has() { # has COUNT FOLDER
  wait_until holds "$@" && return
  tail -n 5 log send.log
  return 1
}

inject() { # inject RECIPIENT...
  printf 'Fs@example.org\0' >envelope
  printf 'T%s\0' "$@" >>envelope
  printf '\0' >>envelope
  queue-inject -q "$DIR/queue" <message 1<envelope
}

test_service() {
  ready || return 0
  mkfifo -m 600 queue/trigger
  echo "alice+*@example.test maildir $DIR/alice/Maildir/.%e user=alice" >>conf/routes
  compile
  serve
  inject alice@example.test bob@example.test x@virtual.test alice+Work@example.test
  assertTrue 'alice' "has 1 $DIR/alice/Maildir/new"
  assertTrue 'her folder' "has 1 $DIR/alice/Maildir/.work/new"
  assertTrue 'bob' "has 1 $DIR/bob/Maildir/new"
  assertTrue 'one without an account' "has 1 $DIR/vmail/x/new"
  assertEquals "$ALICE:$ALICE 600" "$(owners alice/Maildir/new/* alice/Maildir/.work/new/*)"
  inject bob@command.test
  assertTrue 'a command' "wait_until grep -qsx $DIR/bob bob/got" # its last line
  assertEquals "$BOB" "$(head -n 1 bob/got)"
  # Alice becomes somebody else: what comes then is hers.
  sed -i "s/^alice:x:$ALICE:$ALICE/alice:x:54350:54350/" passwd && compile
  chown -R 54350:54350 alice
  inject alice@example.test
  assertTrue 'alice again' "has 2 $DIR/alice/Maildir/new"
  assertEquals '54350:54350 600' "$(owners alice/Maildir/new/*)"
  stop
}

# Two whose deliverers hang have as much mail as queue-send hands out at one time, and more.
test_service_with_some_that_hang() {
  ready || return 0
  mkfifo -m 600 queue/trigger
  printf '#!/bin/sh\n[ "$(id -u)" = %s ] && exec deliver-maildir\nexec sleep 1000\n' "$BOB" >hangs
  chmod 755 hangs
  serve "$DIR/hangs"
  for _ in $(seq 80); do
    inject alice@example.test
    inject gone@example.test
  done
  inject bob@example.test
  assertTrue 'bob gets his soon' "has 1 $DIR/bob/Maildir/new"
  assertTrue 'theirs is tried later' "wait_until grep -q 'other deliveries take their time' send.log"
  stop_first
  # shellcheck disable=SC2046 # words are wanted
  kill $(sed -n 's/.*event=start user=[ag].* pid=//p' log) 2>/dev/null
  stop
}

# The service as it is shipped, confined, with its one setting.
test_service_tree() {
  ready || return 0
  needs_program s6-envuidgid || return 0
  mkfifo -m 600 queue/trigger
  printf 'queue:x:54331:54331::/:/bin/sh\nvmail:x:%s:%s::/:/bin/sh\n' "$VMAIL" "$VMAIL" >>passwd
  cp -R "$TOP/service/s6" tree
  sed -i '/^mkdir/d; s|@PREFIX@/lib/chainmail|'"$BIN"'|' tree/settings
  cat >>tree/settings <<END
CHAINMAIL_CONF='$DIR/conf' CHAINMAIL_QUEUE='$DIR/queue' CHAINMAIL_RUN='$DIR/run' CHAINMAIL_MAIL='$DIR'
REAL_USERS=1
END
  mkdir run
  make_ready ready
  (cd tree/deliver-maildir && exec unshare --mount sh -c \
    "mount --bind $DIR/passwd /etc/passwd && exec ./run") 3>ready >>log 2>&1 </dev/null &
  SERVERS="$! $SERVERS"
  await_ready ready || fail "not ready: $(cat log)"
  make_ready ready
  queue-send -n 3 -q "$DIR/queue" -w "maildir=unix:$DIR/run/queue/deliver-maildir" \
    3>ready >>send.log 2>&1 </dev/null &
  SERVERS="$! $SERVERS"
  await_ready ready || fail "not ready: $(cat send.log)"
  inject alice@example.test x@virtual.test
  assertTrue 'alice' "has 1 $DIR/alice/Maildir/new"
  assertTrue 'one without an account' "has 1 $DIR/vmail/x/new"
  assertEquals "$ALICE:$ALICE 600" "$(owners alice/Maildir/new/*)"
  assertEquals "$VMAIL:$VMAIL 600" "$(owners vmail/x/new/*)"
  assertEquals 'only queue-send comes to the socket' '54331 700' "$(stat -c '%u %a' run/queue)"
  stop
}

# smtp-front knows who has an account.
test_smtp() {
  ready || return 0
  echo mx.example.test >conf/me
  assertEquals '250 550 550 250' "$(printf '%s\r\n' 'EHLO c' 'MAIL FROM:<s@example.org>' \
    'RCPT TO:<alice@example.test>' 'RCPT TO:<carol@example.test>' 'RCPT TO:<root@example.test>' \
    'RCPT TO:<Bob+x@example.test>' QUIT |
    env PROTO=TCP TCPREMOTEIP=192.0.2.1 TCPLOCALIP=192.0.2.2 TCPLOCALPORT=25 \
      smtp-front true 2>/dev/null | tail -n 5 | head -n 4 | cut -c 1-3 | xargs)"
}

test_usage() {
  for words in -x '' maildir 'remote deliver-smtp' '-c 0 maildir x' '-c 101 maildir x' \
    '-t 0 maildir x' '-f 0 maildir x'; do
    # shellcheck disable=SC2086 # words are wanted
    assertEquals "$words" 100 "$(worker-spawn $words 2>/dev/null; echo $?)"
  done
  assertEquals 'root by the environment' 100 \
    "$(env UID=0 GID=0 worker-spawn maildir x 2>/dev/null; echo $?)"
  assertEquals 'descriptor 0 is no socket' 111 \
    "$(worker-spawn maildir x </dev/null 2>/dev/null; echo $?)"
  assertEquals 0 "$(worker-spawn -h 2>/dev/null; echo $?)"
}

# shellcheck source=/dev/null
. shunit2
