#!/bin/sh
# Guessing takes time, however it is done; and what was said at a login is nowhere afterwards.
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/hostile/_hostile.sh
. "$(dirname "$0")/_hostile.sh"

oneTimeSetUp() {
  make_chain && start_auth || exit 1
}

oneTimeTearDown() {
  stop_auth
  stop_chain
}

# The unknown hook is what else sees commands.
speak() {
  mkdir -p "$CHAIN/hooks"
  printf '#!/bin/sh\necho "$SMTP_COMMAND" >>%s\n' "$CHAIN/commands" >"$CHAIN/hooks/unknown"
  chmod +x "$CHAIN/hooks/unknown"
  CHAIN_FRONT="smtp-front -S -H $CHAIN/hooks $* queue-inject" restart_smtp
}

login() { play _login.py "$@"; }

test_failures_wait() { speak -o auth-attempts=2 && login failures_wait; }
test_throttled_waits() { speak -o auth-attempts=2 && login throttled_waits; }
test_failures_wait_in_a_batch() { speak -o auth-attempts=2 && login failures_wait_in_a_batch; }
test_failures_wait_for_those_who_stop_listening() {
  speak -o auth-attempts=2 && login failures_wait_half_closed
}
test_sessions_wait_by_themselves() { speak -o auth-delay=60 && login others_do_not_wait; }
test_secrets_do_not_stay() {
  is_sanitized && skip 'sanitizers keep copies' && return
  needs_sight || return 0
  speak -o auth-delay=0 -o auth-attempts=100 && login secrets_do_not_stay
}
test_no_core_is_left() {
  login no_core_is_left
  case $words in skip*) echo "$words" ;; esac
}

# shellcheck source=/dev/null
. shunit2
