#!/bin/sh
# checkpassword-dovecot: with a real Dovecot, unpacked under build/peers and run from there on sockets
# in a folder of the test's, as the test's user; and with a service that says what Dovecot seldom does.
# shellcheck disable=SC1091 # shunit2 is found in PATH

here=$(dirname "$0")
TOP=${TOP:-$(cd "$here/../.." && pwd)}

# shellcheck source=tests/auth/_dovecot.sh
. "$here/_dovecot.sh"

oneTimeSetUp() { make_dovecot; }
oneTimeTearDown() { end_dovecot; }

setUp() {
  unset SASL_MECHANISM SASL_SERVICE SESSION_ID PROTO TCPREMOTEIP SSL_PROTOCOL
}

needs_dovecot() { [ -n "$DOVECOT_PID" ] || ! skip 'there is no Dovecot'; }

SOCKET=

check() { # check LOGIN PASSWORD PROGRAM...
  printf '%s\0%s\0\0' "$1" "$2" >"$DOVECOT/credentials"
  shift 2
  checkpassword-dovecot -f "${SOCKET:-$DOVECOT/run/auth-client}" "$@" 3<"$DOVECOT/credentials"
}

assertLogin() { # assertLogin CODE LOGIN PASSWORD
  check "$2" "$3" true 2>"$DOVECOT/errors"
  assertEquals "$2 with $3: $(cat "$DOVECOT/errors")" "$1" $?
}

# ---- Dovecot ----

testWhoGetsIn() {
  needs_dovecot || return 0
  assertLogin 0 alice secret
  assertLogin 0 bob@example.test secret
  assertLogin 1 alice Secret
  assertLogin 1 nobody secret
  assertLogin 1 alice ''
  assertLogin 1 carol secret
}

testTheNameIsDovecots() {
  needs_dovecot || return 0
  assertEquals 'david - /bin/false - -' "$(HOME=/x UID=1 AUTH_SENDERS='*' check dave secret python3 -c '
import os
print(*(os.environ.get(name, "-") for name in "USER HOME SHELL UID AUTH_SENDERS".split()))')"
}

testDovecotSeesTheClient() {
  needs_dovecot || return 0
  export PROTO=TCP TCPREMOTEIP=192.0.2.7 TCPREMOTEPORT=1024 TCPLOCALIP=192.0.2.1 TCPLOCALPORT=587
  assertLogin 0 erin secret
  TCPREMOTEIP=198.51.100.7
  assertLogin 1 erin secret
}

# ---- what Dovecot seldom says ----

# serve ANSWER
serve() {
  SOCKET=$DOVECOT/fake
  rm -f "$SOCKET"
  python3 "$here/_dovecot.py" "$SOCKET" "$1" >"$DOVECOT/asked" &
  SERVER=$!
  wait_until listens "$SOCKET"
}

assertAnswer() { # assertAnswer CODE ANSWER
  serve "$2"
  check alice secret true 2>"$DOVECOT/errors"
  assertEquals "$2: $(cat "$DOVECOT/errors")" "$1" $?
  wait "$SERVER"
  SOCKET=
}

testAnswers() {
  assertAnswer 0 'OK\t1\tuser=alice'
  assertAnswer 1 'FAIL\t1\tuser=alice'
  assertAnswer 1 'FAIL\t1\tuser=alice\tuser_disabled'
  assertAnswer 1 'FAIL\t1\tuser=alice\tcode=pass_expired\treason=It is\001tover'
  assertEquals 'checkpassword-dovecot: event=refuse reason="It is\x09over"' "$(cat "$DOVECOT/errors")"
  assertAnswer 111 'FAIL\t1\tuser=alice\ttemp'
  assertAnswer 111 'CONT\t1\t'
  assertAnswer 111 'OK\t2\tuser=alice'
  assertAnswer 111 'OK\t1\tuser=a\001tb'
  assertAnswer 111 'VERSION\t2\t0'
  assertAnswer 111 close
  assertAnswer 111 babble
}

testTheQuestion() {
  serve 'OK\t1\tuser=alice'
  PROTO=TCP TCPREMOTEIP=192.0.2.7 TCPREMOTEPORT=1024 TCPLOCALIP=192.0.2.1 TCPLOCALPORT=587 \
    SSL_PROTOCOL=TLSv1.3 SESSION_ID=abc SASL_SERVICE=imap check alice secret true
  wait "$SERVER"
  assertEquals "$(printf 'AUTH\t1\tPLAIN\tservice=imap\tsecured\tsession=abc\tlip=192.0.2.1\trip=192.0.2.7\tlport=587\trport=1024\tresp=%s' \
    "$(printf '\0alice\0secret' | base64)")" "$(cat "$DOVECOT/asked")"
  SOCKET=
}

testNoAnswer() {
  serve hang
  printf 'alice\0secret\0\0' >"$DOVECOT/credentials"
  checkpassword-dovecot -f "$SOCKET" -t 1 true 3<"$DOVECOT/credentials" 2>"$DOVECOT/errors"
  assertEquals 111 $?
  assertEquals 'checkpassword-dovecot: fatal: no answer in time' "$(cat "$DOVECOT/errors")"
  wait "$SERVER"
  SOCKET=
}

# ---- what is wrong ----

testNobodyIsThere() {
  SOCKET=$DOVECOT/none
  assertLogin 111 alice secret
  SOCKET=
}

testDigestsCannotBeChecked() {
  for mechanism in CRAM-MD5 APOP; do
    export SASL_MECHANISM=$mechanism
    assertLogin 111 alice secret
  done
}

testMisuse() {
  for option in '' '-x true' '-t 0 true' '-t x true'; do
    # shellcheck disable=SC2086 # words
    checkpassword-dovecot $option 3</dev/null 2>/dev/null
    assertEquals "$option" 2 $?
  done
}

. shunit2
