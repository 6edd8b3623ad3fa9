# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets is for suites
# _relay.sh: a scripted server, and injectors that talk to it. Suites source it.
#
#   relay_start, relay_stop   the folder DIR, and its end
#   server [CERT KEY] <<END   starts one with this script (see _server.py): PORT, $DIR/said
#   message FORMAT [ARG...]   printf's what is sent
#   envelope SENDER RCPT...
#   inject PROGRAM [ARG...]   runs it as a chain's last link: prints its verdict records
#   said                      what the server was told in its first session

# shellcheck source=tests/_wait.sh
. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_wait.sh"
# shellcheck source=tests/_needs.sh
. "$TOP/tests/_needs.sh"
SERVER=$TOP/tests/deliver/_server.py

relay_start() {
  DIR=$(mktemp -d "${TMPDIR:-/tmp}/relay.XXXXXX")
  SERVER_PID=
  export CHAINMAIL_CONF="$DIR/conf" CHAINMAIL_QUEUE="$DIR/queue"
  mkdir -p "$DIR/conf" "$DIR/queue/new" "$DIR/queue/tmp" "$DIR/queue/state" "$DIR/queue/bad"
  echo me.example >"$DIR/conf/me"
  message 'Subject: x\n\nbody\n'
  envelope s@example.org r@example.net
}

relay_stop() {
  stop_server
  [ -z "${DIR-}" ] || rm -rf "$DIR"
  DIR=
}

stop_server() {
  [ -z "${SERVER_PID-}" ] || { kill "$SERVER_PID" && wait "$SERVER_PID"; } 2>/dev/null
  SERVER_PID=
}

server() {
  stop_server
  cat >"$DIR/script"
  rm -f "$DIR/said" "$DIR/port"
  mkfifo "$DIR/port"
  "$SERVER" "$DIR/script" "$DIR/said" "$@" >"$DIR/port" 2>"$DIR/server.log" &
  SERVER_PID=$!
  read -r PORT <"$DIR/port"
}

# shellcheck disable=SC2059 # a format is wanted
message() { printf "$@" >"$DIR/message"; }

envelope() {
  printf 'F%s\0' "$1" >"$DIR/envelope"
  shift
  for recipient; do printf 'T%s\0' "$recipient" >>"$DIR/envelope"; done
  printf '\0' >>"$DIR/envelope"
}

inject() {
  { ERROR_FD=4 timeout $((2 * PATIENCE)) "$@" <"$DIR/message" 1<"$DIR/envelope" 4>&3 2>>"$DIR/log"; } 3>&1 | tr '\0' '\n'
}

said() {
  wait_until grep -q '^-- closed' "$DIR/said"
  grep -v '^-- closed' "$DIR/said"
}
