#!/bin/sh
# Clients that others wrote deliver a message over TLS, to both engines, with STARTTLS and with TLS
# from the start. Each of them verifies the certificate.
# shellcheck disable=SC2329 # called by name

# shellcheck source=tests/tls/_tls.sh
. "$(dirname "$0")/_tls.sh"

FROM=sender@client.example
NAME=mx.example.test

# send CLIENT: with each engine and both modes, a message of some length arrives as it was sent, and
# its trace says that it came over TLS.
send() { each send_both "$1"; }

send_both() {
  for mode in starttls implicit; do
    serve "$mode" || fail "$ENGINE does not start"
    deliver "$1" "$1-$ENGINE-$mode"
  done
}

deliver() {
  box=$2
  make_message >"$CHAIN/message"
  "$1" "$box@example.test" >"$CHAIN/client.log" 2>&1
  assertTrue "$ENGINE $mode $1: $(tail -n 5 "$CHAIN/client.log")" $?
  found=$(deliveries "$box") || return
  assertEquals "$ENGINE $mode $1: what came" "$(cat "$CHAIN/message")" \
    "$(sed '1,/^Subject: /{/^Subject: /!d;}' "$found")"
  assertContains "$ENGINE $mode $1: its trace" "$(tr '\n\t' '  ' <"$found" | tr -s ' ')" \
    'with ESMTPS id'
}

# More than one record holds, and a line that a transparent client doubles the dot of.
make_message() {
  printf 'Subject: over TLS\n\n.a dot\n'
  seq 1 8000
}

with_curl() {
  scheme=smtp
  [ "$mode" = starttls ] || scheme=smtps
  curl --silent --show-error --crlf --ssl-reqd --cacert "$TRUSTED" --mail-from "$FROM" \
    --resolve "$NAME:$SMTP_PORT:127.0.0.1" --upload-file "$CHAIN/message" --mail-rcpt "$1" \
    "$scheme://$NAME:$SMTP_PORT/client.example"
}

# Without fix-ups of its own, swaks sends a file as it is.
with_swaks() {
  sed 's/^\./../; s/$/\r/' "$CHAIN/message" >"$CHAIN/message.wire"
  printf '.' >>"$CHAIN/message.wire"
  option=--tls
  [ "$mode" = starttls ] || option=--tls-on-connect
  swaks --silent 1 --server "127.0.0.1:$SMTP_PORT" $option --tls-verify --tls-ca-path "$TRUSTED" \
    --tls-sni "$NAME" --helo client.example --from "$FROM" --no-data-fixup \
    --data "@$CHAIN/message.wire" --to "$1"
}

with_smtplib() {
  "$HERE/_smtplib.py" "$SMTP_PORT" "$mode" "$TRUSTED" "$FROM" "$1" <"$CHAIN/message"
}

with_msmtp() {
  starttls=on
  [ "$mode" = starttls ] || starttls=off
  msmtp --file=/dev/null --host=127.0.0.1 --port="$SMTP_PORT" --domain=client.example \
    --tls=on --tls-starttls=$starttls --tls-trust-file="$TRUSTED" --tls-host-override="$NAME" \
    --from="$FROM" -- "$1" <"$CHAIN/message"
}

with_nodemailer() {
  NODE_PATH=$PEERS/nodemailer/node_modules node "$HERE/_nodemailer.js" "$SMTP_PORT" "$mode" \
    "$TRUSTED" "$FROM" "$1" <"$CHAIN/message"
}

test_curl() { ! needs_program curl || send with_curl; }
test_swaks() { ! needs_program swaks || send with_swaks; }
test_smtplib() { send with_smtplib; }
test_msmtp() { ! needs_program msmtp || send with_msmtp; }

test_nodemailer() {
  needs_program node && needs_peer nodemailer node_modules || return 0
  send with_nodemailer
}

# ---- GnuTLS: no client of mail, but an implementation of its own ---------------------------------

# gnutls [PRIORITY [OPTION...]]
gnutls() {
  priority=NORMAL${1:+:$1}
  [ $# -eq 0 ] || shift
  option=--starttls-proto=smtp
  [ "$mode" = starttls ] || option=--crlf
  SAID=$(printf 'QUIT\r\n' | timeout "$PATIENCE" gnutls-cli --logfile=/dev/stdout --x509cafile "$TRUSTED" \
    --verify-hostname="$NAME" --sni-hostname="$NAME" $option --priority "$priority" \
    --port "$SMTP_PORT" "$@" 127.0.0.1 2>&1)
  assertTrue "$ENGINE $mode $priority: $SAID" $?
}

gnutls_agrees() {
  wanted=$1
  shift
  gnutls "$@"
  assertContains "$ENGINE $mode $*" "$SAID" "$wanted"
}

# The second handshake is a resumed one.
gnutls_resumes() {
  gnutls "$1" --resume --waitresumption
  assertContains "$ENGINE $mode resumption $1" "$SAID" 'This is a resumed session'
}

with_gnutls() {
  for mode in starttls implicit; do
    serve "$mode" || fail "$ENGINE does not start"
    gnutls_agrees '(TLS1.2-' -VERS-ALL:+VERS-TLS1.2
    gnutls_agrees 'ECDHE-SECP384R1' -GROUP-ALL:+GROUP-SECP384R1
    [ "$ENGINE" != tls-wrap-openssl ] || gnutls_agrees '(TLS1.3-' -VERS-ALL:+VERS-TLS1.3
  done
  gnutls_resumes -VERS-ALL:+VERS-TLS1.2
  [ "$ENGINE" != tls-wrap-openssl ] || gnutls_resumes -VERS-ALL:+VERS-TLS1.3
}

test_gnutls() { ! needs_program gnutls-cli || each with_gnutls; }

# shellcheck source=/dev/null
. shunit2
