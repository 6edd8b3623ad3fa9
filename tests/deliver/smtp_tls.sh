#!/bin/sh
# deliver-smtp's TLS policies and logins: what goes out in the clear, what does not, and to whom.
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/deliver/_smtp.sh
. "$(dirname "$0")/_smtp.sh"

oneTimeSetUp() {
  PKI=$(mktemp -d "${TMPDIR:-/tmp}/pki.XXXXXX")
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 3650 \
    -subj '/CN=An authority' -addext basicConstraints=critical,CA:TRUE \
    -keyout "$PKI/ca.key" -out "$PKI/ca" 2>/dev/null
  certificate mx.d.example
  certificate mx.other.example
}

oneTimeTearDown() {
  [ -z "${PKI-}" ] || rm -rf "$PKI"
  PKI=
}

certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -subj "/CN=$1" \
    -keyout "$PKI/key" -out "$PKI/request" 2>/dev/null
  printf 'subjectAltName=DNS:%s\n' "$1" >"$PKI/extensions"
  openssl x509 -req -sha256 -days 3650 -in "$PKI/request" -CA "$PKI/ca" -CAkey "$PKI/ca.key" \
    -CAcreateserial -CAserial "$PKI/serial" -extfile "$PKI/extensions" -out "$PKI/certificate" 2>/dev/null
  cat "$PKI/certificate" "$PKI/key" >"$PKI/$1"
}

setUp() {
  make_folder
  cp "$PKI/ca" "$DIR/authorities"
  start_dns <<'END'
record d.example MX mx.d.example 10
record e.example MX mx.other.example 10
record beside.example MX mx.d.example 10
record mx.d.example A 127.0.0.1
record mx.other.example A 127.0.0.1
END
}
tearDown() { remove_folder; }

policy() { echo "$*" >"$DIR/policies"; }

# to_host NAME RULES... : a host that has a certificate for NAME and offers TLS
to_host() {
  host=$1
  shift
  start_server -s "$DIR/dump" -c "$PKI/$host" -o STARTTLS -o 'AUTH PLAIN' -o DSN "$@"
  deliver "${TO-r@d.example}"
  kept=$?
  end_peer
  return "$kept"
}

# What the host has seen, in a line: the steps that tell of safety.
seen() {
  grep -oE 'connect|STARTTLS|TLS TLSv[0-9.]*|AUTH PLAIN|MAIL' "$DIR/dump/commands" 2>/dev/null | xargs
  rm -f "$DIR/dump/commands"
}

KEPT='K250 2.0.0 mx.d.example[127.0.0.1] said: kept'

test_tls_where_it_is_offered() {
  assertEquals "$KEPT" "$(to_host mx.other.example starttls=tls)"
  assertEquals 'whoever it is' 'connect STARTTLS TLS TLSv1.2 MAIL' "$(seen)"
  assertContains "$(cat "$DIR/log")" 'tls=TLSv1.2 cipher=TLS_ECDHE_ECDSA_'
}

test_without_tls_where_it_fails() {
  assertEquals "$KEPT" "$(to_host mx.d.example starttls='454 4.7.0 not now')"
  assertEquals 'connect STARTTLS MAIL' "$(seen)"
  for failure in tls-garbage tls-close tls-inject close; do
    assertEquals "$failure" "$KEPT" "$(to_host mx.d.example starttls="$failure")"
    assertEquals 'a second connection' 'connect STARTTLS connect MAIL' "$(seen)"
  done
}

test_none() {
  policy 'd.example none'
  assertEquals "$KEPT" "$(to_host mx.d.example starttls=tls)"
  assertEquals 'connect MAIL' "$(seen)"
}

test_encrypt() {
  policy '.example encrypt'
  assertEquals "$KEPT" "$(to_host mx.other.example starttls=tls)"
  assertEquals 'connect STARTTLS TLS TLSv1.2 MAIL' "$(seen)"
  for failure in tls-garbage tls-close tls-inject '454 4.7.0 not now'; do
    assertContains "$failure" "$(to_host mx.d.example starttls="$failure")" \
      'Z4.7.5 mx.d.example[127.0.0.1]'
    assertNotContains 'nothing is said in the clear' "$(seen)" MAIL
  done
}

test_encrypt_is_more_than_may() {
  policy '* encrypt'
  start_server -s "$DIR/dump"
  assertContains "$(deliver r@d.example)" 'Z4.7.5 mx.d.example[127.0.0.1]'
  assertEquals 'connect' "$(seen)"
}

test_verify() {
  policy '* verify'
  assertEquals "$KEPT" "$(to_host mx.d.example starttls=tls)"
  assertContains 'another name' "$(to_host mx.other.example starttls=tls)" 'Z4.7.5 mx.d.example'
  assertNotContains "$(seen | sed 's/.*TLSv1.2//; s/MAIL//2g')" 'TLS MAIL'
  TO=r@e.example
  assertContains 'a host elsewhere, though its certificate is right' \
    "$(to_host mx.other.example starttls=tls)" 'Z4.7.5 mx.other.example'
  policy 'e.example verify .other.example'
  assertEquals 'unless it is named' 'K250 2.0.0 mx.other.example[127.0.0.1] said: kept' \
    "$(to_host mx.other.example starttls=tls)"
  unset TO
}

test_verify_needs_authorities() {
  policy '* verify'
  rm "$DIR/authorities"
  assertEquals 'Z4.7.5 there are no certificates of authorities here: No such file or directory' \
    "$(to_host mx.d.example starttls=tls)"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other \
    -keyout /dev/null -out "$DIR/authorities" 2>/dev/null
  assertContains "$(to_host mx.d.example starttls=tls)" 'Z4.7.5 mx.d.example[127.0.0.1]'
  assertEquals '' "$(seen | grep MAIL)"
}

test_pins() {
  pin=$(openssl x509 -in "$PKI/mx.d.example" -outform DER | sha256sum | cut -d ' ' -f 1)
  policy "d.example pin SHA256:$pin"
  assertEquals "$KEPT" "$(to_host mx.d.example starttls=tls)"
  seen >/dev/null
  assertContains "$(to_host mx.other.example starttls=tls)" 'Z4.7.5 mx.d.example[127.0.0.1]'
  assertEquals '' "$(seen | grep MAIL)"
}

test_implicit() {
  start_server -s "$DIR/dump" -c "$PKI/mx.d.example" -o DSN connect=tls
  policy "mx.d.example:$PORT implicit verify"
  assertEquals "$KEPT" "$(deliver "r@x=mx.d.example:$PORT")"
  assertEquals 'connect TLS TLSv1.2 MAIL' "$(seen)"
}

# ---- logins ----

# both POLICY...: what the host of two domains has seen of a message to each, one after the other
both() {
  printf '%s\n' "$@" >"$DIR/policies"
  start_server -s "$DIR/dump" -c "$PKI/mx.d.example" -o STARTTLS starttls=tls
  TOGETHER='' deliver r@d.example r@beside.example >/dev/null
  end_peer
  seen
}

test_a_connection_is_shared_where_nobody_asks_who_it_is() {
  assertEquals 'connect STARTTLS TLS TLSv1.2 MAIL MAIL' "$(both '* encrypt')"
  twice='connect STARTTLS TLS TLSv1.2 MAIL connect STARTTLS TLS TLSv1.2 MAIL'
  assertEquals 'another policy' "$twice" "$(both 'd.example encrypt')"
  assertEquals 'a verified name' "$twice" "$(both 'd.example verify' 'beside.example verify mx.d.example')"
}

logins() {
  (umask 077 && printf '%s\n' "$@" >"$DIR/logins")
}

# A smart host that is named by its port.
to_smart_host() {
  host=$1
  shift
  start_server -s "$DIR/dump" -c "$PKI/$host" -o DSN -o 'AUTH PLAIN' "$@"
  logins "mx.d.example:$PORT alice open sesame"
  [ -z "${LEVEL-}" ] || policy "mx.d.example:$PORT $LEVEL"
  deliver "r@x=mx.d.example:$PORT"
  end_peer
}

test_a_login() {
  assertEquals "$KEPT" "$(to_smart_host mx.d.example -o STARTTLS starttls=tls auth='235 2.7.0 yes')"
  assertContains "$(cat "$DIR/dump/commands")" \
    "AUTH PLAIN $(printf '\0alice\0open sesame' | base64)"
  assertEquals 'connect STARTTLS TLS TLSv1.2 AUTH PLAIN MAIL' "$(seen)"
  assertNotContains 'the log has no secret' "$(cat "$DIR/log")" sesame
}

test_a_password_goes_to_no_one_else() {
  assertContains 'another host' \
    "$(to_smart_host mx.other.example -o STARTTLS starttls=tls auth='235 2.7.0 yes')" 'Z4.7.5'
  assertContains 'without TLS' "$(to_smart_host mx.d.example auth='235 2.7.0 yes')" 'Z4.7.5'
  policy '* may'
  assertContains 'a line for all is none for this' \
    "$(to_smart_host mx.d.example auth='235 2.7.0 yes')" 'Z4.7.5'
  for LEVEL in may none; do
    assertContains "$LEVEL" \
      "$(to_smart_host mx.d.example -o STARTTLS starttls=tls-garbage auth='235 2.7.0 yes')" Z4.7
  done
  unset LEVEL
  assertNotContains "$(cat "$DIR/dump/commands")" AUTH
}

# Who submitted a message is told to a server that knows us (RFC 4954 5).
test_a_login_tells_the_submitter() {
  ENVELOPE='Fs@example.org\0Tr@x\0\0P\0AUTH=me+2Bx@example.org\0\0'
  entry "$DIR/message"
  unset ENVELOPE
  assertEquals "$KEPT" "$(to_smart_host mx.d.example -o STARTTLS starttls=tls auth='235 2.7.0 yes')"
  assertContains "$(cat "$DIR/dump/commands")" 'MAIL FROM:<s@example.org> AUTH=me+2Bx@example.org'
}

test_a_login_that_fails() {
  assertEquals 'Z4.7.8 mx.d.example[127.0.0.1]: the server refuses the login: 535 5.7.8 no' \
    "$(to_smart_host mx.d.example -o STARTTLS starttls=tls auth='535 5.7.8 no')"
  assertEquals '' "$(seen | grep MAIL)"
}

test_tables_that_are_no_good() {
  logins 'a.example alice secret'
  chmod 644 "$DIR/logins"
  deliver r@d.example >/dev/null 2>&1
  assertContains "$(cat "$DIR/log")" 'event=table path='"$DIR/logins"
  chmod 600 "$DIR/logins"
  policy 'd.example perhaps'
  : >"$DIR/log"
  deliver r@d.example >/dev/null 2>&1
  assertContains "$(cat "$DIR/log")" 'line=1 reason="the level is not'
}

test_tables_that_change() {
  start_server -s "$DIR/dump"
  entry "$DIR/message"
  assertEquals "K250
Z4.7.5
Z4.7.5" "$(timeout $((2 * PATIENCE)) python3 "$SMTP_TESTS/deliver/_smtp_reload.py" "$ENTRY" "$DIR/policies" "$PORT" \
    -- deliver-smtp -H me.example -P "$DIR/policies" -L "$DIR/logins" 2>"$DIR/log")"
  assertContains 'an error leaves them as they were' "$(cat "$DIR/log")" 'event=table'
}

. shunit2
