# shellcheck shell=sh
# _durability.sh: a live chain whose programs can be traced and disturbed.
#
#   play SCRIPT SCENARIO [ARGUMENT...]  runs one in Python against the chain; its words if it fails
#   needs_disturb                       skips the test if disturb.c cannot trace here; $CHAIN/disturb is it
#   needs_users                         the same if it is not run by root, or others cannot reach the programs
#   make_authority                      $CHAIN/certificate of mx.tls.example, with its key, by
#                                       $CHAIN/authority
#
# The link `_traced NAME PROGRAM...` runs the program behind the words that are in $CHAIN/NAME.tracer, if
# there is such a file; _inject.py writes it.

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/_chain.sh
. "$HERE/../_chain.sh"

oneTimeTearDown() { stop_chain; }

play() {
  export CHAIN SMTP_PORT SMTP_PID SEND_PID
  script=$1
  shift
  words=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$HERE/.." python3 "$HERE/$script" "$@" 2>&1)
  assertTrue "$*: $words" $?
  [ -z "${VERBOSE-}" ] || printf '%s\n' "$words"
}

# The sanitizers' own tracer, which looks for leaks, and another one do not go together.
needs_disturb() { { ! is_sanitized && make_disturb; } || ! skip 'programs cannot be traced here'; }

make_disturb() {
  [ -x "$CHAIN/disturb" ] ||
    "${CC:-gcc}" -std=c11 -O1 -D_GNU_SOURCE -o "$CHAIN/disturb" "$HERE/disturb.c" || return
  "$CHAIN/disturb" -o /dev/null true 2>/dev/null
}

needs_users() {
  { is_root && setpriv --reuid games --clear-groups test -x "$BIN/deliver-maildir"; } ||
    ! skip "not root, or others cannot reach $BIN"
}

make_authority() (
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
