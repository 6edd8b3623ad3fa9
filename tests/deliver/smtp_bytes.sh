#!/bin/sh
# What deliver-smtp puts on the wire, byte for byte; and what Postfix's smtp-sink and a front of our
# own make of it.
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/deliver/_smtp.sh
. "$(dirname "$0")/_smtp.sh"

setUp() { make_folder; }
tearDown() { remove_folder; }

# check NAME HOW EXTENSION... : what is in DIR/message arrives at a host with these extensions
check() {
  name=$1 how=$2
  shift 2
  start_server -s "$DIR/dump" "$@"
  entry "$DIR/message"
  assertEquals "$name $*" 'K250 2.0.0' "$(deliver 'r@x=[127.0.0.1]' | cut -d ' ' -f 1,2)"
  assertEquals "$name $*" same \
    "$(python3 "$SMTP_TESTS/deliver/_smtp_bytes.py" "$DIR/message" "$DIR/dump/message1" "$how")"
  end_peer
  rm -f "$DIR"/dump/*
}

check_as_it_is() {
  check "$1" data -o DSN -o 8BITMIME
  check "$1" data -o DSN -o 8BITMIME -o PIPELINING
  check "$1" chunks -o DSN -o 8BITMIME -o CHUNKING
  check "$1" chunks -o DSN -o 8BITMIME -o CHUNKING -o PIPELINING
}

test_as_it_is() {
  printf 'Subject: x\n\nbody\n.\n..\n.dot\n\n' >"$DIR/message" && check_as_it_is dots
  printf '.\n.\n' >"$DIR/message" && check_as_it_is 'nothing but dots'
  printf 'Subject: x\n\nno end' >"$DIR/message" && check_as_it_is 'no newline'
  printf '' >"$DIR/message" && check_as_it_is empty
  printf '\n\nno header\n' >"$DIR/message" && check_as_it_is headerless
  printf 'Subject: x\n\n\344\366\374 \303\274 \377\376\n' >"$DIR/message" && check_as_it_is 8-bit
  { printf 'Subject: x\n\n' && seq 1 60000 && head -c 990 /dev/zero | tr '\0' .; } >"$DIR/message"
  check_as_it_is large
}

test_around_the_buffers() {
  for size in 4095 4096 16383 16384 65536 65537; do
    { printf 'A: b\n\n' && yes .23456789 | head -c $((size - 7)) && echo; } >"$DIR/message"
    check "$size" data -o DSN
    check "$size" chunks -o DSN -o CHUNKING
  done
}

test_encoded() {
  printf 'Subject: x\nContent-Type: text/plain; charset=utf-8\n\n\303\274 = 1\n.\n' >"$DIR/message"
  check '8-bit' coded -o DSN
  { printf 'Subject: x\n\n' && head -c 1048576 /dev/zero | tr '\0' x && echo; } >"$DIR/message"
  check 'a line of 1 MB' coded -o DSN -o 8BITMIME
  check 'a line of 1 MB' coded -o DSN -o 8BITMIME -o CHUNKING
}

test_edits() {
  printf 'Bcc: secret@example.test\nSubject: x\n\nbody\n' >"$DIR/message"
  start_server -s "$DIR/dump"
  ADD_HEADERS='X-Added: yes
' CUT_RANGES=0-25
  export ADD_HEADERS CUT_RANGES
  entry "$DIR/message"
  unset ADD_HEADERS CUT_RANGES
  deliver 'r@x=[127.0.0.1]' >/dev/null
  assertEquals 'X-Added: yes
Subject: x

body' "$(tr -d '\r' <"$DIR/dump/message1")"
}

test_by_a_sink() {
  [ -x "$SINK" ] || { skip 'there is no smtp-sink'; return; }
  printf 'Subject: x\n\n\303\274\n.\n..dots\n' >"$DIR/message"
  # shellcheck disable=SC2119 # no options
  start_sink
  assertEquals 'K250 2.0.0 [127.0.0.1] said: Ok' "$(deliver 'r@x=[127.0.0.1]')"
  assertEquals 'below what it adds' "$(cat "$DIR/message")" \
    "$(sed -n '/^Subject: x/,$p' "$DIR"/dump/* | tr -d '\r')"
  assertContains "$(grep ^X-Mail-Args "$DIR"/dump/*)" BODY=8BITMIME
}

# A front that offers all of it: DSN, SMTPUTF8, CHUNKING, PIPELINING.
test_by_our_own_front() {
  printf 'Subject: \303\274\n\n\303\274\n.\n' >"$DIR/message"
  mkdir -p "$DIR/there/conf" "$DIR/there/queue/new" "$DIR/there/queue/tmp"
  echo me.there >"$DIR/there/conf/me"
  make_ready "$DIR/ready"
  CHAINMAIL_CONF=$DIR/there/conf CHAINMAIL_QUEUE=$DIR/there/queue RELAYCLIENT='' \
    tcp-accept -n 3 127.0.0.1 0 env RELAYCLIENT= smtp-front queue-inject 3>"$DIR/ready" 2>"$DIR/front.log" &
  PEER_PIDS="$PEER_PIDS $!"
  await_ready "$DIR/ready"
  PORT=$(sed -n 's/.*event=listen .*port=\([0-9]*\).*/\1/p' "$DIR/front.log")
  SMTP_UTF8=1
  export SMTP_UTF8
  ENVELOPE='Fs\303\274@example.org\0Tr\303\274@example.test\0\0' SENDER=$(printf 's\303\274@example.org')
  entry "$DIR/message"
  answer=$(deliver "$(printf 'r\303\274@example.test')=[127.0.0.1]")
  unset SMTP_UTF8 ENVELOPE SENDER
  assertContains "$answer" 'K250 2.'
  assertNotContains "$answer" 'no DSN'
  assertContains "$(grep -a -A 9 '^Subject' "$DIR"/there/queue/new/*)" "$(tail -n 2 "$DIR/message")"
  assertTrue 'its envelope' "grep -aq 'Tr.*@example.test' $DIR/there/queue/new/*"
}

. shunit2
