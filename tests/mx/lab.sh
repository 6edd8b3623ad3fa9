#!/bin/sh
# Where deliver-smtp goes: the MX of domains that nsd serves, mail hosts with addresses of their own, all
# on port 25 in a network of the suite's own.
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/peers/_lab.sh
. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/peers/_lab.sh"
# shellcheck source=tests/deliver/_smtp.sh
. "$TOP/tests/deliver/_smtp.sh"

# The hosts: a and b answer at their addresses, each in both families; down refuses; mute says nothing; full
# does not even take a connection.
oneTimeSetUp() {
  make_lab
  write_zones
  start_names
  make_ready "$LAB/ready"
  python3 -IS "$TOP/tests/deliver/_keeper.py" "$LAB/ledger" 192.0.2.21 25 192.0.2.22 25 192.0.2.1 25 \
    2001:db8::21 25 2001:db8::22 25 >"$LAB/ready" 2>"$LAB/keeper.log" &
  LAB_PIDS="$LAB_PIDS $!"
  read -r _ <"$LAB/ready"
  make_ready "$LAB/ready"
  python3 -IS -c 'import socket
mute = socket.create_server(("192.0.2.24", 25))
full = socket.create_server(("192.0.2.25", 25), backlog=0)
waiting = socket.create_connection(("192.0.2.25", 25))
print(flush=True)
while True: mute.accept()[0].recv(1)' >"$LAB/ready" &
  LAB_PIDS="$LAB_PIDS $!"
  await_ready "$LAB/ready"
}
oneTimeTearDown() { end_lab; }

write_zones() {
  cat >"$LAB/zones/example.zone" <<'ZONE'
$ORIGIN example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A 192.0.2.53
me A 192.0.2.1
a A 192.0.2.21
b A 192.0.2.22
down A 192.0.2.23
mute A 192.0.2.24
full A 192.0.2.25
a6 AAAA 2001:db8::21
both A 192.0.2.22
both AAAA 2001:db8::21
half A 192.0.2.22
half AAAA 2001:db8::99
far A 192.0.2.22
far AAAA 3fff::1
also-us A 192.0.2.1
nothing TXT "no address"
; domains
first MX 10 a
first MX 20 b
second MX 10 down
second MX 20 b
third MX 10 mute
third MX 20 b
fourth MX 10 full
fourth MX 20 b
implicit A 192.0.2.21
null MX 0 .
alias CNAME first
alias2 CNAME alias
mx-alias MX 10 a-alias
a-alias CNAME a
*.wild MX 10 a
loop MX 10 me
loop MX 20 a
loop2 MX 10 also-us
loop2 MX 10 a
backup MX 10 down
backup MX 20 me
backup MX 30 b
backup2 MX 10 a
backup2 MX 20 me
no-address MX 10 nothing
no-address2 MX 10 nothing
no-address2 MX 20 a
no-host MX 10 gone
none TXT "neither MX nor address"
lame MX 10 x.broken.example.
lame MX 20 a
lame2 MX 10 x.broken.example.
six MX 10 a6
either MX 10 both
half-six MX 10 half
far-six MX 10 far
crowd MX 10 down
crowd MX 10 a
ZONE
  for i in $(seq 1 30); do
    echo "equal$i MX 10 a"
    echo "equal$i MX 10 b"
    echo "large MX $((i + 50)) a-host-with-quite-a-long-name-of-its-own-$i"
    echo "many MX $((100 - i)) host$i"
    echo "host$i A 192.0.2.$((i == 30 ? 21 : 23))"
  done >>"$LAB/zones/example.zone"
  echo 'large MX 10 a' >>"$LAB/zones/example.zone"
  echo 'this is no zone at all' >"$LAB/zones/broken.example.zone"
}

setUp() {
  NAMES=$DNSCACHEIP
  make_folder
  DNSCACHEIP=$NAMES PORT=25 OPTIONS='-o 192.0.2.1'
  printf 'Subject: x\n\nhello\n' >"$DIR/message"
  : >"$LAB/ledger"
}
tearDown() {
  NAMES=$DNSCACHEIP
  remove_folder
}

# came DOMAIN...: what a message for r@DOMAIN came to, a line each: address, or else the verdict
came() {
  for domain; do set -- "$@" "r@$domain"; shift; done
  deliver "$@" >"$DIR/answers"
  for to; do
    sort -u "$LAB/ledger" | sed -n "s/^x $to whole //p"
  done
  sed -n '/^K/!p' "$DIR/answers"
  : >"$LAB/ledger"
}

test_preferences() {
  assertEquals 'the best' 192.0.2.21 "$(came first.example)"
  assertEquals 'the next, where that is down' 192.0.2.22 "$(came second.example)"
  OPTIONS="$OPTIONS -t connect=8 -t greeting=8"
  assertEquals 'the next, where that says nothing, and where nothing comes back' \
    '192.0.2.22 192.0.2.22' "$(came third.example fourth.example | xargs)"
  assertContains "$(cat "$DIR/log")" 'host=mute.example[192.0.2.24] at=greeting'
  assertContains "$(cat "$DIR/log")" 'host=full.example[192.0.2.25] at=connect'
}

test_equal_preferences_are_shuffled() {
  # shellcheck disable=SC2046 # words are wanted
  hosts=$(came $(seq -f 'equal%g.example' 30))
  assertEquals 30 "$(echo "$hosts" | wc -l)"
  assertEquals 'both of them, by chance' '192.0.2.21 192.0.2.22' "$(echo "$hosts" | sort -u | xargs)"
}

test_no_mx() {
  assertEquals 'an implicit one' 192.0.2.21 "$(came implicit.example)"
  assertEquals 'D5.1.10 null.example accepts no mail (null MX)' "$(came null.example)"
  assertEquals 'D5.4.4 no host takes mail for none.example' "$(came none.example)"
  assertEquals 'D5.1.2 there is no domain gone.example' "$(came gone.example)"
}

test_aliases() {
  assertEquals 192.0.2.21 "$(came alias.example)"
  assertEquals 'in a row' 192.0.2.21 "$(came alias2.example)"
  assertEquals 'of a host' 192.0.2.21 "$(came mx-alias.example)"
  assertEquals 192.0.2.21 "$(came any.thing.wild.example)"
}

test_ourselves() {
  OPTIONS="-H me.example $OPTIONS"
  assertEquals 'D5.4.6 mail for loop.example would come back to this host' "$(came loop.example)"
  assertEquals 'by its address, beside others' \
    'D5.4.6 mail for loop2.example would come back to this host' "$(came loop2.example)"
  assertEquals 'we stand in for it' 192.0.2.21 "$(came backup2.example)"
  assertEquals 'and do not send it down' \
    'Z4.4.1 down.example[192.0.2.23]: no connection: Connection refused' "$(came backup.example)"
}

test_hosts_without_address() {
  assertEquals 192.0.2.21 "$(came no-address2.example)"
  assertEquals 'D5.4.4 no host takes mail for no-address.example' "$(came no-address.example)"
  assertEquals 'D5.4.4 no host takes mail for no-host.example' "$(came no-host.example)"
}

test_a_zone_that_cannot_be_served() {
  assertEquals 'Z4.4.3 the DNS does not answer for broken.example' "$(came broken.example)"
  assertEquals 'another host' 192.0.2.21 "$(came lame.example)"
  assertEquals 'Z4.4.3 the DNS does not answer for lame2.example' "$(came lame2.example)"
}

test_families() {
  assertEquals 'IPv6 alone' 2001:db8::21 "$(came six.example)"
  assertEquals 'IPv6 first' 2001:db8::21 "$(came either.example)"
  assertEquals 'refused by IPv6' 192.0.2.22 "$(came half-six.example)"
  assertEquals 'not to be reached by IPv6' 192.0.2.22 "$(came far-six.example)"
}

test_literals() {
  deliver 'r@[192.0.2.21]' 'r@[IPv6:2001:db8::22]' 'r@[192.0.2.23]' >"$DIR/answers"
  assertEquals '192.0.2.21 2001:db8::22' "$(awk '{ print $4 }' "$LAB/ledger" | sort | xargs)"
  assertEquals 'Z4.4.1 [192.0.2.23]: no connection: Connection refused' "$(tail -n 1 "$DIR/answers")"
}

test_long_answers() {
  assertEquals 'by TCP' 192.0.2.21 "$(came large.example)"
  assertEquals 'the best of more than are tried' 192.0.2.21 "$(came many.example)"
}

# Half of the messages meet it first, and go on; then it is left for the last.
test_a_host_that_is_down_is_avoided() {
  # shellcheck disable=SC2046 # words are wanted
  TOGETHER='' OPTIONS="$OPTIONS -m 1" deliver $(for i in $(seq 20); do echo "r$i@crowd.example"; done) \
    >"$DIR/answers"
  assertEquals 20 "$(grep -c ^K "$DIR/answers")"
  assertTrue 'tried once at most' "[ $(grep -c 'host=down.example' "$DIR/log") -le 1 ]"
}

test_name_servers() {
  answer=$(DNSCACHEIP=192.0.2.54 && came first.example)
  assertEquals 'Z4.4.3 the DNS does not answer for first.example' "$answer"
  answer=$(DNSCACHEIP='192.0.2.54 192.0.2.53' && came first.example)
  assertEquals 'another one' 192.0.2.21 "$answer"
}

# One that was stopped: questions are lost, not refused.
test_a_silent_name_server() {
  make_ready "$LAB/ready"
  python3 -IS -c 'import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.0.2.54", 53)); print(flush=True); s.recv(512); time.sleep(600)' >"$LAB/ready" &
  silent=$!
  await_ready "$LAB/ready"
  answer=$(DNSCACHEIP='192.0.2.54 192.0.2.53' && came first.example)
  kill "$silent" && wait "$silent" 2>/dev/null
  assertEquals 192.0.2.21 "$answer"
}

# shellcheck source=/dev/null
. shunit2
