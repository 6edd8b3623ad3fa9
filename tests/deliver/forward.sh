#!/bin/sh
# deliver-forward: what the new message is, by code that is not ours and by queue-send; and that
# forwards in a circle come to an end.
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"

WORKER=$TOP/tests/deliver/_worker.py

# forward ENTRY RECIPIENT TO...: a job for each address, in one batch; RECIPIENT as _worker.py has it
forward() {
  entry=$1 recipient=$2
  shift 2
  for to; do
    set -- "$@" "$entry" me@example.org "$recipient" "$to"
    shift
  done
  "$WORKER" -b "$@" -- deliver-forward -q "$QUEUE"
}

# show_new: the newest entry's records, a | for each NUL, and its message
show_new() { "$TOP/tests/queue/_entry.py" "$(last_entry)"; }

records() { show_new | grep "^[$1]"; }

test_message() {
  inject me@example.org alice@example.test
  answer=$(forward "$(last_entry)" alice@example.test a@elsewhere.example)
  assertEquals 'the answer names the new message' \
    "Kforwarded as $(basename "$(last_entry)" | cut -d . -f 1)" "$answer"
  assertEquals 2 "$(count_entries)"
  assertEquals 'Fme@example.org|
Ta@elsewhere.example|' "$(records FT)"
  assertEquals 'Delivered-To: alice@example.test
Subject: x

hello' "$(show_new | sed -n '/^Delivered/,$p')"
}

test_edits_are_made() {
  ADD_HEADERS='X-Added: yes
' CUT_RANGES=0-11
  export ADD_HEADERS CUT_RANGES
  inject me@example.org alice@example.test
  unset ADD_HEADERS CUT_RANGES
  forward "$(last_entry)" alice@example.test a@elsewhere.example >/dev/null
  assertEquals 'Delivered-To: alice@example.test
X-Added: yes

hello' "$(show_new | sed -n '/^Delivered/,$p')"
  assertEquals 'they are not made twice' '' "$(records HC)"
}

test_facts() {
  inject SMTP_UTF8=1 SPF_RESULT=pass PROTO=TCP TCPREMOTEIP=192.0.2.1 me@example.org alice@example.test
  forward "$(last_entry)" alice@example.test a@elsewhere.example >/dev/null
  assertEquals 'VSMTP_UTF8=1|
VSPF_RESULT=pass|
VTCPREMOTEIP=192.0.2.1|' "$(records V | sort)"
}

# inject_with PARAMETERS: as P records
inject_with() {
  # shellcheck disable=SC2059 # it is a format
  printf "Fme@example.org\0TAlice@Example.test\0Tbob@example.test\0\0$1" >"$CHAIN/envelope"
  queue-inject <"$CHAIN/message" 1<"$CHAIN/envelope"
}

ALICE=$(printf 'alice@example.test\tAlice@Example.test')

test_parameters() {
  inject_with 'P\0RET=HDRS\0ENVID=e1\0HOLDFOR=60\0MT-PRIORITY=3\0AUTH=me@example.org\0\0PAlice@Example.test\0NOTIFY=SUCCESS\0ORCPT=rfc822;a@x\0\0'
  forward "$(last_entry)" "$ALICE" a@x.example >/dev/null
  assertEquals 'P|RET=HDRS|ENVID=e1|MT-PRIORITY=3|AUTH=me@example.org||
Pa@x.example|NOTIFY=SUCCESS|ORCPT=rfc822;a@x||' "$(records P)"
}

# queue-send tells of the expansion: those behind it tell of success no more (RFC 3461 5.2.7.3).
test_expanded() {
  for notify in SUCCESS,DELAY=DELAY success=NEVER SUCCESS,FAILURE=FAILURE DELAY,FAILURE=DELAY,FAILURE \
    FAILURE,SUCCESS,DELAY=FAILURE,DELAY NEVER=NEVER; do
    inject_with "PAlice@Example.test\\0NOTIFY=${notify%%=*}\\0ORCPT=rfc822;a@x\\0\\0"
    forward "$(last_entry)" "$(printf '%s\t1' "$ALICE")" a@x.example b@x.example >/dev/null
    assertEquals "Pa@x.example|NOTIFY=${notify#*=}|ORCPT=rfc822;a@x||
Pb@x.example|NOTIFY=${notify#*=}|ORCPT=rfc822;a@x||" "$(records P)"
  done
}

# Who reads a notice knows the address that was written to, not where it led (RFC 3461 5.2.1).
test_original_recipient() {
  inject_with 'PAlice@Example.test\0NOTIFY=DELAY\0\0'
  forward "$(last_entry)" "$ALICE" a@x.example >/dev/null
  assertEquals 'Pa@x.example|NOTIFY=DELAY|ORCPT=rfc822;Alice@Example.test||' "$(records P)"
  inject me@example.org 'a+b=c@example.test'
  forward "$(last_entry)" 'a+b=c@example.test' a@x.example >/dev/null
  assertEquals 'in xtext' 'Pa@x.example|ORCPT=rfc822;a+2Bb+3Dc@example.test||' "$(records P)"
  inject me@example.org 'é@example.test'
  forward "$(last_entry)" 'é@example.test' a@x.example >/dev/null
  assertEquals 'in ASCII only' '' "$(records P)"
}

by_left() { records P | sed -n 's/^P|BY=\(-*[0-9]*\);\(.*\)||$/\1 \2/p'; }

# The time that there is goes on with the message (RFC 2852 4.1).
test_deliver_by() {
  inject_with 'P\0BY=1000;NT\0\0'
  forward "$(last_entry)" "$ALICE" a@x.example >/dev/null
  left=$(by_left)
  assertEquals 'NT' "${left#* }"
  assertTrue "some of it has passed, not all: $left" "[ ${left% *} -lt 1000 ] && [ ${left% *} -gt 0 ]"
  inject_with 'P\0BY=-5;N\0\0'
  forward "$(last_entry)" "$ALICE" a@x.example >/dev/null
  left=$(by_left)
  assertTrue "what is late gets later: $left" "[ ${left% *} -lt -5 ]"
}

test_too_late() {
  QUEUE_ID=0a0000000000abcd inject_with 'P\0BY=10;R\0\0'
  assertEquals 'D5.4.7 the time that was given for the delivery (BY) is over' \
    "$(forward "$(last_entry)" "$ALICE" a@x.example)"
  assertEquals 1 "$(count_entries)"
}

# One message for one recipient's addresses, and none for two recipients'.
test_groups() {
  inject me@example.org alice@example.test bob@example.test
  entry=$(last_entry)
  assertEquals 3 "$(forward "$entry" alice@example.test a@x.example b@x.example c@x.example |
    sort | uniq -c | awk '{ print $1 }')"
  assertEquals 'Ta@x.example|
Tb@x.example|
Tc@x.example|' "$(records T)"
  assertEquals 2 "$(count_entries)"
  "$WORKER" -b "$entry" me@example.org alice@example.test d@x.example \
    "$entry" me@example.org bob@example.test d@x.example -- deliver-forward -q "$QUEUE" >/dev/null
  assertEquals 4 "$(count_entries)"
}

test_many_addresses() {
  inject me@example.org alice@example.test
  # shellcheck disable=SC2046 # words are wanted
  assertEquals 150 "$(forward "$(last_entry)" alice@example.test $(seq -f 'a%g@x.example' 150) |
    grep -c '^Kforwarded')"
  assertEquals 'a message for each batch' 4 "$(count_entries)"
}

test_large_message() {
  { printf 'Subject: x\n\n' && head -c 3000000 /dev/urandom; } >"$CHAIN/message"
  inject me@example.org alice@example.test
  forward "$(last_entry)" alice@example.test a@x.example >/dev/null
  { echo 'Delivered-To: alice@example.test' && cat "$CHAIN/message"; } >"$CHAIN/want"
  head -c "$(stat -c %s "$CHAIN/want")" "$(last_entry)" >"$CHAIN/got"
  assertTrue 'byte for byte' "cmp $CHAIN/want $CHAIN/got"
}

test_loop() {
  printf 'Delivered-To: alice@example.test\n\nbody\n' >"$CHAIN/message"
  inject me@example.org alice@example.test
  assertEquals 'D5.4.6 this message was delivered to this address before: a mail loop' \
    "$(forward "$(last_entry)" alice@example.test a@x.example)"
  assertEquals 1 "$(count_entries)"
}

test_failures() {
  inject me@example.org alice@example.test
  entry=$(last_entry)
  assertEquals 'Z4.3.0 unable to open a file in the queue: No such file or directory' \
    "$("$WORKER" "$entry" s r a@x.example -- deliver-forward -q "$CHAIN/nowhere")"
  case $(forward "$entry" alice@example.test "$(printf 'a\tb')") in
    Z4.3.0\ bad\ envelope:*) ;;
    *) fail 'an address with a control byte' ;;
  esac
  case $(forward "$entry" alice@example.test "$(head -c 2000 /dev/zero | tr '\0' a)@x.example") in
    Z4.3.5\ address\ too\ long:*) ;;
    *) fail 'an address that no entry can have' ;;
  esac
  assertEquals 1 "$(count_entries)"
  truncate -s -10 "$entry"
  assertEquals 'Z4.3.0 unable to read the queue entry: Bad message' \
    "$(forward "$entry" alice@example.test a@x.example)"
}

test_by_queue_send() {
  add_routes <<END
fwd@example.test    maildir $MAIL/fwd
                    forward Box@example.test other@example.test
info@example.test   alias fwd@example.test
END
  start_send
  inject me@example.org info@example.test
  deliveries fwd >/dev/null
  deliveries box >/dev/null
  deliveries other >/dev/null
  delivered_all
  assertEquals 'Return-Path: <me@example.org>
Delivered-To: box@example.test
Delivered-To: fwd@example.test' "$(grep -h -E '^(Return-Path|Delivered-To):' "$MAIL"/box/new/*)"
  assertEquals 'one new message for both' 1 "$(find "$MAIL/other/new" -type f | wc -l)"
}

test_circle() {
  add_routes <<'END'
a@example.test  forward b@example.test
b@example.test  forward a@example.test
END
  start_send
  inject '' a@example.test
  logged 'text="5.4.6 '
}

test_usage() {
  assertEquals 100 "$(deliver-forward -x 2>/dev/null; echo $?)"
  assertEquals 100 "$(deliver-forward word 2>/dev/null; echo $?)"
  assertEquals 'descriptor 0 is no socket' 111 "$(deliver-forward </dev/null 2>/dev/null; echo $?)"
  assertEquals 0 "$(deliver-forward -h 2>/dev/null; echo $?)"
}

# shellcheck source=/dev/null
. shunit2
