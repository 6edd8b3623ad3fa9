#!/bin/sh
# not confined: it traces programs and disturbs their system calls
# Each system call of what takes mail away from here fails in turn, and each that moves bytes moves fewer.
# make check takes a sample.
# timeout: 600
# check-crash: 3600

# shellcheck source=tests/durability/_durability.sh
. "$(dirname "$0")/_durability.sh"

oneTimeTearDown() { :; }
tearDown() { stop_chain; }

# disturb SCENARIO: with errors, and with calls that do less
disturb() {
  for kind in errors short; do
    stop_chain
    make_chain && export CHAIN
    has_disturb || return 0
    "${PREPARE:-true}" && play _deliveries.py "$1" "$kind"
  done
}

test_deliver_smtp() { disturb smtp; }
test_deliver_lmtp() { disturb lmtp; }
test_deliver_pipe() { disturb pipe; }
test_deliver_forward() { disturb forward; }
test_mail_inject() { disturb submit; }
test_bounces() { disturb bounce; }

test_deliver_smtp_with_tls() { PREPARE=make_certificate disturb smtp_by_mx; }

test_worker_spawn() {
  if [ "$(id -u)" -eq 0 ] && setpriv --reuid games --clear-groups test -x "$BIN/deliver-maildir"; then
    disturb spawn
  else
    startSkipping
    echo "skip - not root, or others cannot reach $BIN"
  fi
}

# $CHAIN/certificate of mx.tls.example, with its key, by $CHAIN/authority
make_certificate() (
  cd "$CHAIN" || exit
  name=mx.tls.example
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
