#!/bin/sh
# Users log in and submit mail with clients that others wrote, by every mechanism that those have, over
# both TLS engines, after STARTTLS and in TLS from the start; with a wrong password none gets in, and is
# told that it is wrong.
# timeout: 600
# shellcheck disable=SC2329 # shunit2 calls the functions

# shellcheck source=tests/clients/_login.sh
. "$(dirname "$0")/_login.sh"

oneTimeSetUp() {
  make_submission || exit 1
  printf 'From: %s\nSubject: submitted\n\nhello\n' "$ALICE" >"$CHAIN/message"
  sed 's/$/\r/' "$CHAIN/message" >"$CHAIN/message.wire"
}

oneTimeTearDown() { end_submission; }

# ---- what is expected ----------------------------------------------------------------------------

# knows CLIENT RIGHT WRONG MECHANISM...: with the right secret the client gets in by each
# of them, and with the wrong one by none. with_CLIENT MECHANISM RECIPIENT sends the message as alice,
# with what is in SECRET: a password, a token, or the name of a certificate.
knows() {
  client=$1
  right=$2
  wrong=$3
  shift 3
  for mechanism; do
    # A client that chooses by itself does so from what there is by default.
    if [ "$mechanism" = auto ]; then offer; else offer "$mechanism"; fi
    lets_in
    refuses
  done
}

# VERDICTS has what the front said of its logins, a line for each: the mechanism and the reply code.
run_client() { # run_client SECRET RECIPIENT
  export SECRET="$1"
  new_lines >/dev/null
  "with_$client" "$mechanism" "$2" >"$CHAIN/client.log" 2>&1
  CODE=$?
  VERDICTS=$(new_lines | sed -n 's/.* event=auth method=\([^ ]*\) .*verdict=\([0-9]*\).*/\1 \2/p')
  WHAT="$ENGINE $MODE $client $mechanism: $VERDICTS: $(tail -n 8 "$CHAIN/client.log")"
}

by_it() { [ "$mechanism" = auto ] || echo "$mechanism"; }

# The message arrives, and tells whose it is.
lets_in() {
  box=$(echo "$client-$mechanism-$ENGINE-$MODE" | tr '[:upper:]' '[:lower:]')
  run_client "$right" "$box@example.test"
  assertEquals "$WHAT" 0 "$CODE"
  assertContains "$WHAT" "$VERDICTS" "$(by_it) 235"
  [ "$client" != gsasl ] || return 0 # it logs in and goes
  trace=$(tr '\n\t' '  ' <"$(deliveries "$box")" | tr -s ' ')
  assertContains "$WHAT" "$trace" "(Authenticated sender: $ALICE)"
  assertContains "$WHAT" "$trace" ' with ESMTPSA id '
}

# It may try more than once, or another mechanism.
refuses() {
  run_client "$wrong" nobody@example.test
  assertNotEquals "$WHAT" 0 "$CODE"
  assertContains "$WHAT" "$VERDICTS" "$(by_it) 535"
  assertEquals "$WHAT" '' "$(echo "$VERDICTS" | grep -v ' 535$')"
}

knows_password() { # knows_password CLIENT MECHANISM...
  client=$1
  shift
  each_service knows "$client" "$PASSWORD" "$WRONG" "$@"
}

# ---- clients -------------------------------------------------------------------------------------

with_swaks() {
  option=--tls
  [ "$MODE" = starttls ] || option=--tls-on-connect
  types=$1
  [ "$1" != auto ] || types=
  swaks --server "127.0.0.1:$SMTP_PORT" $option --tls-verify --tls-ca-path "$TRUSTED" \
    --tls-sni "$NAME" --helo client.example --from "$ALICE" --to "$2" --data "@$CHAIN/message" \
    --auth ${types:+"$types"} --auth-user "$ALICE" --auth-password "$SECRET"
}

test_swaks() { ! needs_program swaks || knows_password swaks auto PLAIN LOGIN CRAM-MD5; }

with_curl() {
  recipient=$2
  case $1 in
    auto) set -- --user "$ALICE:$SECRET" ;;
    EXTERNAL)
      set -- --user "$ALICE:" --login-options "AUTH=$1" --cert "$CHAIN/$SECRET.pem" \
        --key "$CHAIN/$SECRET.key"
      ;;
    OAUTHBEARER) set -- --user "$ALICE:" --oauth2-bearer "$SECRET" ;;
    *) set -- --user "$ALICE:$SECRET" --login-options "AUTH=$1" ;;
  esac
  scheme=smtp
  [ "$MODE" = starttls ] || scheme=smtps
  curl --silent --show-error --ssl-reqd --cacert "$TRUSTED" --resolve "$NAME:$SMTP_PORT:127.0.0.1" \
    --mail-from "$ALICE" --mail-rcpt "$recipient" --upload-file "$CHAIN/message.wire" "$@" \
    "$scheme://$NAME:$SMTP_PORT/client.example"
}

# Its XOAUTH2 hangs up where a wrong token's 535 would come.
test_curl() {
  needs_program curl || return 0
  knows_password curl auto PLAIN LOGIN CRAM-MD5
  each_service knows curl "$TOKEN" wrong-token OAUTHBEARER
  each_service knows curl alice stranger EXTERNAL
}

with_msmtp() {
  method=$(echo "$1" | tr '[:upper:]' '[:lower:]')
  [ "$1" != auto ] || method=on
  recipient=$2
  case $1 in
    EXTERNAL) set -- --tls-cert-file="$CHAIN/$SECRET.pem" --tls-key-file="$CHAIN/$SECRET.key" ;;
    *) set -- ;;
  esac
  starttls=on
  [ "$MODE" = starttls ] || starttls=off
  msmtp --file=/dev/null --host=127.0.0.1 --port="$SMTP_PORT" --domain=client.example --tls=on \
    --tls-starttls=$starttls --tls-trust-file="$TRUSTED" --tls-host-override="$NAME" \
    --auth="$method" --user="$ALICE" --passwordeval='printf %s "$SECRET"' --from="$ALICE" "$@" \
    -- "$recipient" <"$CHAIN/message"
}

test_msmtp() {
  needs_program msmtp || return 0
  knows_password msmtp auto PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256
  each_service knows msmtp "$TOKEN" wrong-token OAUTHBEARER XOAUTH2
  each_service knows msmtp alice stranger EXTERNAL
}

with_nodemailer() {
  PASSWORD=$SECRET NODE_PATH=$PEERS/nodemailer/node_modules node "$HERE/_login.js" "$SMTP_PORT" \
    "$MODE" "$TRUSTED" "$1" "$ALICE" "$ALICE" "$2" <"$CHAIN/message.wire"
}

test_nodemailer() {
  needs_program node && needs_peer nodemailer node_modules || return 0
  knows_password nodemailer auto PLAIN LOGIN CRAM-MD5
  each_service knows nodemailer "$TOKEN" wrong-token XOAUTH2
}

with_smtplib() {
  PASSWORD=$SECRET CERTIFICATE=$CHAIN/$SECRET.pem KEY=$CHAIN/$SECRET.key "$HERE/_login.py" \
    "$SMTP_PORT" "$MODE" "$TRUSTED" "$1" "$ALICE" "$ALICE" "$2" <"$CHAIN/message.wire"
}

test_smtplib() {
  knows_password smtplib auto PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 SCRAM-SHA-256-PLUS
  each_service knows smtplib alice stranger EXTERNAL
}

with_mutt() {
  scheme=smtp
  [ "$MODE" = starttls ] || scheme=smtps
  authenticators=$(echo "$1" | tr '[:upper:]' '[:lower:]')
  [ "$1" != auto ] || authenticators=
  cat >"$CHAIN/muttrc" <<END
set from=$ALICE hostname=client.example copy=no
set smtp_url="$scheme://$(echo "$ALICE" | sed 's/@/%40/')@127.0.0.1:$SMTP_PORT" smtp_pass="$SECRET"
set smtp_authenticators="$authenticators"
set ssl_force_tls=yes ssl_ca_certificates_file=$TRUSTED certificate_file=$CHAIN/certificates
END
  echo hello | HOME=$CHAIN mutt -n -F "$CHAIN/muttrc" -s submitted -- "$2"
}

test_mutt() { ! needs_program mutt || knows_password mutt auto PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256; }

# It knows no TLS from the start, and of the channel bindings those that we do not have.
with_gsasl() {
  timeout 60 gsasl --smtp --no-cb --mechanism "$1" --x509-ca-file "$TRUSTED" --hostname "$NAME" \
    --authentication-id "$ALICE" --password "$SECRET" 127.0.0.1 "$SMTP_PORT" </dev/null
}

knows_gsasl() {
  MODE=starttls
  serve_mail "$MODE" || fail "$ENGINE does not start"
  knows gsasl "$PASSWORD" "$WRONG" PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256
}

test_gsasl() { ! needs_program gsasl || each knows_gsasl; }

# shellcheck source=/dev/null
. shunit2
