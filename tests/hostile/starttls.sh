#!/bin/sh
# STARTTLS with a real handshake, and bytes that someone put in front of it, behind it or beside it.
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/hostile/_hostile.sh
. "$(dirname "$0")/_hostile.sh"

starttls() { play _starttls.py "$@"; }

make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj /CN=mx.example.test -addext subjectAltName=DNS:mx.example.test,IP:127.0.0.1 \
    -keyout "$CHAIN/key" -out "$CHAIN/certificate" 2>"$CHAIN/openssl.log" &&
    cat "$CHAIN/key" >>"$CHAIN/certificate"
}

oneTimeSetUp() {
  make_chain && make_certificate && start_send && speak || exit 1
}

# speak OPTIONS...: of smtp-front
speak() {
  CHAIN_FRONT="$HERE/_tls_provider.py $CHAIN/certificate smtp-front $* queue-inject" restart_smtp
}

test_end_to_end() { starttls end_to_end; }
test_large() { starttls large; }
test_injections() { starttls injections; }
test_injected_before_the_handshake() { starttls injected_before_the_handshake; }
test_plain_bytes_after_the_handshake() { starttls plain_bytes_after_the_handshake; }
test_what_was_said_before() { starttls what_was_said_before; }
test_cut_off_in_data() { starttls cut_off_in_data; }
test_gone_before_the_handshake() { starttls gone_before_the_handshake; }
test_slow_handshake() { speak -o timeout-command=8 && starttls slow_handshake; }

# shellcheck source=/dev/null
. shunit2
