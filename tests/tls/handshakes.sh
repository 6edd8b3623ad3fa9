#!/bin/sh
# What is agreed on in a handshake, with both engines and openssl s_client: versions, suites, groups,
# certificates, sessions.

# shellcheck disable=SC2086 # $starttls is words, or none

# shellcheck source=tests/tls/_tls.sh
. "$(dirname "$0")/_tls.sh"

# ---- what the client says -----------------------------------------------------------------------

# shake [OPTION...]: a handshake and a polite end; what s_client tells is in SAID. What the client
# can check must be right.
shake() {
  SAID=$(timeout "$PATIENCE" openssl s_client -connect "127.0.0.1:$SMTP_PORT" $starttls -brief \
    -verify_return_error -CAfile "$TRUSTED" "$@" 2>&1 </dev/null)
}

# agrees TEXT [OPTION...]: the handshake is done, and s_client tells this of it.
agrees() {
  wanted=$1
  shift
  shake "$@"
  assertTrue "$ENGINE $mode $*: fails: $SAID" $?
  assertContains "$ENGINE $mode $*" "$SAID" "$wanted"
}

refuses() { # refuses TEXT [OPTION...]
  wanted=$1
  shift
  shake "$@" && fail "$ENGINE $mode $*: not refused: $SAID"
  assertContains "$ENGINE $mode $*" "$SAID" "$wanted"
}

# mark_log, then told REGEX: the log has said it since.
told() { # told REGEX: by the log
  wait_until tail_has "$1" || fail "$ENGINE: not in the log: $1: $(tail -n 3 "$CHAIN/smtp.log")"
}
tail_has() { tail -n "+$((seen + 1))" "$CHAIN/smtp.log" | grep -q "$1"; }
mark_log() { seen=$(wc -l <"$CHAIN/smtp.log"); }

has_1_3() { [ "$ENGINE" = tls-wrap-openssl ]; }

# in_both COMMAND...: with STARTTLS and with TLS from the start, and both engines
in_both() {
  for mode in starttls implicit; do
    starttls=
    [ "$mode" = implicit ] || starttls='-starttls smtp'
    serve "$mode" && "$@"
  done
}

# with OPTIONS COMMAND...: TLS from the start, the engine with these options
with() {
  mode=implicit
  starttls=
  serve implicit $1 || fail "$ENGINE does not start"
  shift
  "$@"
}

test_without_openssl() {
  case $ENGINES in *openssl) ;; *) skip 'no OpenSSL, no tls-wrap-openssl' ;; esac
}

# ---- versions -----------------------------------------------------------------------------------

OLD='-cipher ALL:@SECLEVEL=0'

versions() {
  agrees 'Protocol version: TLSv1.2' -tls1_2
  if has_1_3; then
    agrees 'Protocol version: TLSv1.3' -tls1_3
    agrees 'Protocol version: TLSv1.3'
  else
    refuses alert -tls1_3
    agrees 'Protocol version: TLSv1.2'
  fi
  for old in -tls1 -tls1_1; do
    mark_log
    refuses error $old $OLD
    told 'verdict=failed reason="no version in common" alert_sent=protocol_version'
  done
}

only_1_2() { has_1_3 && refuses 'alert protocol version' -tls1_3; agrees TLSv1.2; }
only_1_3() { refuses 'alert protocol version' -tls1_2; agrees TLSv1.3; }
bounds() {
  with '-M 1.2' only_1_2
  ! has_1_3 || with '-m 1.3' only_1_3
}

test_versions() { each in_both versions; }
test_bounds() { each bounds; }

# ---- suites and groups --------------------------------------------------------------------------

SUITES='ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384
ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305'
SUITES_1_3='TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256'
# Without forward secrecy, without AEAD, without a certificate; with finite-field groups.
REFUSED='AES128-GCM-SHA256 AES256-SHA ECDHE-RSA-AES128-SHA256 ECDHE-ECDSA-AES256-SHA
DHE-RSA-AES128-GCM-SHA256 AECDH-AES128-SHA NULL-SHA256'

suites() {
  for suite in $SUITES; do
    agrees "Ciphersuite: $suite" -tls1_2 -cipher "$suite"
  done
  for suite in $REFUSED; do
    refuses 'alert handshake failure' -tls1_2 -cipher "$suite:@SECLEVEL=0"
  done
  has_1_3 || return 0
  for suite in $SUITES_1_3; do
    agrees "Ciphersuite: $suite" -tls1_3 -ciphersuites "$suite"
  done
}

one_suite() {
  agrees 'Ciphersuite: ECDHE-RSA-AES256-GCM-SHA384'
  refuses 'alert handshake failure' -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256
}

groups() {
  agrees 'Temp Key: X25519'
  agrees 'Temp Key: ECDH, prime256v1' -groups P-256
  agrees 'Temp Key: ECDH, secp384r1' -groups P-384:P-521
  agrees 'Temp Key: X25519' -groups P-521:P-384:X25519
  refuses 'alert handshake failure' -groups P-521
}

chosen_suites() { with '-s TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384' one_suite; }

test_suites() { each with '' suites; }
test_chosen_suites() { each chosen_suites; }
test_groups() { each in_both groups; }

# ---- certificates -------------------------------------------------------------------------------

abilities() {
  agrees 'Signature type: ECDSA'
  agrees 'Signature type: ECDSA' -tls1_2
  agrees 'Signature type: RSA' -tls1_2 -sigalgs RSA+SHA256
  agrees 'Signature type: ECDSA' -sigalgs ECDSA+SHA256
  ! has_1_3 || agrees 'Signature type: RSA-PSS' -sigalgs rsa_pss_rsae_sha512:rsa_pss_rsae_sha384
  refuses 'alert handshake failure' -sigalgs ed25519
}

names() {
  agrees 'CN = mx.example.test' -servername mx.example.test
  agrees 'CN = other.example.test' -servername other.example.test
  agrees 'CN = other.example.test' -servername OTHER.Example.test
  agrees 'CN = *.wild.example.test' -servername a.wild.example.test
  agrees 'CN = mx.example.test' -servername a.b.wild.example.test
  agrees 'CN = mx.example.test' -servername wild.example.test
  agrees 'CN = mx.example.test' -servername stranger.example
  agrees 'CN = mx.example.test' -servername '../other'
  agrees 'CN = mx.example.test' -noservername
}

strict_names() {
  agrees 'CN = other.example.test' -servername other.example.test
  agrees 'CN = mx.example.test' -noservername
  refuses 'unrecognized name' -servername stranger.example
}

test_key_by_ability() { each with '' abilities; }
test_names() { each in_both names; }
test_strict_names() { each with -S strict_names; }

# ---- sessions -----------------------------------------------------------------------------------

# session WORD [OPTION...]: New or Reused. Behind QUIT the server closes, when it has said all.
session() {
  word=$1
  shift
  SAID=$(printf 'QUIT\r\n' | timeout "$PATIENCE" openssl s_client -connect "127.0.0.1:$SMTP_PORT" $starttls \
    -ign_eof -CAfile "$TRUSTED" "$@" 2>&1)
  assertContains "$ENGINE $mode $*" "$SAID" "$word, TLSv1."
  assertContains "$ENGINE $mode $*" "$SAID" '221 2.0.0'
}

# Each resumption of TLS 1.3 gives a new session; one of 1.2 may be used again.
sessions_of() {
  kept=$CHAIN/session$1
  rm -f "$kept"
  session New "$1" -servername mx.example.test -sess_out "$kept"
  session Reused "$1" -servername mx.example.test -sess_in "$kept"
  session Reused "$1" -servername mx.example.test -sess_in "$kept" -sess_out "$kept"
  session Reused "$1" -servername mx.example.test -sess_in "$kept"
  session New "$1" -servername other.example.test -sess_in "$kept"
  session New "$1" -noservername -sess_in "$kept"
}

sessions() {
  sessions_of -tls1_2
  ! has_1_3 || sessions_of -tls1_3
}

# One that was made without a certificate, or with other suites, does not get around the new rule.
stale_session() {
  with '' session New "$1" -sess_out "$CHAIN/stale"
  with "-c $CHAIN/users.crt" session New "$1" -sess_in "$CHAIN/stale"
  with '' session Reused "$1" -sess_in "$CHAIN/stale"
  with "-c $CHAIN/users.crt" session New "$1" -sess_out "$CHAIN/stale"
  with "-c $CHAIN/impostors.crt" session New "$1" -sess_in "$CHAIN/stale"
  with "-c $CHAIN/users.crt" session Reused "$1" -sess_in "$CHAIN/stale"
}

stale_sessions() {
  stale_session -tls1_2
  ! has_1_3 || stale_session -tls1_3
}

test_sessions() { each in_both sessions; }
test_sessions_of_other_rules() { make_users && each stale_sessions; }

# ---- renegotiation ------------------------------------------------------------------------------

# A line R has s_client ask for it: not before it has shown the server's greeting, as to s_client what
# the server sent meanwhile is a record out of place.
renegotiation() {
  rm -f "$CHAIN/keyboard" "$CHAIN/said"
  mkfifo "$CHAIN/keyboard"
  exec 9<>"$CHAIN/keyboard"
  timeout "$PATIENCE" openssl s_client -connect "127.0.0.1:$SMTP_PORT" $starttls -tls1_2 \
    -CAfile "$TRUSTED" <"$CHAIN/keyboard" >"$CHAIN/said" 2>&1 9>&- &
  client=$!
  wait_until grep -qs '^2[25]0 ' "$CHAIN/said"
  echo R >&9
  wait "$client"
  assertNotEquals "$ENGINE $mode: s_client waits" 124 $?
  exec 9>&-
  SAID=$(cat "$CHAIN/said")
  assertContains "$ENGINE $mode: $SAID" "$SAID" 'no renegotiation'
  assertContains "$ENGINE $mode" "$SAID" 'Secure Renegotiation IS supported'
}

test_renegotiation_is_refused() { each in_both renegotiation; }

# ---- clients' certificates ----------------------------------------------------------------------

# issue NAME AUTHORITY [PURPOSE [DAYS]]
issue() {
  printf '%s' "${3:+extendedKeyUsage=$3}" >"$CHAIN/$1.ext"
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
    -keyout "$CHAIN/$1.key" -out "$CHAIN/$1.csr" 2>"$CHAIN/openssl.log" &&
    openssl x509 -req -in "$CHAIN/$1.csr" -CA "$CHAIN/$2.crt" -CAkey "$CHAIN/$2.key" -days "${4:-2}" \
      -extfile "$CHAIN/$1.ext" -out "$CHAIN/$1.crt" 2>"$CHAIN/openssl.log"
}

make_authority() { # make_authority NAME [WHOSE]
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj "/CN=authority of ${2:-$1}" -keyout "$CHAIN/$1.key" -out "$CHAIN/$1.crt" 2>"$CHAIN/openssl.log"
}

make_users() {
  [ ! -e "$CHAIN/users.crt" ] || return 0
  make_authority users && make_authority others && make_authority impostors users && issue alice users && issue mallory others &&
    issue client users clientAuth && issue server users serverAuth &&
    issue late users clientAuth -1
}

hash_of() {
  openssl x509 -in "$CHAIN/$1.crt" -outform DER | sha256sum | cut -d ' ' -f 1
}

served_as() { # served_as USER REGEX [OPTION...]
  mark_log
  user=$1
  facts=$2
  shift 2
  agrees 'Protocol version' -cert "$CHAIN/$user.crt" -key "$CHAIN/$user.key" "$@"
  told "event=handshake version=.*$facts"
}

wanted() {
  agrees 'Protocol version' "$1"
  served_as alice "client=SHA256:$(hash_of alice)" "$1"
  served_as mallory 'resumed=no ms=' "$1"
  served_as client "client=SHA256:$(hash_of client)" "$1"
  served_as server 'resumed=no ms=' "$1"
  served_as late 'resumed=no ms=' "$1"
}

# resumed_as USER REGEX OPTION: what was not verified is not when it is resumed, either.
resumed_as() {
  session New "$3" -cert "$CHAIN/$1.crt" -key "$CHAIN/$1.key" -sess_out "$CHAIN/$1.session"
  mark_log
  session Reused "$3" -sess_in "$CHAIN/$1.session"
  told "event=handshake version=.*resumed=yes$2 ms="
}

resumed() {
  resumed_as alice " client=SHA256:$(hash_of alice)" "$1"
  resumed_as mallory '' "$1"
}

# In TLS 1.3 a client has done its part when it is refused.
refused_as() {
  mark_log
  SAID=$(printf 'QUIT\r\n' | timeout "$PATIENCE" openssl s_client -connect "127.0.0.1:$SMTP_PORT" -ign_eof \
    -CAfile "$TRUSTED" "$@" 2>&1)
  assertNotContains "$ENGINE: $*" "$SAID" '220 mx'
  told 'event=handshake verdict=failed'
}

required() {
  refused_as "$1"
  served_as alice "client=SHA256:$(hash_of alice)" "$1"
  refused_as "$1" -cert "$CHAIN/mallory.crt" -key "$CHAIN/mallory.key"
  refused_as "$1" -cert "$CHAIN/server.crt" -key "$CHAIN/server.key"
  refused_as "$1" -cert "$CHAIN/late.crt" -key "$CHAIN/late.key"
}

client_certificates() {
  with "-c $CHAIN/users.crt" wanted -tls1_2
  resumed -tls1_2
  with "-C $CHAIN/users.crt" required -tls1_2
  has_1_3 || return 0
  with "-c $CHAIN/users.crt" wanted -tls1_3
  resumed -tls1_3
  with "-C $CHAIN/users.crt" required -tls1_3
}

test_client_certificates() { make_users && each client_certificates; }

# shellcheck source=/dev/null
. shunit2
