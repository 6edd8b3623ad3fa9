#!/bin/bash
# tcp-env behind acceptors that others wrote.
# shellcheck disable=SC2016,SC2119,SC2317,SC2329,SC2154 # programs for sh; shunit2 calls the functions

HERE=$(dirname "$0")
# shellcheck source=tests/net/_net.sh
. "$HERE/_net.sh"

show='env | grep -E "^(PROTO|TCP|IPC|SSL|SESSION_ID|RELAYCLIENT|LISTEN)" | sed -e "s/^SESSION_ID=[0-9a-z]\{16\}$/SESSION_ID=id/" \
  -e "s/^TCPREMOTEPORT=[0-9]*/TCPREMOTEPORT=n/" | LC_ALL=C sort'

# Accepts one connection and runs the rest as inetd would: fd 0, 1 and 2 (or those in FDS).
inetd='
import os, socket, sys
s = socket.create_server((sys.argv[1], 0), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
sys.stderr.write("event=listen address=%s port=%d\n" % s.getsockname()[:2])
sys.stderr.flush()
os.write(3, b"\n")
os.close(3)
c = s.accept()[0]
for fd in map(int, os.environ.get("FDS", "0 1 2").split()):
    os.dup2(c.fileno(), fd)
    os.set_inheritable(fd, True)
os.environ["LISTEN_PID"] = os.environ.get("PID") or str(os.getpid())
os.execvp(sys.argv[2], sys.argv[2:])
'

want_tcp() { printf '%s\n' PROTO=TCP SESSION_ID=id "TCPLOCALIP=$1" "TCPLOCALPORT=$port" "TCPREMOTEIP=$1" TCPREMOTEPORT=n; }

test_inetd() {
  start env TCPREMOTEHOST=old TCPCONNNUM=3 RELAYCLIENT= SSL_CIPHER=old SESSION_ID=old IPCREMOTEEUID=0 \
    python3 -c "$inetd" 127.0.0.1 tcp-env sh -c "$show"
  assertEquals "$(want_tcp 127.0.0.1)" "$(ask)"
  ended
}

test_inetd_over_ipv6() {
  grep -qx 0 /proc/sys/net/ipv6/conf/lo/disable_ipv6 2>/dev/null || { skip 'no IPv6'; return; }
  start python3 -c "$inetd" ::1 tcp-env sh -c "$show"
  assertEquals "$(want_tcp ::1)" "$(timeout "$PATIENCE" socat -t "$PATIENCE" - "TCP6:[::1]:$port" </dev/null)"
  ended
}

test_inetd_client_is_no_log() {
  start python3 -c "$inetd" 127.0.0.1 tcp-env sh -c 'echo secret >&2; echo hello'
  assertEquals hello "$(ask)"
  ended
}

test_log_of_others_stays() {
  start env FDS='0 1' python3 -c "$inetd" 127.0.0.1 tcp-env sh -c 'echo logged >&2'
  assertEquals '' "$(ask)"
  ended
  assertTrue 'logged ^logged$'
}

test_systemd_accept_without_standard_input() {
  start env FDS=3 LISTEN_FDS=1 python3 -c "$inetd" 127.0.0.1 tcp-env sh -c "$show; echo /proc/\$\$/fd/3"
  assertEquals "$(want_tcp 127.0.0.1)" "$(ask | grep -v /fd/)"
  ended
}

test_systemd_of_another_process() {
  start env FDS=3 PID=1 LISTEN_FDS=1 python3 -c "$inetd" 127.0.0.1 tcp-env true
  assertEquals '' "$(ask)"
  ended
  assertEquals 'fd 0 is no connection' 111 "$status"
}

free_port() { "$(dirname "$0")/../_free_port"; }

# systemd_activate OPTION...: Accept=yes, on $port.
systemd_activate() {
  port=$(free_port)
  : >"$log" # what the one before has said is not this one's
  systemd-socket-activate -E PATH -a "$@" -l "127.0.0.1:$port" tcp-env sh -c "$show" >/dev/null 2>"$log" &
  server=$!
  wait_until logged 'Listening on'
}

test_systemd_socket_activate() {
  needs_program systemd-socket-activate || return 0
  local option
  for option in '' --inetd; do
    # shellcheck disable=SC2086 # no option, no argument
    systemd_activate $option
    assertEquals "Accept=yes $option" "$(want_tcp 127.0.0.1)" "$(ask)"
    finish
  done
}

test_s6_ipcserver() {
  needs_program s6-ipcserver || return 0
  s6-ipcserver -1 "$folder/socket" tcp-env sh -c "$show" >"$folder/up" 2>"$log" &
  server=$!
  wait_until [ -s "$folder/up" ]
  assertEquals "$(printf '%s\n' "IPCLOCALPATH=$folder/socket" "IPCREMOTEEGID=$(id -g)" "IPCREMOTEEUID=$(id -u)" \
    IPCREMOTEPATH= PROTO=IPC SESSION_ID=id)" "$(ask_unix "$folder/socket")"
  finish
}

test_no_connection() {
  tcp-env true </dev/null 2>"$folder/error"
  assertEquals 111 $?
  assertTrue "grep -q 'fd 0' '$folder/error'"
  start python3 -c '
import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
os.write(3, b"\n")
os.dup2(s.fileno(), 0, inheritable=True)
os.execvp("tcp-env", ["tcp-env", "true"])'
  ended
  assertEquals 'a socket that listens' 111 "$status"
  tcp-env 2>/dev/null
  assertEquals 100 $?
}

# shellcheck source=/dev/null
. shunit2
