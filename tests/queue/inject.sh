#!/bin/sh
# queue-inject as its callers see it: chainmail's own, and qmail's.
. "$TOP/tests/_wait.sh"
. "$TOP/tests/queue/_queue.sh"

id=hock9tq2oeauptqs

testSpooledFile() {
  printf 'Fme@x.example\0Tyou@y.example\0Tz@y.example\0\0P\0RET=HDRS\0\0Pz@y.example\0NOTIFY=NEVER\0\0' \
    >"$envelope"
  output=$(QUEUE_ID=$id SESSION_ID=s1 SPF_RESULT=pass PROTO=TCP TCPREMOTEIP=192.0.2.1 \
    ADD_HEADERS='X-A: b' CUT_RANGES=14-15,0-11,3-5 call "$message" "$envelope" queue-inject)
  assertEquals "Kqueued as $id
0" "$output"
  assertEquals 1 "$(count_new)"
  assertEquals "I$id|
Fme@x.example|
Tyou@y.example|
Tz@y.example|
P|RET=HDRS||
Pz@y.example|NOTIFY=NEVER||
HX-A: b\\n|
C0-11,14-15|
VSESSION_ID=s1|
VSPF_RESULT=pass|
VTCPREMOTEIP=192.0.2.1|
Subject: x

hello" "$(show_entries "$FOLDER"/queue/new/$id.*)"
}

# The file that the front wrote is the entry's file; one that MESSAGE_FILE does not name is not.
testOneFile() {
  # shellcheck disable=SC2016 # for the inner shell
  for told in '$MESSAGE_FILE' '' 1:2:3 '${MESSAGE_FILE}0'; do
    call "$message" "$envelope" \
      sh -c 'echo "$MESSAGE_FILE" >"$FOLDER/file"; MESSAGE_FILE='"$told"' exec queue-inject' \
      >"$FOLDER/out"
    assertEquals "$told" 0 "$(tail -n 1 "$FOLDER/out")"
    same=no
    [ "$(cut -d : -f 2 "$FOLDER/file")" != "$(stat -c %i "$FOLDER"/queue/new/*)" ] || same=yes
    if [ "$told" = '$MESSAGE_FILE' ]; then want=yes; else want=no; fi
    assertEquals "$told: the same file" $want $same
    rm "$FOLDER"/queue/new/*
  done
}

# A link may send a copy to others before the next queue-inject: neither message has the trailer, and
# with it the recipients, of the other.
testTwo() {
  # shellcheck disable=SC2016 # for the inner shell
  call "$message" "$envelope" sh -c 'printf "Fme@x.example\0Tcopy@z.example\0\0" >"$FOLDER/copy"
    queue-inject 1<"$FOLDER/copy" && exec queue-inject' >"$FOLDER/out"
  assertEquals 0 "$(tail -n 1 "$FOLDER/out")"
  assertEquals 'two entries' 2 "$(count_new)"
  assertEquals 'one is for the other' 1 "$(cat "$FOLDER"/queue/new/* | grep -ac 'Tcopy@z.example')"
  show_entries "$FOLDER"/queue/new/* >"$FOLDER/out"
  assertEquals 'both have the message' 2 "$(grep -c '^hello$' "$FOLDER/out")"
}

# As qmail-smtpd calls qmail-queue: pipes, an exit code, no words.
testPipes() {
  assertEquals 0 "$(call --pipes "$message" "$envelope" queue-inject)"
  assertEquals "Fme@x.example|
Tyou@y.example|
Subject: x

hello" "$(show_entries "$FOLDER"/queue/new/* | grep -v '^[IV]')"
}

testFilesAtTheirOffsets() {
  printf '1234567Subject: y\n' >"$message"
  printf '1234567Fa@b\0Tc@d\0\0' >"$envelope"
  call --skip=7 "$message" "$envelope" queue-inject >"$FOLDER/out"
  assertEquals 0 "$(tail -n 1 "$FOLDER/out")"
  assertEquals "Fa@b|
Tc@d|
Subject: y" "$(show_entries "$FOLDER"/queue/new/* | grep -v '^[IV]')"
}

# What is not the spooled file, whatever MESSAGE_FILE says, is copied and left alone.
testOtherFiles() {
  for option in --read-only --unlinked --named --silent; do
    call $option "$message" "$envelope" queue-inject >"$FOLDER/out"
    assertEquals "$option" 0 "$(tail -n 1 "$FOLDER/out")"
  done
  export MESSAGE_FILE
  for MESSAGE_FILE in '' x 1:2:3 "$(stat -c %d:%i:%s "$message")"; do
    call --files "$message" "$envelope" queue-inject >"$FOLDER/out"
    assertEquals "MESSAGE_FILE=$MESSAGE_FILE" 0 "$(tail -n 1 "$FOLDER/out")"
  done
  assertEquals 8 "$(count_new)"
  assertEquals 18 "$(stat -c %s "$message")"
  show_entries "$FOLDER"/queue/new/* >"$FOLDER/out"
  assertEquals 'all are whole' 0 $?
  assertEquals 'all have the message' 8 "$(grep -c '^hello$' "$FOLDER/out")"
  assertEquals 'tmp is empty' '' "$(ls "$FOLDER/queue/tmp")"
}

testEveryByte() {
  python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 1000 + b"\r\0no end")' \
    >"$message"
  for option in --silent --pipes --unlinked; do
    call $option "$message" "$envelope" queue-inject >/dev/null
  done
  assertEquals 3 "$(count_new)"
  for entry in "$FOLDER"/queue/new/*; do
    head -c 256008 "$entry" | cmp -s - "$message"
    assertEquals 'the message is first and as it was' 0 $?
    show_entries "$entry" >/dev/null
    assertEquals 'the entry is whole' 0 $?
  done
}

testManyRecipients() {
  python3 -c 'import sys
sys.stdout.write("Fme@x\0" + "".join(f"Tr{i}@y\0" for i in range(5000)) + "\0Pr7@y\0NOTIFY=NEVER\0\0")' \
    >"$envelope"
  for option in --silent --pipes; do
    assertEquals $option 0 "$(call $option "$message" "$envelope" queue-inject)"
  done
  show_entries "$FOLDER"/queue/new/* >"$FOLDER/out"
  assertEquals 10000 "$(grep -c '^Tr' "$FOLDER/out")"
  assertEquals 2 "$(grep -c '^Pr7@y|NOTIFY=NEVER||$' "$FOLDER/out")"
}

# check_refusal NAME SILENT-EXIT VERDICT: with a pipe the verdict and 82, without one the exit code;
# each time a log line, and nothing in the queue.
check_refusal() {
  output=$(call "$message" "$envelope" queue-inject 2>"$FOLDER/log")
  assertEquals "$1" "$3
82" "$output"
  assertEquals "$1: a line of log" 1 "$(wc -l <"$FOLDER/log")"
  assertContains "$1" "$(cat "$FOLDER/log")" 'queue-inject: event=failure id='
  assertEquals "$1" "$2" "$(call --silent "$message" "$envelope" queue-inject 2>/dev/null)"
  assertEquals "$1" "$2" "$(call --pipes "$message" "$envelope" queue-inject 2>/dev/null)"
  assertEquals "$1: nothing is left" '' "$(list_leftovers)"
}

testBadEnvelopes() {
  for bytes in '' 'Fa\0\0' 'Fa\0Tb\0\0Pb\0x\0\0'; do
    # shellcheck disable=SC2059 # the bytes are a format
    printf "$bytes" >"$envelope"
    check_refusal "envelope $bytes" 91 'Z451 4.3.0 bad envelope'
  done
  printf 'Fme@x\0T%01001d\0\0' 0 >"$envelope"
  check_refusal 'long address' 11 'D553 5.1.3 address too long'
  { printf 'F\0'; head -c 300003 /dev/zero | sed 's/\x0\x0\x0/Tx\x0/g'; printf '\0'; } >"$envelope"
  check_refusal 'too many recipients' 31 'D552 5.5.3 too many recipients'
  { printf 'F\0Tx\0\0P\0A='; head -c 17000000 /dev/zero | tr '\0' x; printf '\0\0'; } >"$envelope"
  check_refusal 'large envelope' 31 'D552 5.5.3 too many recipients'
}

testBadEdits() {
  bad='Z451 4.3.5 a filter asked for a bad edit'
  export CUT_RANGES ADD_HEADERS
  for CUT_RANGES in 1-2,x "$(seq 0 2 8192 | sed 's/.*/&-&1/' | paste -s -d ,)"; do
    check_refusal "CUT_RANGES=$(echo "$CUT_RANGES" | cut -c 1-40)" 55 "$bad"
  done
  unset CUT_RANGES
  for ADD_HEADERS in 'A: b

C: d' "$(printf 'A: %065536d' 0)"; do
    check_refusal "ADD_HEADERS=$(echo "$ADD_HEADERS" | cut -c 1-40)" 55 "$bad"
  done
  unset ADD_HEADERS
  CUT_RANGES='' ADD_HEADERS='' call "$message" "$envelope" queue-inject >"$FOLDER/out"
  assertEquals 'empty lists are none' 0 "$(tail -n 1 "$FOLDER/out")"
}

testFacts() {
  SESSION_ID=s SMTP_HELO=h SPF_RESULT=p AUTH_RESULTS=a RELAYCLIENT='' DATABYTES=9 X_MINE='b c' \
    SSL_PROTOCOL=TLSv1.3 SSL_CIPHER=c SSL_TLS_SNI_SERVERNAME=n PROTO=SSL SSLREMOTEIP=2001:db8::1 \
    SECRET=no RESULT=no call "$message" "$envelope" queue-inject >/dev/null
  assertEquals "VAUTH_RESULTS=a|
VDATABYTES=9|
VRELAYCLIENT=|
VSESSION_ID=s|
VSMTP_HELO=h|
VSPF_RESULT=p|
VSSL_CIPHER=c|
VSSL_PROTOCOL=TLSv1.3|
VSSL_TLS_SNI_SERVERNAME=n|
VTCPREMOTEIP=2001:db8::1|
VX_MINE=b c|" "$(show_entries "$FOLDER"/queue/new/* | grep '^V' | LC_ALL=C sort)"
}

testTooManyFacts() {
  for i in $(seq 300); do export "X_$i=y"; done
  check_refusal '300 facts' 55 'Z451 4.3.5 too many facts about the message'
  for i in $(seq 300); do unset "X_$i"; done
  for i in 1 2 3; do export "X_$i=$(printf %0100000d 0)"; done
  check_refusal '300 KB of facts' 55 'Z451 4.3.5 too many facts about the message'
  for i in 1 2 3; do unset "X_$i"; done
}

testId() {
  QUEUE_ID='../../etc/passwd' call "$message" "$envelope" queue-inject >"$FOLDER/out"
  assertEquals 'a bad id is not used' 0 "$(tail -n 1 "$FOLDER/out")"
  made=$(sed -n 's/^Kqueued as //p' "$FOLDER/out")
  assertEquals "$made" "$(list_new | cut -d . -f 1)"
  assertEquals 33 "$(($(list_new | wc -c) - 1))"
  secret=$(list_new | cut -d . -f 2)
  assertNotContains 'the secret is not told' "$(cat "$FOLDER/out")" "$secret"
}

testNoQueue() {
  rm -rf "$FOLDER/queue/new"
  assertEquals 61 "$(call --pipes "$message" "$envelope" queue-inject 2>/dev/null)"
  call --files "$message" "$envelope" queue-inject >"$FOLDER/out" 2>/dev/null
  assertEquals "Z451 4.3.0 no queue
82" "$(cat "$FOLDER/out")"
  assertEquals '' "$(ls "$FOLDER/queue/tmp")"
  CHAINMAIL_QUEUE=/dev/null call --files "$message" "$envelope" queue-inject >"$FOLDER/out" \
    2>/dev/null
  assertEquals "Z451 4.3.0 no queue
82" "$(cat "$FOLDER/out")"
}

# The message was spooled when the folder went: its name has nowhere to go.
testQueueGone() {
  # shellcheck disable=SC2016 # for the inner shell
  output=$(call "$message" "$envelope" sh -c 'rm -rf "$CHAINMAIL_QUEUE/new"; exec queue-inject' \
    2>/dev/null)
  assertEquals "Z451 4.3.0 no queue
82" "$output"
  assertEquals '' "$(ls "$FOLDER/queue/tmp")"
}

# Nothing to read: closed descriptors, and a folder.
testUnreadable() {
  queue-inject <&- 2>/dev/null
  assertEquals 'no fd 0' 54 $?
  queue-inject <"$message" >&- 2>/dev/null
  assertEquals 'no fd 1' 91 $?
  queue-inject <"$FOLDER" 1<"$envelope" 2>/dev/null
  assertEquals 'fd 0 is a folder' 54 $?
  assertEquals '' "$(list_leftovers)"
}

testFileSizeLimit() {
  head -c 3000 /dev/zero | tr '\0' x >"$message"
  (
    trap '' XFSZ
    ulimit -f 1
    queue-inject <"$message" 1<"$envelope" 2>/dev/null
    assertEquals 53 $?
    ERROR_FD=4 queue-inject <"$message" 4>&1 1<"$envelope" 2>/dev/null | cat >&3
  ) 3>"$FOLDER/out"
  assertEquals 'Z452 4.3.1 no space left in the queue|' "$(tr '\0' '|' <"$FOLDER/out")"
  assertEquals '' "$(list_leftovers)"
}

testUmask() {
  for option in --silent --pipes --unlinked; do
    (
      umask 077
      call $option "$message" "$envelope" queue-inject >/dev/null
    )
  done
  assertEquals 'queue-send reads by group' '640 640 640' \
    "$(stat -c %a "$FOLDER"/queue/new/* | tr '\n' ' ' | sed 's/ $//')"
}

testTrigger() {
  exec 9<>"$FOLDER/queue/trigger"
  call "$message" "$envelope" queue-inject >/dev/null
  read -r name <&9
  exec 9<&-
  assertEquals "$(list_new)" "$name"
  rm "$FOLDER/queue/trigger"
  call "$message" "$envelope" queue-inject >"$FOLDER/out"
  assertEquals 'none is needed' 0 "$(tail -n 1 "$FOLDER/out")"
}

# A caller that never ends its message.
testTimeout() {
  mkfifo "$FOLDER/pipe"
  queue-inject <"$FOLDER/pipe" 1<"$envelope" &
  pid=$!
  exec 9>"$FOLDER/pipe"
  printf 'Subject' >&9
  wait_until grep -q '^SigCgt:.*[2367abef]...$' "/proc/$pid/status"
  kill -ALRM $pid
  wait $pid
  assertEquals 52 $?
  exec 9>&-
  assertEquals '' "$(list_leftovers)"
}

testOptions() {
  make_queue "$FOLDER/other"
  call "$message" "$envelope" queue-inject -q "$FOLDER/other" >"$FOLDER/out"
  assertEquals 0 "$(tail -n 1 "$FOLDER/out")"
  assertEquals 1 "$(find "$FOLDER/other/new" -type f | wc -l)"
  assertContains "$(queue-inject -h 2>&1)" 'usage: queue-inject'
  queue-inject -h 2>/dev/null
  assertEquals 0 $?
  for arguments in -x -q 'extra'; do
    queue-inject "$arguments" <"$message" 2>/dev/null
    assertEquals "$arguments" 100 $?
  done
}

# The queue as a drop box: who writes into it can neither list it nor read others' entries.
testDropBox() {
  is_root || { skip 'only root can be someone else'; return; }
  needs_program setpriv || return 0
  cp "$(command -v queue-inject)" "$TOP/tests/queue/_caller.py" "$FOLDER"
  chmod 711 "$FOLDER"
  chmod 644 "$message" "$envelope"
  chown 0:65533 "$FOLDER"/queue/new "$FOLDER"/queue/tmp
  chmod 3730 "$FOLDER"/queue/new "$FOLDER"/queue/tmp
  for option in --silent --pipes --unlinked; do
    setpriv --reuid=65532 --regid=65532 --groups=65533 "$FOLDER/_caller.py" $option "$message" \
      "$envelope" "$FOLDER/queue-inject" >"$FOLDER/out"
    assertEquals "$option" 0 "$(tail -n 1 "$FOLDER/out")"
  done
  assertEquals '65532 65533 640' "$(stat -c '%u %g %a' "$FOLDER"/queue/new/* | sort -u)"
  assertEquals 3 "$(count_new)"
  setpriv --reuid=65532 --regid=65532 --clear-groups "$FOLDER/_caller.py" --pipes "$message" \
    "$envelope" "$FOLDER/queue-inject" >"$FOLDER/out" 2>/dev/null
  assertEquals 'not in the group' 61 "$(tail -n 1 "$FOLDER/out")"
}

# shellcheck source=/dev/null
. shunit2
