# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets is for suites
# _tls.sh: a mail host of a suite's own (tests/_chain.sh) with TLS: tls-keyd with certificates made
# now, and one engine after the other in front of smtp-front. Suites of this room source it.
#
#   make_host                      the chain, its certificates, tls-keyd
#   end_host
#   serve MODE [OPTION...]         the engine of now in front of smtp-front, on SMTP_PORT; MODE is
#                                  starttls or implicit, the options are the engine's
#   each COMMAND...                runs it with ENGINE set to each engine
#   start_keyd, stop_keyd
#   make_certificate FILE NAME [OPTION...]  self-signed, with its key, for a name
#   play SCRIPT SCENARIO [ARGUMENT...]      a scenario in Python; its words if it fails
#
# Certificates: for mx.example.test, the default one, ECDSA and RSA; for other.example.test; for
# *.wild.example.test. TRUSTED is a file that has them all, for clients.

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/_chain.sh
. "$HERE/../_chain.sh"

KEYD_PID=
ENGINES=tls-wrap
if command -v tls-wrap-openssl >/dev/null; then ENGINES="$ENGINES tls-wrap-openssl"; fi

oneTimeSetUp() { make_host || exit 1; }
oneTimeTearDown() { end_host; }

# EC unless an option says otherwise: -newkey rsa:2048 -days 10
make_certificate() {
  file=$1
  name=$2
  shift 2
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 \
    -subj "/CN=$name" -addext "subjectAltName=DNS:$name,IP:127.0.0.1" "$@" \
    -keyout "$CHAIN/key.new" -out "$CHAIN/certificate.new" 2>"$CHAIN/openssl.log" || return
  cat "$CHAIN/certificate.new" "$CHAIN/key.new" >"$CHAIN/pair.new" && mv "$CHAIN/pair.new" "$file"
}

make_rsa_certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj "/CN=$2" \
    -addext "subjectAltName=DNS:$2,IP:127.0.0.1" -keyout "$CHAIN/key.new" \
    -out "$CHAIN/certificate.new" 2>"$CHAIN/openssl.log" &&
    cat "$CHAIN/certificate.new" "$CHAIN/key.new" >"$1"
}

make_host() {
  make_chain && mkdir -p "$CHAIN/tls" "$CHAINMAIL_RUN/tls" || return
  TRUSTED=$CHAIN/trusted
  export TRUSTED
  make_certificate "$CHAIN/tls/default.ecdsa.pem" mx.example.test &&
    make_rsa_certificate "$CHAIN/tls/default.rsa.pem" mx.example.test &&
    make_certificate "$CHAIN/tls/other.pem" other.example.test &&
    make_certificate "$CHAIN/tls/wild.pem" '*.wild.example.test' || return
  trust && start_keyd && start_send
}

trust() {
  for pair in "$CHAIN"/tls/*.pem; do openssl x509 -in "$pair" || return; done >"$TRUSTED"
}

start_keyd() {
  start_program keyd.log tls-keyd -n 3 -w 1 "unix:$CHAINMAIL_RUN/tls/keyd" "$CHAIN/tls" || return
  KEYD_PID=$STARTED
}

stop_keyd() {
  [ -z "$KEYD_PID" ] || end_process "$KEYD_PID"
  KEYD_PID=
}

end_host() {
  stop_keyd
  stop_chain
}

serve() {
  mode=$1
  shift
  delayed=
  [ "$mode" = implicit ] || delayed=-u
  stop_smtp
  CHAIN_FRONT="$ENGINE $delayed $* smtp-front ${FRONT_OPTIONS-} queue-inject" start_smtp
}

each() {
  for ENGINE in $ENGINES; do "$@"; done
}

play() {
  export CHAIN SMTP_PORT SMTP_PID SEND_PID KEYD_PID ENGINE
  script=$1
  shift
  words=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$HERE/.." \
    timeout "${PLAY_TIME:-120}" python3 "$HERE/$script" "$@" 2>&1)
  assertTrue "$ENGINE: $*: $words" $?
}
