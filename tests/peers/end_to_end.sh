#!/bin/sh
# From the queue to other hosts: queue-send with deliver-smtp and deliver-lmtp, names from nsd, a host
# that keeps books, and Dovecot. Bounces are read by Python's email package, Sisimai and
# Mail::DeliveryStatus::BounceParser.
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/peers/_lab.sh
. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/peers/_lab.sh"
# shellcheck source=tests/queue/_send.sh
. "$TOP/tests/queue/_send.sh"
# shellcheck source=tests/deliver/_dovecot.sh
. "$TOP/tests/deliver/_dovecot.sh"

oneTimeSetUp() {
  make_lab
  cat >"$LAB/zones/example.zone" <<'ZONE'
$ORIGIN example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A 192.0.2.53
mx A 192.0.2.21
*.far MX 10 mx
mute A 192.0.2.24
*.mute MX 10 mute
null MX 0 .
out A 192.0.2.22
ZONE
  start_names
  start_keeper 192.0.2.21 25 192.0.2.21 24
  make_ready "$LAB/ready"
  python3 -IS -c 'import socket, time
mute = socket.create_server(("192.0.2.24", 25), backlog=100)
print(flush=True)
time.sleep(600)' >"$LAB/ready" &
  LAB_PIDS="$LAB_PIDS $!"
  await_ready "$LAB/ready"
}
oneTimeTearDown() { end_lab; }

# start_keeper ADDRESS PORT...: sets KEEPER
start_keeper() {
  make_ready "$LAB/ready"
  python3 -IS "$TOP/tests/deliver/_keeper.py" "$LAB/ledger" "$@" >"$LAB/ready" 2>"$LAB/keeper.log" &
  KEEPER=$!
  LAB_PIDS="$LAB_PIDS $KEEPER"
  read -r _ <"$LAB/ready"
}

setUp() {
  make_chain
  QUEUE=$CHAINMAIL_QUEUE
  : >"$LAB/ledger"
  cat >"$CHAIN/remote" <<END
#!/bin/sh
exec deliver-smtp -o 192.0.2.1 2>>$CHAIN/remote.log
END
  chmod +x "$CHAIN/remote"
  # shellcheck disable=SC2034 # for start_send
  CHAIN_SEND="-w remote=1 -w remote=$CHAIN/remote"
  echo '@lmtp.example lmtp [192.0.2.21]:24' | add_routes
}

tearDown() {
  stop_dovecot
  stop_chain
}

# send NAME SENDER RECIPIENT...
send() {
  printf 'From: sender@example.test\nMessage-ID: <%s@example.test>\nSubject: %s\n\nhello\n' "$1" "$1" \
    >"$CHAIN/message"
  shift
  inject "$@"
}

# ---- many ----

test_a_thousand_recipients() {
  start_send
  # shellcheck disable=SC2046 # words are wanted
  send many me@example.test $(for i in 1 2 3 4 5; do seq -f "user$i@domain%g.far.example" 200; done)
  delivered_all
  assertEquals 'each of them' 1000 "$(grep -c '^many .* whole' "$LAB/ledger")"
  assertEquals 'once' 1000 "$(sort -u "$LAB/ledger" | wc -l)"
  # They come in 16 pieces: what of a domain comes when the rest is on its way already goes behind it.
  count=$(grep -c event=transaction "$CHAIN/remote.log")
  assertTrue "$count transactions for 200 domains" "[ $count -ge 200 ] && [ $count -le 216 ]"
}

# Their hosts say nothing, for as long as they like. The others get theirs meanwhile.
test_some_domains_do_not_answer() {
  start_send
  # shellcheck disable=SC2046 # words are wanted
  send slow me@example.test $(seq -f 'r@d%g.mute.example' 15) $(seq -f 'r@d%g.far.example' 50) \
    $(seq -f 's@d%g.mute.example' 15)
  wait_until has_lines 50 || fail "only $(wc -l <"$LAB/ledger") came"
  send next me@example.test box@one.far.example
  wait_until has_lines 51 || fail 'the next message does not leave'
  assertEquals 'the others wait' 30 "$(queue-list -p | grep -c mute.example)"
  # shellcheck disable=SC2046 # words are wanted
  kill -9 $(pgrep -P "$SEND_PID") # nobody waits for such hosts here
}
has_lines() { [ "$(wc -l <"$LAB/ledger")" -ge "$1" ]; }

test_both_channels_at_once() {
  start_send
  send both me@example.test a@one.far.example b@two.far.example c@lmtp.example d@lmtp.example box@example.test
  delivered_all
  assertEquals 'a@one.far.example b@two.far.example c@lmtp.example d@lmtp.example' \
    "$(cut -d ' ' -f 2 "$LAB/ledger" | sort | xargs)"
  assertEquals 1 "$(list_box box | wc -l)"
}

# ---- what waits ----

test_some_wait() {
  start_send
  send some me@example.test a@one.far.example later@one.far.example b@lmtp.example full@lmtp.example
  logged event=waiting
  assertEquals 'two wait' 'full@lmtp.example later@one.far.example' \
    "$(queue-list -p | cut -f 5 | sort | xargs)"
  kill -ALRM "$SEND_PID"
  logged event=waiting 2
  assertEquals 'those who have it get it once' 'a@one.far.example b@lmtp.example' \
    "$(cut -d ' ' -f 2 "$LAB/ledger" | sort | xargs)"
  assertContains "$(queue-list -p)" '451 4.2.1 mx.example[192.0.2.21] said: not now'
  assertContains "$(queue-list -p)" '452 4.2.2 [192.0.2.21]:24 said: full'
}

# Nobody asks for it: the destination is tried again by itself.
test_a_host_that_comes_back() {
  set_conf backoff 1
  set_conf backoff-max 2
  start_send
  for i in 1 2 3; do send "back$i" me@example.test "r$i@out.example"; done
  logged 'event=down channel=remote to=out.example' 2
  start_keeper 192.0.2.22 25
  delivered_all
  kill "$KEEPER"
  logged 'event=up channel=remote to=out.example'
  assertEquals 'each once' 'back1 back2 back3' "$(cut -d ' ' -f 1 "$LAB/ledger" | sort | xargs)"
}

# ---- what fails ----

# perl_reads PEER SCRIPT FILE
perl_reads() {
  lib=$PEERS/$1/usr
  PERL5LIB=$(echo "$lib/share/perl5" "$lib"/lib/*/perl5/* | tr ' ' ':') perl "$TOP/tests/dsn/$2" "$3" 2>&1
}

make_bounce() {
  start_send
  send fails sender@example.test nobody@one.far.example nobody@lmtp.example r@null.example \
    r@nowhere.example a@one.far.example
  delivered_all
  bounce=$(deliveries sender)
}

test_a_bounce_read_by_python() {
  make_bounce
  assertEquals 'one for all' 1 "$(list_box sender | wc -l)"
  assertEquals 'nobody@lmtp.example failed 5.1.1 x-local-hostname; [192.0.2.21]:24
nobody@one.far.example failed 5.1.1 dns; mx.example
r@nowhere.example failed 5.1.2 -
r@null.example failed 5.1.10 -' "$(python3 -IS - "$bounce" <<'END'
import email.policy, sys
with open(sys.argv[1], "rb") as file:
    message = email.message_from_binary_file(file, policy=email.policy.default)
report = list(message.iter_parts())[1].get_payload()
for fields in sorted(report[1:], key=lambda fields: fields["Final-Recipient"]):
    print(fields["Final-Recipient"].split("; ")[1], fields["Action"], fields["Status"],
          fields.get("Remote-MTA", "-"))
END
)"
}

test_a_bounce_read_by_sisimai() {
  needs_peer sisimai usr || return 0
  make_bounce
  assertEquals 'sender@example.test nobody@lmtp.example failed 5.1.1 userunknown
sender@example.test nobody@one.far.example failed 5.1.1 userunknown
sender@example.test r@nowhere.example failed 5.1.2 hostunknown
sender@example.test r@null.example failed 5.1.10 notaccept' \
    "$(perl_reads sisimai _sisimai.pl "$bounce" | sort)"
}

test_a_bounce_read_by_bounceparser() {
  needs_peer bounceparser usr || return 0
  make_bounce
  read_as=$(perl_reads bounceparser _bounceparser.pl "$bounce")
  assertContains "$read_as" 'bounce <fails@example.test>'
  for address in nobody@one.far.example nobody@lmtp.example; do
    assertContains "$read_as" "$address user_unknown"
  done
  assertContains "$read_as" "r@nowhere.example domain_error"
}

# ---- Dovecot ----

test_dovecot() {
  DIR=$CHAIN
  start_dovecot || { skip 'no Dovecot'; return; }
  chmod 755 "$CHAIN"
  echo "@example.org lmtp unix:$CHAIN/run/lmtp" | add_routes
  sed -i 's/@example.test:/@example.org:/' "$CHAIN/users"
  start_send
  printf 'Subject: \303\274\n\n.\n..\n\344\nno end' >"$CHAIN/message"
  inject sender@example.test alice@example.org nobody@example.org bob@example.org
  delivered_all
  for name in alice bob; do
    assertEquals "$name has it as it was" same "$(python3 -IS "$TOP/tests/peers/_same.py" \
      "$CHAIN/message" "$(find "$CHAIN/home/$name/Maildir/new" -type f)" 2>&1)"
  done
  assertContains "$(cat "$(deliveries sender)")" 'Diagnostic-Code: smtp; 550 5.1.1 <nobody@example.org>'
}

# Without a queue: each recipient has a result.
test_dovecot_at_once() {
  DIR=$CHAIN
  start_dovecot || { skip 'no Dovecot'; return; }
  printf 'Subject: x\n\n.dot\n' >"$CHAIN/message"
  printf 'Fs@example.org\0Talice@example.test\0Tnobody@example.test\0\0' >"$CHAIN/envelope"
  { SMTP_PROTO=LMTP ERROR_FD=4 lmtp-inject "unix:$CHAIN/run/lmtp" <"$CHAIN/message" 1<"$CHAIN/envelope" 4>&3 \
    2>>"$CHAIN/inject.log"; } 3>&1 | tr '\0' '\n' >"$CHAIN/verdicts"
  assertContains "$(cat "$CHAIN/verdicts")" 'R1 D550 5.1.1 <nobody@example.test>'
  assertEquals same "$(python3 -IS "$TOP/tests/peers/_same.py" "$CHAIN/message" \
    "$(find "$CHAIN/home/alice/Maildir/new" -type f)" 2>&1)"
}

# shellcheck source=/dev/null
. shunit2
