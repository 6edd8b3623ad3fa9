#!/bin/sh
# not confined: it traces programs and disturbs their system calls
# Each system call of what takes mail away from here fails in turn. make check takes a sample.
# timeout: 600
# check-crash: 1800

# shellcheck source=tests/durability/_durability.sh
. "$(dirname "$0")/_durability.sh"

oneTimeTearDown() { :; }
setUp() { make_chain && export CHAIN; }
tearDown() { stop_chain; }

test_deliver_smtp() { ! has_strace || play _deliveries.py smtp; }
test_deliver_lmtp() { ! has_strace || play _deliveries.py lmtp; }
test_deliver_pipe() { ! has_strace || play _deliveries.py pipe; }
test_deliver_forward() { ! has_strace || play _deliveries.py forward; }

test_deliver_smtp_with_tls() {
  has_strace || return 0
  make_certificate mx.tls.example
  play _deliveries.py smtp_by_mx
}

# make_certificate NAME: $CHAIN/certificate, with its key, by $CHAIN/authority
make_certificate() (
  cd "$CHAIN" || exit
  name=$1
  set -- -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256
  { openssl req -x509 -days 3650 -subj '/CN=An authority' -addext basicConstraints=critical,CA:TRUE \
    -keyout authority.key -out authority "$@" &&
    openssl req -subj "/CN=$name" -keyout key -out request "$@" &&
    printf 'subjectAltName=DNS:%s\n' "$name" >extensions &&
    openssl x509 -req -sha256 -days 3650 -in request -CA authority -CAkey authority.key \
      -CAcreateserial -extfile extensions -out certificate; } 2>/dev/null && cat key >>certificate
)

# shellcheck source=/dev/null
. shunit2
