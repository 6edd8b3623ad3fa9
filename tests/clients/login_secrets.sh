#!/bin/sh
# Passwords, tokens, verifiers and hashes are in no log, no argument, no environment and no core of any
# process of the chain while users log in, nor afterwards, over both engines and in both modes.
# shellcheck disable=SC2329 # shunit2 calls the functions

# shellcheck source=tests/clients/_login.sh
. "$(dirname "$0")/_login.sh"

oneTimeSetUp() {
  make_submission || exit 1
  mkfifo "$CHAIN/release"
  for checker in checkpassword-file "$CHAIN/token"; do
    cat >"$CHAIN/wait-$(basename "$checker")" <<END
#!/bin/sh
echo \$\$ >"$CHAIN/paused"
read -r go <"$CHAIN/release"
exec "$checker" "\$@"
END
  done
  chmod +x "$CHAIN"/wait-*
}

oneTimeTearDown() { end_submission; }

waiting() { start_auth -t "$CHAIN/wait-token" "$CHAIN/wait-checkpassword-file"; }
at_once() { start_auth -t "$CHAIN/token" checkpassword-file; }

play_secrets() {
  export MODE AUTH_PID
  PASSWORD=$PASSWORD WRONG=$WRONG TOKEN=$TOKEN play _login_secrets.py "$@"
}

test_nothing_is_seen() {
  needs_sight || return 0
  waiting && each_service play_secrets nothing_is_seen
}

test_nothing_of_verifiers() {
  needs_sight || return 0
  at_once && each_service play_secrets nothing_of_verifiers
}

# ---- whatever is executed, however shortly it lives ----------------------------------------------

is_traced() { grep -q "^TracerPid:.[1-9]" "/proc/$1/status"; }

trace_logins() {
  at_once && serve_mail "$MODE" || return
  strace -f -qq -v -s 20000 -e trace=execve -o "$CHAIN/trace" -p "$SMTP_PID" -p "$AUTH_PID" 2>/dev/null &
  tracer=$!
  wait_until is_traced "$SMTP_PID" && wait_until is_traced "$AUTH_PID"
  play_secrets logins
  stop_smtp
  stop_auth
  wait "$tracer" # which ends with those that it traces
  play_secrets nothing_in trace
  rm "$CHAIN/trace"
}

test_nothing_is_executed_with_it() {
  needs_strace || return 0
  each_service trace_logins
}

# ---- cores ---------------------------------------------------------------------------------------

leaves_cores() (
  cd "$CHAIN" && mkdir cores && cd cores || exit
  sleep 60 &
  kill -ABRT $!
  wait $! 2>/dev/null
  find . -name 'core*' | grep -q .
)

# In the folder where they would lie.
test_no_core() {
  # shellcheck disable=SC3045 # where sh has no -c the next test says so
  ulimit -c unlimited 2>/dev/null
  leaves_cores || { skip 'nobody leaves a core in its folder here'; return; }
  rm -r "$CHAIN/cores"
  here=$(pwd)
  cd "$CHAIN" || return
  waiting && each_service play_secrets no_core
  play_secrets no_core_of_the_checker
  cd "$here" || return
}

# shellcheck source=/dev/null
. shunit2
