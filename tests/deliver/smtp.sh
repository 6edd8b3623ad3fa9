#!/bin/sh
# deliver-smtp, spoken to as queue-send speaks to it: which host it goes to, what it says there,
# and what becomes of it. The hosts are Postfix's smtp-sink, in all its moods.
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/deliver/_smtp.sh
. "$(dirname "$0")/_smtp.sh"

[ -x "$SINK" ] || skip_all 'there is no smtp-sink'

setUp() { make_folder; }
tearDown() { remove_folder; }

zone() {
  start_dns <<'END'
record d.example MX mx1.example 10
record mx1.example A 127.0.0.1
record bare.example A 127.0.0.1
record alias.example CNAME d.example
record two.example MX down.example 10
record two.example MX mx1.example 20
record down.example A 127.0.0.9
record null.example MX . 0
record nothing.example TXT x
record nohost.example MX missing.example 10
record loop.example MX me.example 10
record loop.example MX mx1.example 20
record backup.example MX mx1.example 10
record backup.example MX me.example 20
record backup.example MX down.example 30
record me.example A 127.0.0.8
record xn--mnchen-3ya.example MX mx1.example 10
quirk broken.example servfail
record halfbroken.example MX broken.example 10
record halfbroken.example MX mx1.example 20
record v6.example MX six.example 10
record six.example AAAA ::1
record six.example A 127.0.0.1
END
}

SAID='250 2.0.0 mx1.example[127.0.0.1] said: Ok'

test_a_domain() {
  zone
  start_sink
  assertEquals "K$SAID" "$(deliver r@d.example)"
  assertEquals 'X-Helo-Args: me.example' "$(grep ^X-Helo "$DIR"/dump/*)"
}

test_domains() {
  zone
  start_sink
  assertEquals 'without MX' "K$SAID" "$(deliver r@bare.example | sed s/bare/mx1/)"
  assertEquals 'an alias' "K$SAID" "$(deliver r@alias.example)"
  assertEquals 'other letters' "K$SAID" "$(deliver r@x=münchen.example)"
  assertEquals 'the second host' "K$SAID" "$(deliver r@two.example)"
  assertEquals 'a host that the DNS cannot tell' "K$SAID" "$(deliver r@halfbroken.example)"
  assertEquals 'we are a backup' "K$SAID" "$(deliver r@backup.example)"
  assertEquals 'either family' "K$SAID" "$(deliver r@v6.example | sed s/six/mx1/)"
  assertContains 'what failed is logged' "$(cat "$DIR/log")" \
    'destination=two.example host=down.example[127.0.0.9] at=connect status=4.4.1'
}

test_domains_without_a_host() {
  zone
  start_sink
  assertEquals 'D5.1.10 null.example accepts no mail (null MX)' "$(deliver r@null.example)"
  assertEquals 'D5.4.4 no host takes mail for nothing.example' "$(deliver r@nothing.example)"
  assertEquals 'D5.4.4 no host takes mail for nohost.example' "$(deliver r@nohost.example)"
  assertEquals 'D5.1.2 there is no domain nobody.example' "$(deliver r@nobody.example)"
  assertEquals 'Z4.4.3 the DNS does not answer for broken.example' "$(deliver r@broken.example)"
  assertEquals 'D5.4.6 mail for loop.example would come back to this host' \
    "$(deliver r@loop.example)"
  assertEquals 'D5.1.2 not a destination' "$(deliver r@x=a..b)"
  assertEquals 'D5.1.2 not a destination' "$(deliver r@x=host:0)"
  assertEquals 'nothing was said to anyone' '' "$(ls "$DIR/dump")"
}

test_our_own_addresses() {
  zone
  PORT=25 OPTIONS='-o 127.0.0.0/8'
  assertEquals 'D5.4.6 mail for d.example would come back to this host' "$(deliver r@d.example)"
}

test_servers() {
  start_sink
  said=$(echo "K$SAID" | sed s/mx1.example//)
  assertEquals 'a literal' "$said" "$(deliver 'r@x=[127.0.0.1]')"
  assertEquals 'with a port' "$said" "$(deliver "r@x=[127.0.0.1]:$PORT")"
  assertEquals 'without brackets' "$said" "$(deliver "r@x=127.0.0.1:$PORT")"
  zone
  assertEquals 'by its name' "K$SAID" "$(deliver "r@x=mx1.example:$PORT")"
  assertEquals 'in brackets' "K$SAID" "$(deliver "r@x=[mx1.example]")"
  assertNotContains 'no MX is asked for' "$(cat "$DIR/dns.log")" MX
  assertEquals "Z4.4.1 down.example[127.0.0.9]: no connection: Connection refused" \
    "$(deliver "r@x=down.example:$PORT")"
}

test_ipv6() {
  can_bind_ipv6 || { skip 'there is no IPv6'; return; }
  SINK_ADDRESS='[::1]' start_sink
  assertEquals 'K250 2.0.0 [::1] said: Ok' "$(deliver 'r@x=[IPv6:::1]')"
  zone
  assertEquals 'K250 2.0.0 six.example[::1] said: Ok' "$(deliver r@v6.example)"
}

can_bind_ipv6() { python3 -c 'import socket; socket.socket(10).bind(("::1", 0))' 2>/dev/null; }

test_source_address() {
  start_sink
  OPTIONS='-b 127.0.0.5'
  deliver 'r@x=[127.0.0.1]' >/dev/null
  assertEquals 'X-Client-Addr: 127.0.0.5' "$(grep ^X-Client-Addr "$DIR"/dump/*)"
}

test_one_transaction() {
  start_sink
  deliver "a@x=[127.0.0.1]" "b@x=[127.0.0.1]" "c@x=[127.0.0.1]" >/dev/null
  assertEquals 1 "$(find "$DIR/dump" -type f | wc -l)"
  assertEquals '<a@x> <b@x> <c@x>' "$(sed -n 's/^X-Rcpt-Args: //p' "$DIR"/dump/* | xargs)"
}

test_transactions_are_limited() {
  start_sink
  OPTIONS='-r 2'
  assertEquals 3 "$(deliver "a@x=[127.0.0.1]" "b@x=[127.0.0.1]" "c@x=[127.0.0.1]" | grep -c ^K)"
  assertEquals '1 2' "$(grep -c ^X-Rcpt-Args "$DIR"/dump/* | sed s/.*:// | sort | xargs)"
}

test_many_recipients_of_many_batches() {
  start_sink
  # shellcheck disable=SC2046 # words are wanted
  deliver $(seq -f 'r%.0f@x=[127.0.0.1]' 1 200) >"$DIR/answers"
  assertEquals 200 "$(grep -c ^K "$DIR/answers")"
  assertEquals 200 "$(cat "$DIR"/dump/* | grep -c ^X-Rcpt-Args)"
}

# One after the other, over one connection: without -b each job waits for the answer to the last.
test_a_connection_is_kept() {
  start_sink -v # who waits for it to listen is the first to connect
  TOGETHER='' deliver "a@x=[127.0.0.1]" "b@x=[127.0.0.1]" "c@x=[127.0.0.1]" >/dev/null
  assertEquals 3 "$(find "$DIR/dump" -type f | wc -l)"
  assertEquals 2 "$(grep -c 'connect.*127.0.0.1' "$DIR/sink.log")"
}

test_a_connection_has_its_limit() {
  start_sink -v # who waits for it to listen is the first to connect
  OPTIONS='-m 2'
  TOGETHER='' deliver "a@x=[127.0.0.1]" "b@x=[127.0.0.1]" "c@x=[127.0.0.1]" >/dev/null
  assertEquals 3 "$(find "$DIR/dump" -type f | wc -l)"
  assertEquals 3 "$(grep -c 'connect.*127.0.0.1' "$DIR/sink.log")"
}

# shared TO TO: how many connections two messages took, one after the other
shared() {
  rm -f "$DIR"/dump/*
  : >"$DIR/sink.log"
  TOGETHER='' deliver "$@" >/dev/null
  assertEquals "$*" 2 "$(find "$DIR/dump" -type f | wc -l)"
  grep -c 'connect.*127.0.0.1' "$DIR/sink.log"
}

# Two domains that have the same host as their best one.
test_a_connection_is_shared() {
  zone
  start_sink -v
  assertEquals 'the best host of both' 1 "$(shared a@d.example b@backup.example)"
  assertEquals 'the second host of the other' 2 "$(shared a@d.example b@two.example)"
  assertEquals 'not by the name of the host' 2 "$(shared a@d.example b@bare.example)"
  echo 'backup.example none' >"$DIR/policies"
  assertEquals 'another policy' 2 "$(shared a@d.example b@backup.example)"
}

# check_mood OPTIONS ANSWER
check_mood() {
  # shellcheck disable=SC2086 # words are wanted
  start_sink $1
  assertEquals "smtp-sink $1" "$2" \
    "$(deliver 'r@x=[127.0.0.1]' | sed 's/: while.*//')"
  end_peers
  PORT=$(free_port)
}

test_moods_of_a_sink() {
  for mood in -e '-f EHLO'; do
    check_mood "$mood" 'K250 2.0.0 relayed, no DSN: [127.0.0.1] said: Ok'
  done
  for mood in -p -8 -E; do
    check_mood "$mood" 'K250 2.0.0 [127.0.0.1] said: Ok'
  done
  for command in MAIL RCPT DATA .; do
    check_mood "-f $command" 'D500 5.3.0 [127.0.0.1] said: Error: command failed'
    check_mood "-r $command" 'Z450 4.3.0 [127.0.0.1] said: Error: command failed'
    check_mood "-q $command" 'Z4.4.2 [127.0.0.1]: the server closed the connection'
  done
}

test_a_sink_that_is_not_ready() {
  closed='[127.0.0.1]: the server closed the connection'
  check_mood '-f CONNECT' 'D5.3.2 [127.0.0.1] said: 500 5.3.0 Error: command failed'
  check_mood '-r CONNECT' 'Z4.4.1 [127.0.0.1] said: 450 4.3.0 Error: command failed'
  check_mood '-q CONNECT' "Z4.4.1 $closed"
  check_mood '-f EHLO,HELO' 'D5.5.0 [127.0.0.1] said: 500 5.3.0 Error: command failed'
  check_mood '-q EHLO' "Z4.4.1 $closed"
  check_mood '-r EHLO' 'Z4.4.1 [127.0.0.1] said: 450 4.3.0 Error: command failed'
}

test_a_sink_that_closes() {
  closing='[127.0.0.1] said: 421 4.0.0 Server closing connection'
  for command in CONNECT EHLO; do check_mood "-Q $command" "Z4.4.1 $closing"; done
  for command in MAIL RCPT DATA .; do
    check_mood "-Q $command" 'Z421 4.0.0 [127.0.0.1] said: Server closing connection'
  done
  for command in QUIT RSET; do # what comes after the message is nothing to it
    for way in -q -Q -f; do check_mood "$way $command" 'K250 2.0.0 [127.0.0.1] said: Ok'; done
  done
}

test_other_moods() {
  for mood in -P -N; do
    check_mood "$mood" 'K250 2.0.0 relayed, no DSN: [127.0.0.1] said: Ok'
  done
  check_mood '-B 552 -f .' 'D552 5.0.0 [127.0.0.1] said: '
  check_mood '-b 452 -r RCPT' 'Z452 4.0.0 [127.0.0.1] said: '
}

# More than sockets hold is on its way when the host says what it says.
test_a_large_message() {
  { printf 'Subject: x\n\n' && seq 1 300000; } >"$DIR/message"
  for mood in '-A 0' '-A 1'; do
    check_mood "$mood" 'D550 5.0.0 [127.0.0.1] said: This violates SMTP'
  done
  check_mood '-q .' 'Z4.4.2 [127.0.0.1]: the server closed the connection'
  check_mood '-H 1 -T 2000' 'K250 2.0.0 [127.0.0.1] said: Ok'
}

test_help() {
  assertContains "$(deliver-smtp -h 2>&1)" usage
  deliver-smtp -p 70000 2>/dev/null
  assertEquals 100 $?
  deliver-smtp -t tea=5 2>/dev/null
  assertEquals 100 $?
}

. shunit2
