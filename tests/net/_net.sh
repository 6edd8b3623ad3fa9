# shellcheck shell=bash disable=SC2034 # variables are for the suites
# What the suites of this room share: servers, clients, waiting for log lines.

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/_wait.sh
. "$TESTS/_wait.sh"
# shellcheck source=tests/_needs.sh
. "$TESTS/_needs.sh"
server=

oneTimeSetUp() {
  folder=$SHUNIT_TMPDIR
  log=$folder/log
}

# start COMMAND...: starts a server with -n 3 among its arguments (READY stands for it), waits until
# it is ready. $port is the first port of its log.
start() {
  local arguments=() word
  for word; do
    if [ "$word" = READY ]; then arguments+=(-n 3); else arguments+=("$word"); fi
  done
  rm -f "$log" # sessions of the last one may have it open
  make_ready "$folder/ready"
  "${arguments[@]}" </dev/null >"$folder/out" 2>"$log" 3>"$folder/ready" &
  server=$!
  ready=
  read -r -t "$PATIENCE" ready <"$folder/ready" && ready=yes
  port=$(sed -n 's/.*event=listen address=[^ ]* port=//p' "$log" | head -n 1)
}

# finish [SIGNAL]: ends the server; $status is how.
finish() {
  [ -n "$server" ] || return 0
  kill "-${1:-TERM}" "$server" 2>/dev/null
  ended
}

# ended: waits until the server has ended by itself.
ended() {
  wait "$server" 2>/dev/null
  status=$?
  server=
}

logged() { grep -Eq -- "$1" "$log"; }
logged_times() { [ "$(grep -Ec -- "$1" "$log")" -eq "$2" ]; }

# What a client reads that sends nothing and says so.
# ask [PORT]; ask_from ADDRESS: from another loopback address; ask_unix PATH
ask() { timeout "$PATIENCE" socat -t "$PATIENCE" - "TCP:127.0.0.1:${1:-$port}" </dev/null; }
ask_from() { timeout "$PATIENCE" socat -t "$PATIENCE" - "TCP:127.0.0.1:$port,bind=$1" </dev/null; }
ask_unix() { timeout "$PATIENCE" socat -t "$PATIENCE" - "UNIX-CONNECT:$1" </dev/null; }

# A server that outlives a failed test would be found by no later one.
tearDown() { [ -z "$server" ] || finish KILL; }
