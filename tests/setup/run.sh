#!/bin/sh
# make run: from a checkout to mail in a Maildir, and nothing left after Ctrl-C.

. "$(dirname "$0")/../_chain.sh"

oneTimeSetUp() {
  HOST=$(mktemp -d "${TMPDIR:-/tmp}/run.XXXXXX")
  # shellcheck disable=SC2046 # words are wanted
  set -- $(free_port 3)
  export RUN="$HOST/state" START_TIMEOUT="$PATIENCE" SMTP_PORT="$1" SUBMISSION_PORT="$2" SUBMISSIONS_PORT="$3"
}

oneTimeTearDown() {
  [ -z "${HOST_PID:-}" ] || end_process "$HOST_PID"
  [ ! -d "${HOST:-}" ] || rm -rf "$HOST"
}

# A background job of sh ignores SIGINT, and could not get it back.
with_ctrl_c='import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])'

start_host() {
  : >"$HOST/output" # what the last one said is not this one's
  python3 -c "$with_ctrl_c" "$TOP/scripts/run.sh" >"$HOST/output" 2>&1 </dev/null &
  HOST_PID=$!
  wait_until grep -q 'Ctrl-C stops' "$HOST/output" || cat "$HOST/output"
}

mails() { find "$RUN/mail/$1/new" -type f 2>/dev/null; }
has_mail() { [ -n "$(mails "$1")" ]; }

# Processes, besides this suite's own, that have the folder in their command lines.
left_over() { pgrep -af "$RUN" | grep -v -e pgrep -e grep; }

test_first_message_and_another() {
  start_host
  first=$(sed -n 's/.*the first message lies in //p' "$HOST/output")
  assertTrue 'the first message lies where it is said to' "[ -f '$first' ]"
  assertEquals 1 "$(grep -c '^Subject: The first message' "$first")"
  command=$(sed -n 's/^  \(swaks .*anyone.*\)/\1/p' "$HOST/output")
  assertNotNull 'a line to paste' "$command"
  # shellcheck disable=SC2086 # the words of a command
  $command --from me@example.test >"$HOST/swaks" 2>&1 || cat "$HOST/swaks"
  assertTrue 'the pasted line delivers' 'wait_until has_mail example.test/anyone'
  swaks --server "127.0.0.1:$SMTP_PORT" --from me@example.test --to some.one@localhost \
    >"$HOST/swaks" 2>&1 || cat "$HOST/swaks"
  assertTrue 'localhost is welcome too' 'wait_until has_mail localhost/some.one'
}

test_lines_to_paste_log_in() {
  sed -n 's/^  \(swaks .*--auth-password .*\)/\1/p' "$HOST/output" >"$HOST/lines"
  assertEquals 'after STARTTLS, and over TLS' 2 "$(wc -l <"$HOST/lines")"
  assertTrue 'the password may stand on any command line' "grep -Eqx '[0-9a-z]{16,}' '$RUN/password'"
  while read -r line; do
    # shellcheck disable=SC2086 # the words of a command
    output=$($line 2>&1 </dev/null)
    assertEquals "$output" 0 $?
    assertContains "$output" '235 2.7.0'
    # shellcheck disable=SC2086 # the words of a command
    output=$($line --auth-password wrong 2>&1 </dev/null)
    assertNotEquals "$output" 0 $?
  done <"$HOST/lines"
}

count_mails() { [ "$(mails "$1" | wc -l)" -eq "$2" ]; }

test_extension_and_postmaster() {
  before=$(mails example.test/you | wc -l)
  swaks --server "127.0.0.1:$SMTP_PORT" --from me@example.test \
    --to alice+work@example.test,postmaster,Postmaster@localhost >"$HOST/swaks" 2>&1 ||
    cat "$HOST/swaks"
  assertTrue 'with an extension she is who she is' 'wait_until count_mails example.test/alice 1'
  # One Maildir, and a copy for each of the two recipients.
  assertTrue 'the postmaster reads it' "wait_until count_mails example.test/you $((before + 2))"
}

test_one_at_a_time_in_one_place() {
  assertContains "$("$TOP/scripts/run.sh" 2>&1)" 'already running'
}

test_stops_whole_with_open_sessions_then_starts_again() {
  socat -u "TCP:127.0.0.1:$SMTP_PORT" "CREATE:$HOST/greeting" & session=$!
  wait_until grep -qs '^220 ' "$HOST/greeting"
  kill -INT "$HOST_PID"
  assertTrue 'ends in time' 'wait_until has_ended "$HOST_PID"'
  wait "$HOST_PID"
  assertEquals 'as Ctrl-C does' 130 $?
  HOST_PID=
  wait "$session"
  assertEquals 'nothing is left' '' "$(left_over)"
  rm -r "$RUN/mail/example.test"
  start_host
  assertTrue 'a second start delivers into the same state' 'has_mail example.test/you'
  kill -INT "$HOST_PID"
  wait "$HOST_PID"
  HOST_PID=
  assertEquals 'nothing is left' '' "$(left_over)"
}

test_a_port_in_use_is_told() {
  socat "TCP-LISTEN:$SMTP_PORT,bind=127.0.0.1,fork,reuseaddr" SYSTEM:: 2>/dev/null & other=$!
  wait_until listens "$SMTP_PORT"
  output=$(START_TIMEOUT=8 timeout $((3 * PATIENCE)) "$TOP/scripts/run.sh" 2>&1)
  assertEquals 1 $?
  assertContains "$output" "127.0.0.1 port $SMTP_PORT"
  assertContains "$output" 'not ready'
  assertEquals 'nothing is left' '' "$(left_over)"
  end_process "$other"
}

. shunit2
