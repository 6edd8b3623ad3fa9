#!/bin/sh
# timeout: 500
# What tls-wrap promises to the program behind it, whichever engine it has.

HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../_needs.sh"

oneTimeSetUp() {
  FOLDER=$(mktemp -d) || exit 1
  KEYS=$FOLDER/keys.pem
  export FOLDER KEYS
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj /CN=mx.example.test -addext subjectAltName=DNS:mx.example.test \
    -keyout "$FOLDER/key" -out "$KEYS" 2>"$FOLDER/openssl.log" && cat "$FOLDER/key" >>"$KEYS"
  engines=tls-wrap
  if command -v tls-wrap-openssl >/dev/null; then engines="$engines tls-wrap-openssl"; fi
}

oneTimeTearDown() { [ -z "${FOLDER-}" ] || rm -rf "$FOLDER"; }

# play SCENARIO, with each engine
play() {
  for engine in $engines; do
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$HERE/.." timeout 180 python3 "$HERE/_wrap.py" "$engine" "$1"
    assertEquals "$engine: $1" 0 $?
  done
}

test_without_openssl() {
  case $engines in *openssl) ;; *) skip 'no OpenSSL, no tls-wrap-openssl' ;; esac
}

test_immediate() { play immediate; }
test_the_end_point_is_our_certificate() { play the_end_point_is_our_certificate; }
test_a_handshake_that_fails() { play a_handshake_that_fails; }
test_a_client_that_is_silent() { play a_client_that_is_silent; }
test_a_client_that_goes() { play a_client_that_goes; }
test_delayed_with_facts() { play delayed_with_facts; }
test_delayed_without_facts() { play delayed_without_facts; }
test_declined() { play declined; }
test_failed() { play failed; }
test_timed_out() { play timed_out; }
test_keyd_is_away() { play keyd_is_away; }
test_no_wish() { play no_wish; }
test_required() { play required; }
test_off() { play off; }
test_no_name() { play no_name; }
test_unknown_name() { play unknown_name; }
test_the_program_dies() { play the_program_dies; }
test_the_helper_is_killed() { play the_helper_is_killed; }
test_idle() { play idle; }
test_a_polite_end() { play a_polite_end; }
test_a_truncation() { play a_truncation; }
test_last_words() { play last_words; }
test_nothing_is_taken() { play nothing_is_taken; }
test_a_silent_keyd() { play a_silent_keyd; }
test_much_both_ways() { play much_both_ways; }
test_one_byte_at_a_time() { play one_byte_at_a_time; }
test_confined() { ! needs_sight || play confined; }
test_wrong_usage() { play wrong_usage; }

# shellcheck source=/dev/null
. shunit2
