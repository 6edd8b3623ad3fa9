#!/bin/sh
# Crowds at the auth service: many guesses at once, half a question, and no memory for a hash.
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/hostile/_hostile.sh
. "$(dirname "$0")/_hostile.sh"

oneTimeSetUp() { make_chain && make_users && start_service && start_send || exit 1; }

# front ACCEPT [OPTION...]
front() {
  CHAIN_ACCEPT=${1-}
  [ $# -eq 0 ] || shift
  CHAIN_FRONT="smtp-front -A $CHAINMAIL_RUN/auth -o auth-delay=0 $* queue-inject" restart_smtp
}

oneTimeTearDown() {
  stop_auth
  stop_chain
}

make_users() {
  PASSWORD="of-alice-$(od -An -N 12 -tx1 /dev/urandom | tr -d ' ')"
  echo "$PASSWORD" >"$CHAIN/password"
  echo yes >"$CHAINMAIL_CONF/auth-clear-text"
  echo '-v unlimited' >"$CHAIN/limit"
  cat >"$CHAIN/checker" <<'END'
#!/bin/sh
printf x >>"${0%/*}/asked"
# shellcheck disable=SC2046 # words are wanted
ulimit $(cat "${0%/*}/limit") && exec checkpassword-file "$@"
END
  chmod +x "$CHAIN/checker"
  user-add -p 3 alice 3<"$CHAIN/password"
}

start_service() {
  mkdir -p "$CHAINMAIL_RUN"
  start_program auth.log tcp-accept -n 3 -c 500 "unix:$CHAINMAIL_RUN/auth" \
    sasl-auth -j 2 -f "$CHAIN/failures" -F 5,3600 "$CHAIN/checker" sasl-ok && AUTH_PID=$STARTED
}

guessing() {
  export AUTH_PID
  play _guessing.py "$@"
}

test_many_at_once() { front '-c 500' && guessing many_at_once; }

test_memory() {
  is_sanitized && skip 'sanitizers need all of the address space' && return
  front && guessing memory
}

test_half_a_question() {
  front '-c 80 -C 60' -o timeout-command=15
  guessing half_a_question
}

# shellcheck source=/dev/null
. shunit2
