#!/bin/sh
# Logins with everything real: sasl-auth, a users file, and clients that others wrote.
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/_chain.sh
. "$(dirname "$0")/../_chain.sh"

oneTimeSetUp() {
  make_chain || exit 1
  echo yes >"$CHAINMAIL_CONF/auth-clear-text"
  echo 'SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN' >"$CHAINMAIL_CONF/auth-mechanisms"
  echo 0 >"$CHAINMAIL_CONF/auth-delay"
  echo 'right one' | user-add -1 -P -p 0 -s 'box@example.test' alice 2>>"$CHAIN/users.log" || exit 1
  start_program auth.log tcp-accept -n 3 "unix:$CHAINMAIL_RUN/auth" \
    sasl-auth checkpassword-file sasl-ok || exit 1
  AUTH_PID=$STARTED
  CHAIN_FRONT='smtp-front -S -P -Q' start_smtp || exit 1
}

oneTimeTearDown() {
  end_process "$AUTH_PID"
  stop_chain
}

# with_swaks MECHANISM PASSWORD SENDER: says what the server answered last before QUIT
with_swaks() {
  timeout 60 swaks --server 127.0.0.1 --port "$SMTP_PORT" --from "$3" --to bob@elsewhere.example \
    --auth "$1" --auth-user alice --auth-password "$2" --helo client.example >"$CHAIN/swaks.log" 2>&1
  sed -n 's/^<[-*]* *//p' "$CHAIN/swaks.log" | grep -v '^221 ' | tail -n 1
}

with_gsasl() {
  timeout 60 gsasl --smtp --no-starttls --mechanism "$1" --authentication-id alice --password "$2" \
    127.0.0.1 "$SMTP_PORT" </dev/null >"$CHAIN/gsasl.log" 2>&1
  grep -E '^[245]35 ' "$CHAIN/gsasl.log"
}

assertBegins() {
  case $2 in "$1"*) assertTrue 0 ;; *) fail "wanted $1, got $2" ;; esac
}

test_swaks() {
  for mechanism in PLAIN LOGIN CRAM-MD5; do
    assertBegins '250 2.0.0 queued as ' "$(with_swaks "$mechanism" 'right one' box@example.test)"
    assertBegins '535 5.7.8 ' "$(with_swaks "$mechanism" 'wrong one' box@example.test)"
    assertBegins '550 5.7.1 ' "$(with_swaks "$mechanism" 'right one' alice@mx.example.test)"
  done
}

test_gsasl() {
  for mechanism in PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256; do
    assertBegins '235 2.7.0 ' "$(with_gsasl "$mechanism" 'right one')"
    assertBegins '535 5.7.8 ' "$(with_gsasl "$mechanism" 'wrong one')"
  done
}

test_what_is_told_of_it() {
  id=$(with_swaks PLAIN 'right one' box@example.test)
  id=${id##* }
  entry=$(find "$CHAINMAIL_QUEUE/new" -type f -name "$id*")
  trace=$(head -n 5 "$entry" | tr -s '\n\t' '  ')
  assertBegins 'Received: from unknown (Authenticated sender: alice) by mx.example.test with ESMTPA id' \
    "$trace"
  session=$(sed -n "s/.*\(session=[^ ]*\) event=message id=$id .*/\1/p" "$CHAIN/smtp.log")
  assertTrue 'the log tells whose it is' \
    "grep -q '$session event=auth method=PLAIN user=alice verdict=235' '$CHAIN/smtp.log'"
}

test_passwords_are_in_no_file() {
  for password in 'right one' 'wrong one'; do
    for said in "$password" "$(printf '\0alice\0%s' "$password" | base64)" \
      "$(printf %s "$password" | base64)"; do
      assertEquals "$said" '' \
        "$(grep -rlF -e "$said" "$CHAIN" | grep -v -e /swaks.log -e /conf/users)"
    done
  done
}

# shellcheck source=/dev/null
. shunit2
