#!/bin/sh
# tls-connect against servers that others wrote, good and bad.

HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../_chain.sh"

# ---- certificates and servers ----

# issue NAME ISSUER EXTENSION OPTIONS...: NAME.key and NAME.crt
issue() {
  name=$1 issuer=$2
  echo "$3" >"$name.ext"
  shift 3
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name.key"
  openssl req -new -key "$name.key" -subj "/CN=$name" -out "$name.csr"
  if [ "$issuer" = "$name" ]; then
    openssl x509 -req -in "$name.csr" -signkey "$name.key" -extfile "$name.ext" -out "$name.crt" "$@"
  else
    openssl x509 -req -in "$name.csr" -CA "$issuer.crt" -CAkey "$issuer.key" -CAcreateserial \
      -extfile "$name.ext" -out "$name.crt" "$@"
  fi
}

make_certificates() {
  authority=basicConstraints=critical,CA:TRUE
  mx=subjectAltName=DNS:mx.example.test,IP:127.0.0.1
  issue root root $authority -days 9
  issue between root $authority -days 9
  issue mx between $mx -days 9
  issue expired root $mx -days -1
  issue self self $mx -days 9
  cat mx.crt between.crt >chain.crt
}

oneTimeSetUp() {
  FOLDER=$(mktemp -d) && cd "$FOLDER" || exit 1
  PIDS=
  make_certificates 2>openssl.log || { cat openssl.log; exit 1; }
  python3 "$HERE/_connect.py" serve chain.crt mx.key ports 2>python.log &
  PIDS="$PIDS $!"
  wait_until [ -f ports ] || { cat python.log; exit 1; }
}

oneTimeTearDown() {
  [ -n "${FOLDER-}" ] || return 0
  for pid in $PIDS; do end_process "$pid"; done
  cd / && rm -rf "$FOLDER"
  FOLDER=
}

port_of() { sed -n "s/^$1 //p" ports; }

# start_server WORDS...: one of others, which listens on PORT soon
start_server() {
  "$@" >server.log 2>&1 </dev/null &
  SERVER=$!
  PIDS="$PIDS $SERVER"
  wait_until listens "$PORT" || cat server.log
}

# with_s_server CERTIFICATE KEY WORDS...: OpenSSL's, which says back each line reversed
with_s_server() {
  PORT=$(free_port) certificate=$1 key=$2
  shift 2
  start_server openssl s_server -accept "127.0.0.1:$PORT" -cert "$certificate" -key "$key" -rev \
    -quiet "$@"
}

# ---- the client ----

# talk PORT OPTIONS...: a line to the server and back; the facts are in out, the log in log
talk() {
  port=$1
  shift
  timeout 120 python3 "$HERE/_connect.py" client "$port" tls-connect -t 60 "$@" sh -c '
    env | grep "^SSL\|^UCSPI" | sort
    echo hello >&7 && read -r line <&6 && echo "line=$line"' >out 2>log
}

fact() { sed -n "s/^$1=//p" out; }

assert_talks() { # TITLE PORT OPTIONS...
  title=$1
  shift
  talk "$@" || cat log
  assertContains "$title" ' hello olleh ' " $(fact line) "
}

assert_refused() { # TITLE REASON PORT OPTIONS...
  title=$1 reason=$2
  shift 2
  talk "$@"
  assertEquals "$title: exit code" 1 $?
  assertContains "$title" "$(cat log)" "$reason"
  assertEquals "$title: the program does not run" '' "$(cat out)"
}

# ---- who the server is ----

testAnAuthorityAndAName() {
  assert_talks 'chain and name' "$(port_of echo)" -c root.crt -n mx.example.test
  assertEquals ca "$(fact SSL_VERIFIED)"
  assertEquals TLSv1.2 "$(fact SSL_PROTOCOL)"
  assertEquals mx.example.test "$(fact SSL_TLS_SNI_SERVERNAME)"
  assertEquals CN=mx "$(fact SSL_PEER_CERT_SUBJECT)"
  hash=$(openssl x509 -in mx.crt -outform DER | sha256sum | cut -d ' ' -f 1)
  assertEquals "SHA256:$hash" "$(fact SSL_PEER_CERT_HASH)"
  assertEquals "$hash" "$(fact SSL_SERVER_END_POINT)"
  assertContains "$(cat log)" 'event=handshake version=TLSv1.2'
}

testAnAddress() {
  assert_talks 'an address' "$(port_of echo)" -c root.crt -n 127.0.0.1
  assertEquals 'no SNI' '' "$(fact SSL_TLS_SNI_SERVERNAME)"
}

testOneOfSeveralNames() {
  assert_talks 'the second name' "$(port_of echo)" -c root.crt -n example.test -n mx.example.test
}

testOthersAreRefused() {
  assert_refused 'another name' 'certificate: name mismatch' "$(port_of echo)" -c root.crt \
    -n www.example.test
  assert_refused 'an unknown authority' 'certificate: issuer unknown' "$(port_of echo)" \
    -c self.crt -n mx.example.test
  assert_refused "the machine's authorities" 'certificate: issuer unknown' "$(port_of echo)" \
    -n mx.example.test
  with_s_server expired.crt expired.key
  assert_refused 'expired' 'certificate: expired' "$PORT" -c root.crt -n mx.example.test
  with_s_server self.crt self.key
  assert_refused 'self-signed' 'certificate: self-signed' "$PORT" -c root.crt -n mx.example.test
  assert_talks 'self-signed and trusted' "$PORT" -c self.crt -n mx.example.test
  with_s_server mx.crt mx.key
  assert_refused 'an incomplete chain' 'certificate: issuer unknown' "$PORT" -c root.crt \
    -n mx.example.test
}

testTheServerIsToldWhy() {
  PORT=$(free_port)
  start_server openssl s_server -accept "127.0.0.1:$PORT" -cert self.crt -key self.key -rev
  talk "$PORT" -c root.crt -n mx.example.test
  wait_until grep -q 'alert unknown ca' server.log
  assertContains "$(cat server.log)" 'alert unknown ca'
  assertContains "$(cat log)" 'alert_sent=unknown_ca'
}

key_hash() { openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d ' ' -f 1; }
hash_of() { openssl x509 -in "$1" -outform DER | sha256sum | cut -d ' ' -f 1; }

testPins() {
  echo_port=$(port_of echo)
  key="3 1 1 $(key_hash mx.crt)"
  assert_talks 'its key' "$echo_port" -p "$key"
  assertEquals pin "$(fact SSL_VERIFIED)"
  assertEquals "$key" "$(fact SSL_VERIFIED_REASON)"
  assert_talks 'its certificate' "$echo_port" -p "SHA256:$(hash_of mx.crt)" -n another.example
  assert_talks 'one of several' "$echo_port" -p "3 1 1 $(key_hash self.crt)" -p "$key"
  assert_talks 'what signed it' "$echo_port" -p "2 0 1 $(hash_of between.crt)" -n mx.example.test
  assert_refused 'a wrong one' 'certificate: no pin matches' "$echo_port" \
    -p "3 1 1 $(key_hash self.crt)"
  assert_refused 'a wrong one, with a good chain' 'certificate: no pin matches' "$echo_port" \
    -c root.crt -n mx.example.test -p "3 1 1 $(key_hash self.crt)"
  assert_refused 'what signed it, but for another name' 'certificate: name mismatch' "$echo_port" \
    -p "2 0 1 $(hash_of between.crt)" -n www.example.test
  with_s_server expired.crt expired.key
  assert_talks 'whatever the day' "$PORT" -p "3 1 1 $(key_hash expired.crt)"
}

testWhoeverItIs() {
  echo_port=$(port_of echo)
  assert_talks 'not asked' "$echo_port" -a
  assertEquals none "$(fact SSL_VERIFIED)"
  assertEquals 'nothing to verify it by' "$(fact SSL_VERIFIED_REASON)"
  assert_talks 'another name' "$echo_port" -a -c root.crt -n www.example.test
  assertEquals 'none name mismatch' "$(fact SSL_VERIFIED) $(fact SSL_VERIFIED_REASON)"
  assert_talks 'the right name' "$echo_port" -a -c root.crt -n mx.example.test
  assertEquals ca "$(fact SSL_VERIFIED)"
  assert_talks 'a wrong pin' "$echo_port" -a -p "3 1 1 $(key_hash self.crt)"
  assertEquals 'none no pin matches' "$(fact SSL_VERIFIED) $(fact SSL_VERIFIED_REASON)"
  with_s_server expired.crt expired.key
  assert_talks 'expired' "$PORT" -a -c root.crt -n mx.example.test
  assertContains "$(fact SSL_VERIFIED_REASON)" expired
}

# ---- other servers, versions and suites ----

testSuitesOfOpenssl() {
  for suite in ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384 \
    ECDHE-ECDSA-CHACHA20-POLY1305; do
    with_s_server chain.crt mx.key -cert_chain chain.crt -cipher $suite -tls1_2
    assert_talks $suite "$PORT" -c root.crt -n mx.example.test
  done
}

testWeakSuites() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.crt -days 9 -subj /CN=rsa \
    -addext subjectAltName=DNS:mx.example.test 2>/dev/null
  for suite in AES128-SHA AES256-GCM-SHA384 ECDHE-RSA-AES128-SHA256; do
    with_s_server rsa.crt rsa.key -cipher "$suite:@SECLEVEL=0" -tls1_2
    assert_refused "$suite without -w" 'alert: handshake_failure' "$PORT" -c rsa.crt -n mx.example.test
    assert_talks "$suite with -w" "$PORT" -w -c rsa.crt -n mx.example.test
  done
}

testOldVersions() {
  with_s_server mx.crt mx.key -tls1 -cipher ALL:@SECLEVEL=0
  assert_refused 'TLS 1.0' 'no protocol version in common' "$PORT" -aw
  assert_talks 'TLS 1.0 with -m' "$PORT" -a -m 1.0
  assertEquals TLSv1 "$(fact SSL_PROTOCOL | cut -d . -f 1)"
}

testTls13Alone() {
  with_s_server mx.crt mx.key -tls1_3
  assert_refused 'TLS 1.3 alone' 'protocol_version' "$PORT" -a
}

testGnutls() {
  needs_program gnutls-serv || return 0
  PORT=$(free_port)
  start_server gnutls-serv --port "$PORT" --echo --x509certfile chain.crt --x509keyfile mx.key
  assert_talks 'GnuTLS' "$PORT" -c root.crt -n mx.example.test
}

testOurCertificate() {
  cat self.crt self.key >self.pem
  with_s_server mx.crt mx.key -Verify 1 -CAfile self.crt -verify_return_error -tls1_2
  assert_talks 'a server that wants to know us' "$PORT" -a -k self.pem
  talk "$PORT" -a
  assertNotEquals 'and will not talk to strangers' hello "$(fact line)"
}

# ---- UCSPI-TLS ----

# The program's side of it: STARTTLS, then TLS, then a line there and back.
delayed='
import os, socket, sys
control, plain = socket.socket(fileno=int(os.environ["SSLCTLFD"])), int(os.environ["SSLREADFD"])
bare = os.fdopen(6, "rb", 0)
print(bare.readline())
os.write(7, b"STARTTLS\r\n")
print(bare.readline())
control.sendall(b"Y")
facts = b""
while not facts.endswith(b"\0\0") and (more := control.recv(4096)):
    facts += more
print(*sorted(facts.split(b"\0")), sep="\n")
os.write(int(os.environ["SSLWRITEFD"]), b"hello\n")
print(os.read(plain, 100))
'

testDelayed() {
  timeout 120 python3 "$HERE/_connect.py" client "$(port_of starttls)" tls-connect -u -c root.crt \
    -n mx.example.test python3 -c "$delayed" >out 2>log
  assertEquals "$(cat log)" 0 $?
  assertContains "$(cat out)" 220
  assertContains "$(cat out)" SSL_VERIFIED=ca
  assertContains "$(cat out)" SSL_PROTOCOL=TLSv1.2
  assertContains "$(cat out)" "b'hello"
}

testDelayedAndRefused() {
  timeout 120 python3 "$HERE/_connect.py" client "$(port_of starttls)" tls-connect -u -c self.crt \
    -n mx.example.test python3 -c "$delayed" >out 2>log
  assertNotContains "$(cat out)" SSL_VERIFIED
  assertNotContains "$(cat out)" hello
  assertContains "$(cat log)" 'certificate: issuer unknown'
}

testNotAskedFor() {
  timeout 120 python3 "$HERE/_connect.py" client "$(port_of plain)" tls-connect -u -a \
    sh -c 'read -r line <&6 && echo "$line"' >out 2>log
  assertContains "$(cat out)" '220 mx.example.test ESMTP'
  assertEquals '' "$(cat log)"
}

# ---- bytes and their end ----

testBothWays() {
  timeout 120 python3 "$HERE/_connect.py" client "$(port_of bulk)" tls-connect -a sh -c '
    head -c 3000000 /dev/zero >&7 & head -c 3000000 <&6 | sha256sum; wait' >out 2>log
  assertContains 'all came' "$(cat out)" "$(head -c 3000000 /dev/zero | sha256sum)"
}

testAPoliteEnd() {
  timeout 120 python3 "$HERE/_connect.py" client "$(port_of echo)" tls-connect -a \
    sh -c 'echo quit >&7; cat <&6' >out 2>log
  assertEquals quit "$(cat out)"
  assertNotContains "$(cat log)" close_notify
}

testACutIsTold() {
  timeout 120 python3 "$HERE/_connect.py" client "$(port_of cut)" tls-connect -a \
    sh -c 'cat <&6; echo; echo end' >out 2>log
  assertContains "$(cat out)" 'half a line'
  wait_until grep -q close_notify log
  assertContains "$(cat log)" 'end without close_notify'
}

testOtherDescriptors() {
  timeout 120 python3 "$HERE/_connect.py" client "$(port_of echo)" sh -c '
    exec tls-connect -6 0 -7 1 -a sh -c "echo hello; read -r line; echo \"\$line\" >&2" <&6 >&7 6<&- 7>&-
    ' >out 2>log
  assertContains "$(cat log)" hello
}

# ---- the hostile and the slow ----

testServersWithoutTls() {
  any=-a
  assert_refused 'closes at once' 'reason=' "$(port_of close)" $any
  assert_refused 'closes after the hello' 'the server has gone' "$(port_of close_later)" $any
  assert_refused 'SMTP' 'not TLS' "$(port_of plain)" $any
  assert_refused 'garbage' 'reason=' "$(port_of garbage)" $any
  assert_refused 'an alert' 'alert_received=handshake_failure' "$(port_of refusal)" $any
}

testHandshakesThatBreakOff() {
  for i in 1 2 3 4 5 6 7 8 9 10; do
    assert_refused "half a handshake, $i" 'reason=' "$(port_of half)" -a
  done
}

assert_times_out() { # TITLE PORT
  timeout 120 python3 "$HERE/_connect.py" client "$2" tls-connect -t 1 -a echo there >out 2>log
  assertEquals "$1" 99 $?
  assertContains "$1" "$(cat log)" 'timed out'
  assertEquals "$1" '' "$(cat out)"
}

testTooSlow() {
  assert_times_out 'says nothing' "$(port_of silent)"
  assert_times_out 'a byte at a time' "$(port_of slow)"
  assert_times_out 'messages without end' "$(port_of endless)"
  assert_times_out 'warnings without end' "$(port_of warnings)"
}

# ---- usage ----

assert_usage() { # TEXT OPTIONS...
  text=$1
  shift
  tls-connect "$@" true 6</dev/null 7>/dev/null 2>log
  assertEquals "$*" 100 $?
  assertContains "$*" "$(cat log)" "$text"
}

testWrongUsage() {
  assert_usage 'who is the server'
  assert_usage 'who is the server' -p "2 1 1 $(key_hash root.crt)"
  assert_usage 'not a pin' -p '3 1 1 00'
  assert_usage 'neither a name nor an address' -n 'mx example'
  assert_usage 'bad version' -m 1.3
  assert_usage 'bad number for -t: 0' -t 0
  assert_usage 'bad number for -T: 86401' -T 86401
  assert_usage 'usage' -k a -K b -a
  tls-connect -a true 6<&- 2>log
  assertEquals 111 $?
  tls-connect -c /nonexistent -n mx.example.test true 6</dev/null 7>/dev/null 2>log
  assertEquals 111 $?
  assertContains "$(cat log)" 'No such file'
}

# shellcheck source=/dev/null
. shunit2
