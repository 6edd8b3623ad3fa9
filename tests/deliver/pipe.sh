#!/bin/sh
# deliver-pipe, spoken to as queue-send speaks to it: what commands are given and told, what their
# ends mean, and that none outlives its time.
# shellcheck disable=SC2016,SC2317 # commands are quoted for the shell below; shunit2 calls functions

# shellcheck source=tests/deliver/_job.sh
. "${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/deliver/_job.sh"

setUp() {
  job_start home
  printf 'Subject: x\n\nbody\n' >"$DIR/message"
}
tearDown() { job_stop; }

# deliver COMMAND [OPTION...]: one job for the message in $DIR/message
deliver() {
  command=$1
  shift
  "$WORKER" "$(entry "$DIR/message")" s@example.org "${RECIPIENT-r@example.test}" "$command" -- \
    deliver-pipe -r "$@"
}

# deliver_all COMMAND...: a job for each, in one batch; OPTIONS are deliver-pipe's
deliver_all() {
  file=$(entry "$DIR/message")
  for command; do
    set -- "$@" "$file" s@example.org r@example.test "$command"
    shift
  done
  # shellcheck disable=SC2086 # words are wanted
  "$WORKER" -b "$@" -- deliver-pipe -r ${OPTIONS-}
}

test_message() {
  assertEquals K "$(deliver 'cat >got')"
  { printf 'Return-Path: <s@example.org>\nDelivered-To: r@example.test\n' && cat "$DIR/message"; } \
    >"$DIR/want"
  assertTrue 'the message, below two fields' "cmp $DIR/want got"
  assertEquals K "$(deliver 'cat >got' -q)"
  assertTrue 'with -q, the message as it is' "cmp $DIR/message got"
}

test_bytes() {
  { printf 'Subject: \344\n\n.\n\377\376\0\n' && head -c 1000000 /dev/urandom; } >"$DIR/message"
  assertEquals K "$(deliver 'cat >got' -q)"
  assertTrue 'byte for byte' "cmp $DIR/message got"
  : >"$DIR/message"
  assertEquals K "$(deliver 'cat >got' -q)"
  assertTrue 'an empty message' "cmp $DIR/message got"
}

# Programs that read a message twice need a file.
test_message_is_a_file() {
  assertEquals K "$(deliver "python3 -c '
import os
first = os.read(0, 100000)
os.lseek(0, 0, 0)
assert first == os.read(0, 100000)
assert os.fstat(0).st_size == len(first) and os.fstat(0).st_nlink == 0
'")"
}

test_edits() {
  printf 'Bcc: secret@example.test\nSubject: x\n\nbody\n' >"$DIR/message"
  ADD_HEADERS='X-Added: yes
' CUT_RANGES=0-25
  export ADD_HEADERS CUT_RANGES
  assertEquals K "$(deliver 'cat >got' -q)"
  unset ADD_HEADERS CUT_RANGES
  assertEquals 'X-Added: yes
Subject: x

body' "$(cat got)"
}

test_environment() {
  export SECRET=1
  RECIPIENT=list-a-b@mx.example.test
  printf 'list@mx.example.test maildir /x\nseparators -\n' >"$DIR/conf/routes"
  route-compile 2>/dev/null
  assertEquals K "$(deliver 'env | sort >got; pwd >where; umask >mask' -d "$DIR/home" -u 027)"
  unset SECRET RECIPIENT
  grep -v -E '^(PATH=|UFLINE=|PWD=|_=|SHLVL=|OLDPWD=|$)' got >told
  assertEquals "DTLINE=Delivered-To: list-a-b@mx.example.test
EXT2=b
EXT3=
EXT4=
EXT=a-b
HOME=$DIR/home
HOST2=mx.example
HOST3=mx
HOST4=mx
HOST=mx.example.test
LOCAL=list-a-b
LOGNAME=list
NEWSENDER=s@example.org
RECIPIENT=list-a-b@mx.example.test
RPLINE=Return-Path: <s@example.org>
SENDER=s@example.org
SHELL=/bin/sh
USER=list" "$(cat told)"
  assertTrue 'an mbox line' "grep -q '^UFLINE=From s@example.org [A-Z][a-z][a-z] ' got"
  assertEquals "$DIR/home" "$(cat where)"
  assertEquals 0027 "$(cat mask)"
}

test_no_routes() {
  RECIPIENT=list+a@example.test
  assertEquals K "$(deliver 'echo "$USER $EXT" >got')"
  unset RECIPIENT
  assertEquals 'without a table there is no extension' 'list+a ' "$(cat got)"
}

# An address is text in a variable, never a word of the command.
test_hostile_address() {
  RECIPIENT='";touch pwned;"@example.test'
  assertEquals K "$(deliver 'echo "$RECIPIENT" >got')"
  assertEquals "$RECIPIENT" "$(cat got)"
  unset RECIPIENT
  assertTrue '[ ! -e pwned ]'
}

test_ends() {
  assertEquals 'K
K
D5.3.0 the command ended with exit code 100
Z4.3.0 the command ended with exit code 111
D5.1.1 no such list
Z4.3.0 the disk is full
Z4.3.0 the command was ended by signal 15
Z4.4.1 no answer from the archive
Z451 4.4.1 the archive has no answer for this one' "$(deliver_all true 'echo fine; exit 99' 'exit 100' \
    'exit 111' 'echo 5.1.1 no such list >&2; exit 100' 'printf "the disk\n is full"; exit 75' \
    'kill $$' 'echo 4.4.1 no answer from the archive; exit 111' \
    'echo 451 4.4.1 the archive has no answer for this one; exit 111')"
}

test_descriptors() {
  assertEquals K "$(deliver "python3 -c '
import os
fds = [fd for fd in range(3, 200) if os.path.exists(f\"/proc/self/fd/{fd}\")]
open(\"fds\", \"w\").write(str(fds))
'")"
  assertEquals 'nothing above 2 is open' '[]' "$(cat fds)"
}

test_much_output() {
  answer=$(deliver 'yes | head -c 3000000; exit 100')
  assertEquals 'it ends, and its first words are kept' 'D5.3.0 y y y' "$(echo "$answer" | cut -c 1-12)"
  assertTrue "${#answer}" "[ ${#answer} -le 1010 ]"
}

test_time_limit() {
  assertEquals 'Z4.3.0 the command took too long' "$(deliver 'echo $$ >pid; sleep 1000 & echo $! >pid2
    wait' -t 5)"
  assertTrue 'the command is gone' "wait_until has_ended $(cat pid)"
  assertTrue 'and what it started' "wait_until has_ended $(cat pid2)"
}

# One that waits for a device is not gone when it is killed. Others need not wait for it.
test_one_that_is_killed_and_stays() {
  is_confined && skip 'no profile allows to trace' && return
  answers=$("$TOP/tests/deliver/_pipe_stuck.py" "$(entry "$DIR/message")" deliver-pipe -r -t 5 2>&1)
  case $answers in 'cannot trace') skip 'nobody may trace' ;; esac
  assertEquals 'K
Z4.3.0 the command took too long' "$answers"
}

# Whoever waits for the pipe's end would wait for what a command left behind.
test_background() {
  assertEquals K "$(deliver 'sleep 1000 & echo $! >pid')"
  assertTrue 'it is left alone' "kill $(cat pid)"
}

# The second only ends because the first one runs beside it.
test_concurrency() {
  mkfifo meet
  OPTIONS='-c 2 -t 60'
  assertEquals 'K
K' "$(deliver_all 'echo x >meet' 'read x <meet')"
  OPTIONS='-c 1 -t 60'
  assertEquals 'with -c 1 each is alone' 'K
K
K' "$(deliver_all 'mkdir alone && sleep 0.3 && rmdir alone' 'mkdir alone && rmdir alone' \
    'mkdir alone && rmdir alone')"
  OPTIONS=
}

test_many_jobs() {
  for _ in $(seq 64); do set -- "$@" 'echo x >>all'; done
  assertEquals 64 "$(deliver_all "$@" | grep -c '^K$')"
  assertEquals 64 "$(grep -c x all)"
}

test_loop() {
  printf 'Delivered-To: R@example.test\n\nbody\n' >"$DIR/message"
  assertEquals 'D5.4.6 this message was delivered to this address before: a mail loop' \
    "$(deliver 'touch ran')"
  assertTrue 'nothing was run' '[ ! -e ran ]'
}

test_root() {
  is_root || { skip 'not root'; return; }
  assertEquals 'Z4.3.5 deliver-pipe runs as root, and commands may not' \
    "$("$WORKER" "$(entry "$DIR/message")" s r 'touch ran' -- deliver-pipe)"
  assertTrue 'nothing was run' '[ ! -e ran ]'
}

# What a rule means for one user is not done as another.
test_routes_of_users() {
  printf 'r@example.test pipe "touch ran" user=daemon\n' >"$CHAINMAIL_CONF/routes"
  route-compile 2>/dev/null
  assertEquals 'Z4.3.5 this is for the user daemon, who the deliverer is not: see worker-spawn(8)' \
    "$(deliver 'touch ran')"
  assertTrue 'nothing was run' '[ ! -e ran ]'
}

# Whose it is cannot be seen then.
test_routes_that_cannot_be_read() {
  echo rubbish >"$CHAINMAIL_CONF/routes.cdb"
  assertEquals 'Z4.3.0 unable to read the routes: Protocol error' "$(deliver 'touch ran')"
  assertTrue 'nothing was run' '[ ! -e ran ]'
}

test_torn_entry() {
  file=$(entry "$DIR/message")
  truncate -s -10 "$file"
  assertEquals 'Z4.3.0 unable to read the queue entry: Bad message' \
    "$("$WORKER" "$file" s r true -- deliver-pipe -r)"
}

test_no_place_for_the_message() {
  assertEquals 'Z4.3.0 unable to copy the message: No such file or directory' \
    "$(TMPDIR=$DIR/nowhere "$WORKER" "$(entry "$DIR/message")" s r true -- deliver-pipe -r)"
}

# What a command leaves behind for others: nothing.
test_no_files_are_left() {
  mkdir "$DIR/tmp"
  assertEquals K "$(TMPDIR=$DIR/tmp "$WORKER" "$(entry "$DIR/message")" s r 'cat >got' -- \
    deliver-pipe -r)"
  assertEquals '' "$(ls "$DIR/tmp")"
}

test_usage() {
  for words in -x '-c 0' '-c 101' '-t 0' '-t 3501' '-u 888' word; do
    # shellcheck disable=SC2086 # words are wanted
    assertEquals "$words" 100 "$(deliver-pipe $words 2>/dev/null; echo $?)"
  done
  assertEquals 111 "$(deliver-pipe -d "$DIR/nowhere" 2>/dev/null; echo $?)"
  assertEquals 'descriptor 0 is no socket' 111 "$(deliver-pipe </dev/null 2>/dev/null; echo $?)"
  assertEquals 0 "$(deliver-pipe -h 2>/dev/null; echo $?)"
}

# shellcheck source=/dev/null
. shunit2
