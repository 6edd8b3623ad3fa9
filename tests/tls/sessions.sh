#!/bin/sh
# TLS sessions of SMTP behind both engines: what they are worth, and what they outlive.

# shellcheck source=tests/tls/_tls.sh
. "$(dirname "$0")/_tls.sh"

# A scenario with TLS from the start, with each engine.
with_each() { each served "$@"; }
served() { serve implicit && play _sessions.py "$@"; }

# ---- STARTTLS: what tests/hostile asks of any provider, asked of ours ---------------------------

hostile() {
  cp "$TRUSTED" "$CHAIN/certificate"
  rm -rf "$CHAIN/mail/tls" "$CHAIN/mail/tls-large"
  serve starttls && play ../hostile/_starttls.py "$1"
}

test_end_to_end() { each hostile end_to_end; }
test_large() { each hostile large; }
test_injections() { each hostile injections; }
test_injected_before_the_handshake() { each hostile injected_before_the_handshake; }
test_plain_bytes_after_the_handshake() { each hostile plain_bytes_after_the_handshake; }
test_what_was_said_before() { each hostile what_was_said_before; }
test_cut_off_in_data() { each hostile cut_off_in_data; }
test_gone_before_the_handshake() { each hostile gone_before_the_handshake; }

required() {
  UCSPITLS='!'
  export UCSPITLS
  serve starttls && play _sessions.py required
  unset UCSPITLS
}
test_required() { each required; }

# ---- what else may happen -----------------------------------------------------------------------

keyd_away() {
  served keyd_away
  start_keyd && served keyd_back
}
test_keyd_away() { each keyd_away; }

renewal() {
  make_certificate "$CHAIN/renewed" mx.example.test &&
    served renewal "$CHAIN/renewed" "$CHAIN/tls/default.ecdsa.pem"
  trust
}
test_renewal() { each renewal; }

test_helper_killed() { with_each helper_killed; }

slow() {
  CHAIN_ACCEPT='-c 400 -C 100' serve implicit -t 8 && play _sessions.py slow 250 100
}
flood() {
  CHAIN_ACCEPT='-c 400 -C 400' serve implicit && play _sessions.py flood 200
}
test_slow_handshakes() { each slow; }
test_many_handshakes() { each flood; }

# ---- where keys are -----------------------------------------------------------------------------

needs_memory() {
  { is_root && ! is_sanitized; } ||
    ! skip 'memory of other processes is read by root, and not with the sanitizers'
}

look_for_keys() { # look_for_keys SCENARIO [OPTION...]
  scenario=$1
  shift
  serve implicit "$@" &&
    play _sessions.py "$scenario" "$CHAIN/tls/default.ecdsa.pem" "$CHAIN/tls/default.rsa.pem"
}

test_keys_are_in_keyd_alone() { ! needs_memory || each look_for_keys keys_are_in_keyd_alone; }
test_keys_are_found_where_they_are() {
  ! needs_memory || each look_for_keys keys_are_found -k "$CHAIN/tls"
}

# shellcheck source=/dev/null
. shunit2
