# shellcheck shell=sh
# _smtp.sh: what suites of deliver-smtp have in common. Each test has a folder, DIR, with a queue.
#
#   entry FILE           puts a message into the queue: sets ENTRY
#   deliver TO...        one job for each TO, recipient=destination (a recipient alone: its domain);
#                        all at hand together; prints the answers
#   OPTIONS              of deliver-smtp, besides those that a test always needs
#   start_sink OPTION... Postfix's smtp-sink on SINK_PORT; what it got lies in DIR/dump
#   start_server SCRIPT  tests/deliver/_smtp_server.py, on SERVER_PORT
#   start_dns            answers by the zones on standard input
#   end_peer             ends the one that was started last; what a command substitution starts, it
#                        ends
#   end_peers            ends them all

SMTP_TESTS=${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests
# shellcheck source=tests/_wait.sh
. "$SMTP_TESTS/_wait.sh"
# shellcheck source=tests/_needs.sh
. "$SMTP_TESTS/_needs.sh"
SINK=$TOP/build/peers/postfix/bin/smtp-sink
PEER_PIDS=
OPTIONS=

make_folder() {
  DIR=$(mktemp -d "${TMPDIR:-/tmp}/smtp.XXXXXX")
  mkdir -p "$DIR/queue/new" "$DIR/queue/tmp" "$DIR/queue/state" "$DIR/queue/bad" "$DIR/dump"
  printf 'Subject: x\n\nbody\n' >"$DIR/message"
  : >"$DIR/policies"
  PORT=$(free_port)
  OPTIONS=
  DNSCACHEIP=127.0.0.1:9 # nobody answers there
  export DNSCACHEIP
}

remove_folder() {
  end_peers
  [ -z "${DIR-}" ] || rm -rf "$DIR"
  DIR=
}

free_port() { "$SMTP_TESTS/_free_port"; }

# shellcheck disable=SC2034,SC2120 # for suites
entry() {
  # shellcheck disable=SC2059 # it has NULs
  printf "${ENVELOPE:-Fs@example.org\\0Tr@example.test\\0\\0}" >"$DIR/envelope"
  rm -f "$DIR"/queue/new/*
  queue-inject -q "$DIR/queue" <"$1" 1<"$DIR/envelope" || return
  ENTRY=$(ls "$DIR"/queue/new/*)
}

deliver() {
  [ -n "${ENTRY-}" ] && [ -e "$ENTRY" ] || entry "$DIR/message" || return
  for to; do
    shift
    case $to in *=*) destination=${to#*=} ;; *) destination=${to#*@} ;; esac
    set -- "$@" "$ENTRY" "${SENDER-s@example.org}" "${to%%=*}" "$destination"
  done
  # shellcheck disable=SC2086 # words are wanted
  timeout $((2 * PATIENCE)) "$SMTP_TESTS/deliver/_worker.py" ${TOGETHER--b} "$@" -- deliver-smtp -H me.example -p "$PORT" \
    -i 300 -P "$DIR/policies" -L "$DIR/logins" -A "$DIR/authorities" $OPTIONS 2>>"$DIR/log"
}

# shellcheck disable=SC2120 # for suites
start_sink() {
  is_root && set -- -u root "$@" # it wants to be told so
  "$SINK" -d "$DIR/dump/" "$@" "${SINK_ADDRESS:-127.0.0.1}:$PORT" 100 \
    >"$DIR/sink.log" 2>&1 &
  PEER_PIDS="$PEER_PIDS $!"
  wait_until has_accepted "${SINK_ADDRESS:-127.0.0.1}" "$PORT"
}

# Tells its port and pid when it listens.
start_server() {
  mkfifo "$DIR/ready"
  python3 "$SMTP_TESTS/deliver/_smtp_server.py" "$@" >"$DIR/ready" 2>"$DIR/server.log" &
  PEER_PIDS="$PEER_PIDS $!"
  read -r PORT <"$DIR/ready"
  rm "$DIR/ready"
}

start_dns() {
  cat >"$DIR/zones"
  mkfifo "$DIR/ready"
  python3 "$SMTP_TESTS/dns/_server.py" -l "$DIR/dns.log" "$DIR/zones" >"$DIR/ready" &
  PEER_PIDS="$PEER_PIDS $!"
  read -r port _ <"$DIR/ready"
  rm "$DIR/ready"
  DNSCACHEIP=127.0.0.1:$port
}

end_peers() {
  for peer in $PEER_PIDS; do
    kill "$peer" 2>/dev/null
    wait "$peer" 2>/dev/null
  done
  PEER_PIDS=
}

end_peer() {
  all=$PEER_PIDS
  PEER_PIDS=${all##* }
  end_peers
  PEER_PIDS=${all% *}
}

# The host has seen the connection, and logged it: it says something, or closes it.
has_accepted() { # has_accepted ADDRESS PORT: an IPv6 address in brackets
  python3 -c 'import socket, sys
socket.create_connection((sys.argv[1].strip("[]"), int(sys.argv[2])), 60).recv(1)' "$1" "$2" 2>/dev/null
}

can_connect() { # can_connect ADDRESS PORT: an IPv6 address in brackets
  python3 -c 'import socket, sys; socket.create_connection((sys.argv[1].strip("[]"), int(sys.argv[2])), 1)' \
    "$1" "$2" 2>/dev/null
}
