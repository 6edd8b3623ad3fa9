#!/bin/sh
# A failed login takes as long for a user who does not exist as for one who does; and what a login costs.
# shellcheck disable=SC2329 # shunit2 calls the functions

# shellcheck source=tests/clients/_login.sh
. "$(dirname "$0")/_login.sh"

oneTimeSetUp() {
  make_submission && echo 100 >"$CHAINMAIL_CONF/auth-attempts" || exit 1
  ENGINE=tls-wrap
  serve_mail implicit
}

oneTimeTearDown() { end_submission; }

assertAlike() { # assertAlike MECHANISM ROUNDS
  export MODE ALICE
  play _login_times.py "$@"
}

test_plain() { assertAlike PLAIN 60; }
test_scram() { assertAlike SCRAM-SHA-256 100; }

# ---- cost ----------------------------------------------------------------------------------------

is_traced() { grep -q '^TracerPid:.[1-9]' "/proc/$1/status"; }

# spawns OPTION...: of a session of swaks, in all processes of the chain
spawns() {
  start_auth checkpassword-file && serve_mail implicit || return
  strace -f -qq -e trace=process -o "$CHAIN/trace" -p "$SMTP_PID" -p "$AUTH_PID" 2>/dev/null &
  tracer=$!
  wait_until is_traced "$SMTP_PID" && wait_until is_traced "$AUTH_PID"
  swaks --server "127.0.0.1:$SMTP_PORT" --tls-on-connect --helo client.example "$@" \
    >"$CHAIN/client.log" 2>&1
  stop_smtp
  stop_auth
  wait "$tracer" # which ends with those that it traces
  grep -Ec ' (vfork|fork|clone|clone3)\(' "$CHAIN/trace"
}

# A login starts sasl-auth and the checker, which becomes sasl-ok.
test_spawns() {
  is_sanitized && skip 'sanitizers have processes of their own' && return
  needs_strace || return 0
  without=$(spawns --quit-after FIRST-EHLO)
  with=$(spawns --quit-after AUTH --auth PLAIN --auth-user "$ALICE" --auth-password "$PASSWORD")
  assertContains "$(cat "$CHAIN/client.log")" '235 2.7.0 '
  assertEquals 'two more' $((without + 2)) "$with"
}

# shellcheck source=/dev/null
. shunit2
