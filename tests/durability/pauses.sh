#!/bin/sh
# not confined: it traces programs and stops them for a while
# timeout: 800
# Processes stand still for a moment, before or after each of their system calls: nobody sleeps through
# what happens meanwhile. make check takes a sample, of half the scenes; make check-crash all, and with
# PAUSES_EVERY=N in the environment one call in N.
# check-crash: 14400
# shellcheck disable=SC2034,SC2154 # variables of and for others

# shellcheck source=tests/clients/_login.sh
. "$(dirname "$0")/../clients/_login.sh"
# shellcheck source=tests/durability/_durability.sh
. "$HERE/_durability.sh"

traced="$HERE/_traced"

oneTimeSetUp() { :; }
oneTimeTearDown() { tearDown; }
tearDown() {
  [ -z "${OTHER_PID-}" ] || end_process "$OTHER_PID"
  OTHER_PID=
  end_submission
}

# pause SCENARIO...: each with a chain of its own, where nothing runs
pause() {
  for scenario; do
    stop_chain
    make_chain && export CHAIN
    needs_disturb || return 0
    "${PREPARE:-true}" && play _pauses.py "$scenario"
  done
}

in_full() { [ -n "${CHECK_CRASH-}" ]; }

test_deliverers() {
  pause lmtp pipe maildir smtp_in_turn
  ! in_full || pause smtp forward lmtp_in_turn
}

test_deliver_smtp_with_tls() { PREPARE=make_authority pause smtp_by_mx; }
test_slow() { pause slow; }
test_hanging() { ! in_full || pause hanging; }

test_queue_send() {
  pause injected orders
  ! in_full || pause retries woken bounce crowded
}

test_mail_inject() { pause submission; }

test_worker_spawn() {
  needs_users || return 0
  pause spawn_in_turn
  ! in_full || pause spawn
}

test_sessions() {
  make_chain && export CHAIN
  needs_disturb || return 0
  CHAIN_FRONT="$traced front smtp-front $traced inject queue-inject"
  if ! start_smtp || ! start_send; then fail 'no host'; fi
  for scenario in front impatient; do play _pauses.py "$scenario"; done
  ! in_full || play _pauses.py queue_inject
}

# A front that queues by itself, and has hooks.
test_sessions_with_hooks() {
  make_chain && export CHAIN
  needs_disturb || return 0
  mkdir "$CHAIN/hooks" && echo '#!/bin/sh' >"$CHAIN/hooks/mail" && chmod +x "$CHAIN/hooks/mail"
  CHAIN_FRONT="$traced front smtp-front -Q -H $CHAIN/hooks"
  if ! start_smtp || ! start_send; then fail 'no host'; fi
  ! in_full || play _pauses.py front
  for scenario in hook_that_leaves hook_that_hangs; do play _pauses.py "$scenario"; done
}

test_sessions_with_tls() {
  make_submission || fail 'no host'
  needs_disturb || return 0
  export CHAIN TRUSTED PASSWORD WRONG UCSPITLS=!
  stop_auth
  start_program auth.log tcp-accept -n 3 "unix:$CHAINMAIL_RUN/auth" \
    "$traced" auth sasl-auth -f "$CHAIN/failures" -F 1000000,1 -j 50 \
    "$traced" checker checkpassword-file sasl-ok || fail 'no auth service'
  AUTH_PID=$STARTED
  for ENGINE in $ENGINES; do with_tls implicit secure_helper; done
  ENGINE=tls-wrap with_tls starttls secure_wrap auth
  in_full || return 0
  for ENGINE in $ENGINES; do with_tls implicit secure_wrap; done
  ENGINE=tls-wrap with_tls starttls secure_helper secure_front checker
}

# with_tls MODE SCENARIO...: with the engine of now
with_tls() {
  mode=$1 delayed=
  shift
  [ "$mode" = implicit ] || delayed=-u
  CHAIN_FRONT="$traced wrap $ENGINE $delayed $traced front smtp-front -S submission queue-inject" start_smtp ||
    fail 'no service'
  for scenario; do play _secure_pauses.py "$scenario" "$mode"; done
  stop_smtp
}

test_services() {
  unset UCSPITLS
  make_host || fail 'no host'
  needs_disturb || return 0
  FREE_PORT=$(free_port)
  export CHAIN TRUSTED FREE_PORT
  echo '127.0.0.1:allow' >"$CHAIN/rules"
  echo ':allow' >>"$CHAIN/rules"
  tcp-rules-compile "$CHAIN/rules" "$CHAIN/rules.cdb" || fail 'no rules'
  play _secure_pauses.py acceptor
  stop_keyd
  CHAIN_FRONT='tls-wrap smtp-front queue-inject' start_smtp || fail 'no service'
  play _secure_pauses.py keyd
  ! in_full || play _secure_pauses.py killed_keyd
}

# shellcheck source=/dev/null
. shunit2
