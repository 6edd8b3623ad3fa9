#!/bin/sh
# deliver-maildir, spoken to as queue-send speaks to it: what lies in the Maildir, byte for byte,
# in which order it came there, and what is said when it cannot.
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/deliver/_job.sh
. "${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/deliver/_job.sh"
TOP_FIELDS='Return-Path: <s@example.org>
Delivered-To: r@example.test
'

setUp() { job_start root; }
tearDown() { job_stop; }

# deliver BOX [PROGRAM...]: one job for the message in $DIR/message
deliver() {
  box=$1
  shift
  [ $# -gt 0 ] || set -- deliver-maildir
  "$WORKER" "$(entry "$DIR/message")" s@example.org r@example.test "$box" -- "$@"
}

delivered() { ls "${1-box}"/new/*; }

# check_bytes NAME: what is in $DIR/message comes out below the trace fields
check_bytes() {
  assertEquals "$1" K "$(deliver "box-$1")"
  { printf '%s' "$TOP_FIELDS" && cat "$DIR/message"; } >"$DIR/want"
  assertTrue "$1: the same bytes" "cmp $DIR/want $(delivered "box-$1")"
  size=$(stat -c %s "$DIR/want")
  wire=$(sed 's/$/\r/' "$DIR/want" | wc -c)
  [ -z "$(tail -c 1 "$DIR/message")" ] || [ ! -s "$DIR/message" ] || wire=$((wire - 1))
  case $(delivered "box-$1") in
    *,S="$size",W="$wire") ;;
    *) fail "$1: wrong sizes in $(delivered "box-$1"), want $size and $wire" ;;
  esac
}

test_bytes() {
  printf 'Subject: x\n\nbody\n.dot\n..\n' >"$DIR/message" && check_bytes plain
  printf 'Subject: x\n\nno end' >"$DIR/message" && check_bytes no-newline
  printf '' >"$DIR/message" && check_bytes empty
  printf '\nno header\n' >"$DIR/message" && check_bytes headerless
  printf 'Subject: \344\366\374\n\n\377\376\001\177\200\n' >"$DIR/message" && check_bytes eight-bit
  { printf 'Subject: x\n\n' && head -c 1048576 /dev/zero | tr '\0' x && echo; } >"$DIR/message"
  check_bytes long-line
  { printf 'Subject: x\n\n' && seq 1 40000; } >"$DIR/message" && check_bytes many-lines
}

# What is exactly as long as the buffer, or around it, with the trace fields.
test_bytes_around_the_buffer() {
  top=$(printf '%s' "$TOP_FIELDS" | wc -c)
  for more in -1 0 1; do
    { head -c $((65536 - top - 1 + more)) /dev/zero | tr '\0' y && echo; } >"$DIR/message"
    check_bytes "buffer$more"
  done
}

test_a_cr_is_counted_once() {
  printf 'Subject: x\r\n\r\nbody\r\n' >"$DIR/message"
  assertEquals K "$(deliver box)"
  size=$(stat -c %s box/new/*)
  case $(delivered) in
    *,S="$size",W=$((size + 2))) ;;
    *) fail "only the two trace fields lack a CR: $(delivered)" ;;
  esac
}

test_edits() {
  printf 'Bcc: secret@example.test\nSubject: x\n\nbody\n' >"$DIR/message"
  ADD_HEADERS='X-Added: yes
' CUT_RANGES=0-25
  export ADD_HEADERS CUT_RANGES
  assertEquals K "$(deliver box)"
  unset ADD_HEADERS CUT_RANGES
  assertEquals "${TOP_FIELDS}X-Added: yes
Subject: x

body" "$(cat box/new/*)"
}

test_name() {
  echo x >"$DIR/message"
  deliver box >/dev/null
  host=$(uname -n | sed 's,/,\\057,g; s,:,\\072,g')
  name=$(basename "$(delivered)")
  assertTrue "$name" "printf '%s\n' '$name' |
    grep -Eqx '[0-9]{10}\.M[0-9]{1,6}P[0-9]+Q1\.$host,S=[0-9]+,W=[0-9]+'"
  assertEquals 'nothing stays in tmp' '' "$(ls box/tmp)"
}

test_hostile_addresses() {
  echo x >"$DIR/message"
  answer=$("$WORKER" "$(entry "$DIR/message")" "$(printf 'a\nX: y\r')" "$(printf 'b\nZ: 1\177')" box \
    -- deliver-maildir)
  assertEquals K "$answer"
  assertEquals 'Return-Path: <a?X: y?>
Delivered-To: b?Z: 1?
x' "$(cat box/new/*)"
}

# What was delivered to r@example.test and came back is not delivered to r again.
test_loop() {
  printf 'Received: x\ndelivered-to: R@example.test\n\nbody\n' >"$DIR/message"
  assertEquals 'D5.4.6 this message was delivered to this address before: a mail loop' \
    "$(deliver box)"
  assertEquals 'nothing is left' '' "$(find box -type f)"
  printf 'Delivered-To: other@example.test\n\nDelivered-To: r@example.test\n' >"$DIR/message"
  assertEquals "another's, and what a body says, do not matter" K "$(deliver box)"
}

test_modes() {
  echo x >"$DIR/message"
  deliver private/box >/dev/null
  assertEquals '700 private 700 private/box 700 private/box/new 700 private/box/tmp' \
    "$(stat -c '%a %n' private private/box private/box/new private/box/tmp | xargs)"
  assertEquals 600 "$(stat -c %a private/box/new/*)"
  deliver shared deliver-maildir -u 027 >/dev/null
  assertEquals 'with -u 027' '750 640' "$(stat -c %a shared shared/new/* | xargs)"
}

test_folders() {
  echo x >"$DIR/message"
  assertEquals K "$(deliver alice/Maildir/.Lists.x)"
  assertTrue 'the folder is a Maildir++ folder' '[ -f alice/Maildir/.Lists.x/maildirfolder ]'
  assertTrue 'its Maildir is one' '[ -d alice/Maildir/cur ]'
  assertTrue 'and no folder' '[ ! -e alice/Maildir/maildirfolder ]'
  assertTrue 'what it lies in is none' '[ ! -e alice/cur ]'
  assertEquals 1 "$(delivered alice/Maildir/.Lists.x | wc -l)"
}

# Python's own mailbox module finds the folder, and the message in it.
test_another_reader() {
  printf 'Subject: read me\n\nbody\n' >"$DIR/message"
  assertEquals K "$(deliver box/.Lists)"
  assertEquals 'Lists: read me, to r@example.test' "$(python3 -c '
import mailbox
for name in mailbox.Maildir("box").list_folders():
    for message in mailbox.Maildir("box").get_folder(name):
        print(name + ":", message["Subject"] + ", to", message["Delivered-To"])
')"
}

test_root() {
  echo x >"$DIR/message"
  mkdir other
  assertEquals K "$(deliver a/b deliver-maildir -d other)"
  assertEquals 1 "$(delivered other/a/b | wc -l)"
  for box in ../out a/../../out .. ''; do
    assertEquals "'$box'" 'D5.3.5 unable to open the Maildir: Invalid argument' \
      "$(deliver "$box" deliver-maildir -d other)"
  done
  assertTrue 'nothing was made outside' '[ ! -e out ]'
  assertEquals 'absolute paths are as they are' K "$(deliver "$PWD/box" deliver-maildir -d other)"
  assertEquals 1 "$(delivered | wc -l)"
}

test_missing_maildir() {
  echo x >"$DIR/message"
  case $(deliver box deliver-maildir -e) in
    Z4.2.1\ *) ;;
    *) fail 'a missing Maildir is a failure for now' ;;
  esac
  assertTrue 'it is not made' '[ ! -e box ]'
}

# With -f senders cannot make folders; who has one has it used.
test_no_new_folders() {
  echo x >"$DIR/message"
  assertEquals K "$(deliver alice/.work deliver-maildir -f)"
  assertTrue 'none was made' '[ ! -e alice/.work ]'
  assertEquals 1 "$(delivered alice | wc -l)"
  mkdir -p alice/.work/cur alice/.work/new alice/.work/tmp
  assertEquals K "$(deliver alice/.work deliver-maildir -f)"
  assertEquals 1 "$(delivered alice/.work | wc -l)"
  assertEquals 'D5.3.5 unable to open the Maildir: Invalid argument' \
    "$(deliver alice/../.work deliver-maildir -f)"
}

test_no_maildir() {
  echo x >"$DIR/message"
  echo file >box
  assertEquals 'Z4.3.5 unable to open the Maildir: Not a directory' "$(deliver box)"
  mkdir real real/tmp real/cur elsewhere && ln -s ../elsewhere real/new
  case $(deliver real) in
    Z4.3.5\ *) ;;
    *) fail 'new must not lead elsewhere' ;;
  esac
  assertEquals 'nothing lies there' '' "$(ls elsewhere)"
}

test_permission() {
  is_root && skip 'root may write everywhere' && return
  echo x >"$DIR/message"
  deliver box >/dev/null
  chmod 500 box/tmp
  assertEquals 'Z4.3.5 unable to create a file in tmp: Permission denied' "$(deliver box)"
  chmod 700 box/tmp
}

test_half_a_maildir_is_completed() {
  echo x >"$DIR/message"
  mkdir -p box/new
  assertEquals K "$(deliver box)"
  assertTrue '[ -d box/tmp ] && [ -d box/cur ]'
}

test_full_disk() {
  mkdir small
  mount -t tmpfs -o size=64k none small 2>/dev/null || { skip 'cannot mount a small file system'; return; }
  head -c 200000 /dev/zero | tr '\0' x >"$DIR/message"
  assertEquals 'Z4.3.1 unable to copy the message: No space left on device' "$(deliver small/box)"
  assertEquals 'nothing stays' '' "$(find small -type f)"
  echo x >"$DIR/message"
  assertEquals 'there is room for a small one' K "$(deliver small/box)"
  umount small
}

# What fits into a quota, with the trace fields; the message is 1,000 bytes as it is delivered.
thousand() { head -c $((1000 - $(printf '%s' "$TOP_FIELDS" | wc -c))) /dev/zero | tr '\0' x >"$DIR/message"; }

test_quota() {
  thousand
  for _ in 1 2 3; do assertEquals K "$(deliver box deliver-maildir -q 3000S)"; done
  assertEquals '3000S 0 0 1000 1 1000 1 1000 1' "$(xargs <box/maildirsize)"
  assertEquals 'Z4.2.2 the mailbox is full' "$(deliver box deliver-maildir -q 3000S)"
  assertEquals 'D5.2.2 the mailbox is full' "$(deliver box deliver-maildir -q 3000S -p)"
  assertEquals 'nothing is left of it' 3 "$(find box/new box/tmp -type f | wc -l)"
  assertEquals 'another quota holds at once' K "$(deliver box deliver-maildir -q 4000S,4C)"
  assertEquals '4000S,4C 3000 3 1000 1' "$(xargs <box/maildirsize)"
  assertEquals 'one of messages' 'Z4.2.2 the mailbox is full' \
    "$(deliver box deliver-maildir -q 100000S,4C)"
}

# Without -q a Maildir has the quota that its own file names, and others have none.
test_own_quota() {
  thousand
  assertEquals K "$(deliver box)"
  assertTrue 'a Maildir without a quota has no file' '[ ! -e box/maildirsize ]'
  echo 1999S >box/maildirsize
  assertEquals 'what lay there before counts' 'Z4.2.2 the mailbox is full' "$(deliver box)"
  assertEquals '1999S 1000 1' "$(xargs <box/maildirsize)"
  assertEquals 'so it is for its folders' 'Z4.2.2 the mailbox is full' "$(deliver box/.Lists)"
  echo 2000S >box/maildirsize
  assertEquals K "$(deliver box/.Lists)"
  assertEquals 'and what lies in these' 'Z4.2.2 the mailbox is full' "$(deliver box)"
  assertTrue 'they have no file' '[ ! -e box/.Lists/maildirsize ]'
}

# Other programs remove mail, and not all of them write it down.
test_quota_after_removals() {
  thousand
  deliver box deliver-maildir -q 2000S >/dev/null
  deliver box deliver-maildir -q 2000S >/dev/null
  rm "$(delivered box | head -n 1)"
  assertEquals 'one was removed' K "$(deliver box deliver-maildir -q 2000S)"
  assertEquals '2000S 1000 1 1000 1' "$(xargs <box/maildirsize)"
  file=$(delivered box | head -n 1)
  mv "$file" "box/cur/$(basename "$file"):2,ST"
  assertEquals 'one is marked' K "$(deliver box deliver-maildir -q 2000S)"
  mkdir -p box/.Trash/cur && mv "$(delivered box | head -n 1)" box/.Trash/cur/
  assertEquals 'one is in the trash' K "$(deliver box deliver-maildir -q 2000S)"
  assertEquals 'Z4.2.2 the mailbox is full' "$(deliver box deliver-maildir -q 2000S)"
}

# What others' programs wrote, or half of it.
test_quota_of_others() {
  thousand
  deliver box >/dev/null
  printf '2000S,10C\n%12d %12d\n%12d %12d\n' 5000 5 -4000 -4 >box/maildirsize
  assertEquals K "$(deliver box)"
  printf '3000S\n1000 1\nrubbish' >box/maildirsize
  assertEquals 'a torn file is counted anew' K "$(deliver box)"
  assertEquals '3000S 2000 2 1000 1' "$(xargs <box/maildirsize)"
  { echo 4000S && yes '0 0' | head -n 2000; } >box/maildirsize
  assertEquals 'a long one is made anew' K "$(deliver box)"
  assertEquals '4000S 3000 3 1000 1' "$(xargs <box/maildirsize)"
  echo rubbish >box/maildirsize
  assertEquals 'one without a quota is none' K "$(deliver box)"
}

# A batch does not go over a quota that none of its messages would.
test_quota_of_a_batch() {
  thousand
  file=$(entry "$DIR/message")
  jobs=$(printf "$file s@example.org r@example.test %s " box box/.a box/.b other)
  # shellcheck disable=SC2086 # words are wanted
  assertEquals 'K K Z4.2.2 the mailbox is full K' \
    "$("$WORKER" -b $jobs -- deliver-maildir -q 2000S | xargs)"
  assertEquals '2000S 0 0 1000 1 1000 1' "$(xargs <box/maildirsize)"
}

# routes: those of r@example.test are stdin
routes() {
  { printf 'r@example.test ' && cat; } >"$CHAINMAIL_CONF/routes"
  route-compile 2>/dev/null
}

# What the routes say of a Maildir comes before what -q says of all.
test_quota_of_routes() {
  thousand
  routes <<END
    maildir $PWD/small quota=2000
    maildir $PWD/free  quota=none
    maildir $PWD/other
END
  full='Z4.2.2 the mailbox is full'
  assertEquals "K K $full" "$(for _ in 1 2 3; do deliver "$PWD/small"; done | xargs)"
  assertEquals '2000S 2000 2' "$(xargs <small/maildirsize)"
  assertEquals 'K K' "$(for _ in 1 2; do deliver "$PWD/free" deliver-maildir -q 1K; done | xargs)"
  assertTrue 'no limit needs no file' '[ ! -e free/maildirsize ]'
  assertEquals "K $full" "$(for _ in 1 2; do deliver "$PWD/other" deliver-maildir -q 1K; done | xargs)"
  echo "maildir $PWD/small quota=1G,3C" | routes
  assertEquals "K $full" "$(for _ in 1 2; do deliver "$PWD/small"; done | xargs)"
  assertEquals '1073741824S,3C' "$(head -n 1 small/maildirsize)"
  echo "maildir $PWD/small quota=none" | routes
  assertEquals 'nor does an old file limit it' K "$(deliver "$PWD/small")"
}

# The same Maildir's folders have its quota.
test_quota_of_folders() {
  thousand
  printf 'r@example.test maildir %s/box quota=2100\nr+*@example.test maildir %s/box/.%%e\n' "$PWD" \
    "$PWD" >"$CHAINMAIL_CONF/routes"
  route-compile 2>/dev/null
  assertEquals K "$(deliver "$PWD/box")"
  file=$(entry "$DIR/message")
  assertEquals 'K Z4.2.2 the mailbox is full' "$("$WORKER" "$file" s@example.org r+x@example.test \
    "$PWD/box/.x" "$file" s@example.org r+y@example.test "$PWD/box/.y" -- deliver-maildir | xargs)"
}

test_routes_that_cannot_be_read() {
  thousand
  echo rubbish >"$CHAINMAIL_CONF/routes.cdb"
  assertEquals K "$(deliver box 2>"$DIR/log")"
  assertEquals 'deliver-maildir: warning: unable to read the routes: Protocol error' \
    "$(cat "$DIR/log")"
}

# Mail of a user's is not written as anybody else.
test_routes_of_users() {
  thousand
  echo "maildir $PWD/box user=daemon" | routes
  assertEquals 'Z4.3.5 this is for the user daemon, who the deliverer is not: see worker-spawn(8)' \
    "$(deliver "$PWD/box")"
  assertTrue 'nothing was made' '[ ! -e box ]'
}

# trace FILTER BOX...: a batch of jobs under strace; the calls are in $DIR/trace
trace() {
  filter=$1
  shift
  echo x >"$DIR/message"
  file=$(entry "$DIR/message")
  jobs=$(printf "$file s r %s " "$@")
  # shellcheck disable=SC2086 # words are wanted
  "$WORKER" -b $jobs -- strace -f -qq -e signal=none -e "$filter" -o "$DIR/trace" deliver-maildir
}

# Each file has a sync of its own, a folder one for all, and the report comes last.
test_syncs() {
  needs_tracing || return 0
  trace trace=none a b >/dev/null # the Maildirs are there now
  assertEquals 'K K K K' "$(trace trace=fsync,fdatasync,renameat,rename,sendto a b a a | xargs)"
  assertEquals 'fsync fsync fsync fsync renameat renameat renameat renameat fsync fsync sendto' \
    "$(sed -n '/resumed/!s/^[0-9]* *\([a-z]*\)(.*/\1/p' "$DIR/trace" | xargs)"
}

# What a delivery costs, to the Maildir that the one before went to: the start of the threads aside,
# and what they do to take turns.
test_calls() {
  needs_tracing || return 0
  boxes=$(printf 'box %.0s' $(seq 64))
  # shellcheck disable=SC2086 # words are wanted
  trace 'trace=!clone,clone3,futex,mprotect,rt_sigprocmask' box $boxes >/dev/null
  calls=$(grep -vc resumed "$DIR/trace")
  assertTrue "$calls calls for 65 deliveries" "[ $calls -lt $((65 * 15)) ]"
}

test_failing_calls() {
  is_confined && skip 'a call that strace takes away is one that no profile allows' && return
  needs_tracing || return 0
  trace trace=none box >/dev/null
  for call in fsync:error=EIO:when=1 renameat:error=EIO fsync:error=EIO:when=2 write:error=ENOSPC; do
    rm -f box/new/*
    answer=$(trace "inject=$call" box)
    case $answer in
      Z4.3.[01]\ unable\ to\ *) ;;
      *) fail "$call: $answer" ;;
    esac
    assertEquals "$call leaves nothing" '' "$(find box -type f)"
  done
  for call in fsync openat write; do
    rm -f box/new/*
    assertEquals "$call is interrupted" K "$(trace "inject=$call:error=EINTR:when=1" box)"
    assertEquals 1 "$(delivered | wc -l)"
  done
}

# One failure does not touch the others of a batch.
test_batch_with_a_failure() {
  echo x >"$DIR/message"
  file=$(entry "$DIR/message")
  echo file >no-box
  assertEquals 'K
Z4.3.5 unable to open the Maildir: Not a directory
K' "$("$WORKER" -b "$file" s r a "$file" s r no-box "$file" s r a -- deliver-maildir)"
  assertEquals 2 "$(delivered a | wc -l)"
}

# Who gives jobs and then no more that make sense, or is gone, has nothing of them left in tmp.
test_jobs_that_break_off() {
  echo x >"$DIR/message"
  python3 - "$TOP/tests/deliver" "$(entry "$DIR/message")" 2>"$DIR/errors" <<'END'
import socket, subprocess, sys
sys.path.insert(0, sys.argv[1])
import _worker
ours, theirs = socket.socketpair()
_worker.send(ours, [(0, sys.argv[2], "s@example.org", "r@example.test", "box")])
ours.sendall(b"no frame")
sys.exit(subprocess.run(["deliver-maildir"], stdin=theirs, check=False).returncode)
END
  assertEquals 111 $?
  assertContains "$(cat "$DIR/errors")" 'unable to understand a job: '
  assertEquals '' "$(find box -type f)"
}

test_torn_entry() {
  echo x >"$DIR/message"
  file=$(entry "$DIR/message")
  truncate -s -10 "$file"
  assertEquals 'Z4.3.0 unable to read the queue entry: Bad message' \
    "$("$WORKER" "$file" s r box -- deliver-maildir)"
  assertEquals '' "$(find box -type f)"
}

test_usage() {
  assertEquals 100 "$(deliver-maildir -x 2>/dev/null; echo $?)"
  assertEquals 100 "$(deliver-maildir -u 888 2>/dev/null; echo $?)"
  assertEquals 100 "$(deliver-maildir -q much 2>/dev/null; echo $?)"
  assertEquals 100 "$(deliver-maildir word 2>/dev/null; echo $?)"
  assertEquals 111 "$(deliver-maildir -d "$DIR/nowhere" 2>/dev/null; echo $?)"
  assertEquals 'descriptor 0 is no socket' 111 "$(deliver-maildir </dev/null 2>/dev/null; echo $?)"
  assertEquals 0 "$(deliver-maildir -h 2>/dev/null; echo $?)"
}

# shellcheck source=/dev/null
. shunit2
