#!/bin/bash
# tcp-accept with real sockets: what a session gets, limits, rules, signals, the end.
# shellcheck disable=SC2009,SC2016,SC2119,SC2317,SC2329,SC2154 # programs for sh; shunit2 calls the functions

HERE=$(dirname "$0")
# shellcheck source=tests/net/_net.sh
. "$HERE/_net.sh"

# ---- what a session gets ----

test_environment_is_exact() {
  is_confined && skip 'the stand-ins of tests/_confined change PATH' && return
  start env -i PATH="$PATH" KEPT=1 DATABYTES=9 UCSPITLS='!' PROTO=OLD TCPREMOTEHOST=old TCPLOCALHOST=old \
    TCPREMOTEINFO=old TCPREMOTEIP=old TCPCONNNUM=old IPCREMOTEEUID=old IPCREMOTEPATH=old RELAYCLIENT= \
    SSL_CIPHER=old SSL_PEER_CERT_HASH=old SSLCTLFD=1 SSLREADFD=1 SSLWRITEFD=1 SESSION_ID=old \
    LISTEN_FDS=1 LISTEN_PID=1 LISTEN_FDNAMES=old \
    tcp-accept READY 127.0.0.1 0 env
  ask | sed -e 's/^SESSION_ID=[0-9a-z]\{16\}$/SESSION_ID=id/' -e 's/^TCPREMOTEPORT=[0-9]*$/TCPREMOTEPORT=n/' |
    sort >"$folder/got"
  printf '%s\n' DATABYTES=9 KEPT=1 "PATH=$PATH" PROTO=TCP SESSION_ID=id TCPCONNNUM=1 TCPLOCALIP=127.0.0.1 \
    "TCPLOCALPORT=$port" TCPREMOTEIP=127.0.0.1 TCPREMOTEPORT=n 'UCSPITLS=!' | sort >"$folder/want"
  assertEquals "$(cat "$folder/want")" "$(cat "$folder/got")"
  finish
}

test_connection_is_input_and_output() {
  start tcp-accept READY 127.0.0.1 0 cat
  assertEquals hello "$(echo hello | timeout "$PATIENCE" socat -t "$PATIENCE" - "TCP:127.0.0.1:$port")"
  finish
}

test_session_has_no_other_descriptors() {
  echo :allow >"$folder/rules"
  start python3 -c 'import os, sys; os.closerange(4, 1024); os.execvp(sys.argv[1], sys.argv[1:])' \
    tcp-accept READY -x "$folder/rules" "127.0.0.1,unix:$folder/socket" 0 python3 -c '
import os
print(*sorted(os.listdir("/proc/self/fd"))[:-1], flush=True)' # the last is the listing itself
  assertEquals '0 1 2' "$(ask)"
  finish
}

test_socket_options_are_inherited() {
  start tcp-accept READY 127.0.0.1 0 python3 -c '
import socket
s = socket.socket(fileno=0)
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), s.getsockopt(socket.SOL_TCP, socket.TCP_NODELAY),
      flush=True)'
  assertEquals '1 1' "$(ask)"
  finish
}

# Signals above 31 are the C library's, and nobody's to reset.
test_signals_are_default() {
  start tcp-accept READY 127.0.0.1 0 grep -E 'Sig(Blk|Ign)' /proc/self/status
  local name mask count=0
  while read -r name mask; do
    assertEquals "$name" 0 "$((0x$mask & 0x7fffffff))"
    count=$((count + 1))
  done < <(ask)
  assertEquals 2 "$count"
  finish
}

test_several_addresses_and_ports() {
  start tcp-accept READY 127.0.0.1,127.0.0.2 0,0 sh -c 'echo $TCPLOCALIP $TCPLOCALPORT'
  assertTrue 'four sockets' 'logged_times event=listen 4'
  sed -n 's/.*event=listen address=\([^ ]*\) port=/\1 /p' "$log" >"$folder/sockets"
  while read -r address each; do
    assertEquals "$address $each" "$(timeout "$PATIENCE" socat -u "TCP:$address:$each" - </dev/null)"
  done <"$folder/sockets"
  finish
}

test_dual_stack() {
  start tcp-accept READY :: 0 sh -c 'echo $TCPREMOTEIP $TCPLOCALIP'
  assertEquals 'v4 client, v4 addresses' '127.0.0.1 127.0.0.1' "$(ask)"
  if [ -e /proc/sys/net/ipv6/conf/lo/disable_ipv6 ] && grep -qx 0 /proc/sys/net/ipv6/conf/lo/disable_ipv6; then
    assertEquals '::1 ::1' "$(timeout "$PATIENCE" socat -u "TCP6:[::1]:$port" -)"
  fi
  finish
}

test_all_ipv4() {
  start tcp-accept READY 0 0 sh -c 'echo $TCPLOCALIP'
  assertEquals 127.0.0.1 "$(ask)"
  assertEquals 127.0.0.3 "$(timeout "$PATIENCE" socat -u "TCP:127.0.0.3:$port" -)"
  finish
}

# ---- unix sockets ----

test_unix_socket() {
  start tcp-accept READY -m 600 "unix:$folder/socket" sh -c 'env | grep -E "^(PROTO|IPC|TCP)" | sort'
  assertEquals 600 "$(stat -c %a "$folder/socket")"
  assertEquals "$(printf '%s\n' IPCCONNNUM=1 "IPCLOCALPATH=$folder/socket" "IPCREMOTEEGID=$(id -g)" \
    "IPCREMOTEEUID=$(id -u)" IPCREMOTEPATH= PROTO=IPC)" "$(ask_unix "$folder/socket")"
  assertTrue "wait_until logged 'event=accept uid=$(id -u) path='"
  finish
  assertFalse 'the socket is removed at the end' "[ -e '$folder/socket' ]"
}

test_unix_socket_left_behind_is_replaced() {
  start tcp-accept READY "unix:$folder/socket" echo one
  finish KILL
  assertTrue 'left behind' "[ -S '$folder/socket' ]"
  start tcp-accept READY "unix:$folder/socket" echo two
  assertEquals two "$(ask_unix "$folder/socket")"
  tcp-accept "unix:$folder/socket" echo three 2>"$folder/error"
  assertEquals 'one that is served is not' 111 $?
  assertTrue "grep -q 'Address in use\|Address already in use' '$folder/error'"
  assertEquals two "$(ask_unix "$folder/socket")"
  finish
  echo precious >"$folder/file"
  tcp-accept "unix:$folder/file" echo four 2>"$folder/error"
  assertEquals 'nor is a file' 111 $?
  assertEquals precious "$(cat "$folder/file")"
}

test_unix_socket_of_a_successor_stays() {
  start tcp-accept READY "unix:$folder/socket" echo one
  rm "$folder/socket"
  local first=$server
  start tcp-accept READY "unix:$folder/socket" echo two
  kill "$first"
  wait "$first"
  assertEquals two "$(ask_unix "$folder/socket")"
  finish
}

# ---- inherited sockets ----

# Runs the rest with a listening socket on fd $1 and its port in PORT; fd 3 is moved to 9 first.
inherit='
import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
fd = int(sys.argv[1])
os.dup2(s.fileno(), fd, inheritable=True)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = "1"
os.execvp(sys.argv[2], sys.argv[2:])
'

test_listening_socket_on_fd_0() {
  start python3 -c "$inherit" 0 tcp-accept READY fd:0 sh -c 'echo $TCPLOCALPORT $LISTEN_FDS.'
  assertEquals "$port ." "$(ask)"
  assertEquals "$port ." "$(ask)"
  finish
}

test_listening_socket_of_systemd() {
  start bash -c 'exec 9>&3; exec "$@"' bash python3 -c "$inherit" 3 tcp-accept -n 9 systemd \
    sh -c 'echo $TCPLOCALPORT $LISTEN_FDS.$LISTEN_PID.'
  assertEquals "$port .." "$(ask)"
  finish
}

test_listening_socket_of_another_process() {
  LISTEN_FDS=1 LISTEN_PID=1 tcp-accept systemd true 2>"$folder/error" 3</dev/null
  assertEquals 100 $?
  tcp-accept fd:0 true </dev/null 2>"$folder/error"
  assertEquals 'not a socket' 100 $?
}

free_port() { "$(dirname "$0")/../_free_port"; }

test_systemd_socket_activate() {
  needs_program systemd-socket-activate || return 0
  port=$(free_port)
  systemd-socket-activate -E PATH -l "127.0.0.1:$port" tcp-accept systemd sh -c 'echo $TCPLOCALIP $SESSION_ID' 2>"$log" &
  server=$!
  assertTrue 'listens' "wait_until eval 'ask $port | grep -Eq \"^127.0.0.1 [0-9a-z]{16}$\"'"
  assertEquals 127.0.0.1 "$(ask "$port" | cut -d ' ' -f 1)"
  finish
  assertEquals 0 "$status"
}

# ---- readiness ----

test_readiness() {
  start tcp-accept READY 127.0.0.1 0 true
  assertEquals yes "$ready"
  finish
  tcp-accept -n 3 127.0.0.1 0 no-such-program 3>"$folder/early" 2>/dev/null
  assertEquals 'no program, no readiness' 127 $?
  assertFalse "[ -s '$folder/early' ]"
}

test_systemd_is_told() {
  python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(60)
for _ in range(2): print(s.recv(100).decode(), flush=True)
' "$folder/notify" >"$folder/told" &
  local listener=$!
  wait_until test -S "$folder/notify"
  start env NOTIFY_SOCKET="$folder/notify" tcp-accept READY 127.0.0.1 0 env
  assertFalse 'the session is not told' "ask | grep -q NOTIFY_SOCKET"
  finish
  wait "$listener"
  assertEquals 'READY=1 STOPPING=1' "$(xargs <"$folder/told")"
}

# ---- limits ----

busy='421 4.7.0 too many connections, try again later'

test_limit_in_all() {
  start tcp-accept READY -c 2 127.0.0.1 0 sh -c 'echo $TCPCONNNUM; cat'
  exec 5<>"/dev/tcp/127.0.0.1/$port"
  read -r -t "$PATIENCE" first <&5
  exec 6<>"/dev/tcp/127.0.0.1/$port"
  read -r -t "$PATIENCE" second <&6
  assertEquals '1 2' "$first $second"
  assertEquals "$busy"$'\r' "$(ask)"
  assertEquals 'from elsewhere too' "$busy"$'\r' "$(ask_from 127.0.0.2)"
  assertTrue "wait_until logged 'event=refuse remote=127.0.0.1 port=[0-9]+ reason=full count=2/2 host_count=2/2'"
  exec 5>&-
  assertTrue 'one goes' 'wait_until logged event=end'
  assertEquals 'one comes' 2 "$(ask)"
  exec 6>&-
  finish
}

test_limit_per_address() {
  start tcp-accept READY -c 10 -C 1 127.0.0.1 0 sh -c 'echo $TCPCONNNUM; cat'
  exec 5<>"/dev/tcp/127.0.0.1/$port"
  read -r -t "$PATIENCE" first <&5
  assertEquals 1 "$first"
  assertEquals "$busy"$'\r' "$(ask)"
  assertTrue "wait_until logged 'reason=host_full count=1/10 host_count=1/1'"
  assertEquals 'another address' 1 "$(ask_from 127.0.0.2)"
  exec 5>&-
  finish
}

test_limit_per_network() {
  start tcp-accept READY -c 10 -C 1 -N 24,64 127.0.0.1 0 sh -c 'echo $TCPCONNNUM; cat'
  exec 5<>"/dev/tcp/127.0.0.1/$port"
  read -r -t "$PATIENCE" first <&5
  assertEquals 'the same network' "$busy"$'\r' "$(ask_from 127.0.0.2)"
  assertEquals 'another network' 1 "$(ask_from 127.0.1.1)"
  exec 5>&-
  finish
}

# In a network namespace of its own, with addresses of three /64s on its loopback.
test_limit_per_ipv6_64() {
  { is_root && unshare -n true 2>/dev/null; } || { skip 'no network namespace'; return; }
  unshare -n bash -s "$HERE" "$folder" >"$folder/got" 2>&1 <<'END'
    ip link set lo up
    for address in 2001:db8::1 2001:db8::ffff:2 2001:db8:0:1::1; do ip -6 address add "$address/128" dev lo nodad; done
    . "$1/_net.sh"
    SHUNIT_TMPDIR=$2 oneTimeSetUp
    start tcp-accept READY -C 1 :: 0 sh -c 'echo $TCPREMOTEIP; cat'
    from() { timeout "$PATIENCE" socat -t "$PATIENCE" - "TCP6:[2001:db8::1]:$port,bind=[$1]" <"${2:-/dev/null}"; }
    mkfifo "$2/hold"
    from 2001:db8::1 "$2/hold" &
    exec 7>"$2/hold"
    wait_until logged event=accept
    from 2001:db8::ffff:2
    from 2001:db8:0:1::1
    exec 7>&-
    wait %from
    finish
END
  assertEquals "$(printf '%s\n' 2001:db8::1 "$busy" 2001:db8:0:1::1 | sort)" "$(tr -d '\r' <"$folder/got" | sort)"
}

test_limit_per_user() {
  start tcp-accept READY -C 1 -B busy "unix:$folder/socket" cat
  mkfifo "$folder/open"
  socat - "UNIX-CONNECT:$folder/socket" <"$folder/open" &
  exec 7>"$folder/open"
  wait_until logged event=accept
  assertEquals busy$'\r' "$(ask_unix "$folder/socket")"
  exec 7>&-
  finish
}

test_busy_text() {
  start tcp-accept READY -c 1 -B 'later, please' 127.0.0.1 0 cat
  exec 5<>"/dev/tcp/127.0.0.1/$port"
  wait_until logged event=accept
  assertEquals 'later, please'$'\r' "$(ask)"
  assertEquals 'what a client sends at once does not cost it the text' 'later, please'$'\r' \
    "$(printf 'EHLO x\r\nMAIL FROM:<>\r\n' | timeout "$PATIENCE" socat -t "$PATIENCE" - "TCP:127.0.0.1:$port")"
  exec 5>&-
  finish
  start tcp-accept READY -c 1 -P none 127.0.0.1 0 cat
  exec 5<>"/dev/tcp/127.0.0.1/$port"
  wait_until logged event=accept
  assertEquals '' "$(ask)"
  exec 5>&-
  finish
}

# ---- rules ----

# rules LINE...: puts them in place as tcp-rules-compile would.
rules() { printf '%s\n' "$@" | tcp-rules-compile - "$folder/rules.cdb"; }
denied='554 5.7.1 access denied'
trouble='421 4.3.0 temporary trouble here, try again later'

test_rules() {
  rules '127.0.0.1:allow,RELAYCLIENT="@x",DATABYTES="7",TCPREMOTEHOST="me"' '127.0.0.2:deny' \
    '127.0.1.0/24:deny' ':allow'
  start env RELAYCLIENT=old DATABYTES=9 tcp-accept READY -x "$folder/rules.cdb" 127.0.0.1 0 \
    sh -c 'env | grep -c DATABYTES; echo $RELAYCLIENT $DATABYTES $TCPREMOTEHOST'
  assertEquals 'variables replace inherited ones' '1 @x 7 me' "$(ask | xargs)"
  assertEquals 'and do not stay' '1 9' "$(ask_from 127.0.0.3 | xargs)"
  wait_until logged_times event=end 2 # and count no more
  assertEquals "$denied"$'\r' "$(ask_from 127.0.0.2)"
  assertTrue "wait_until logged 'event=refuse remote=127.0.0.2 port=[0-9]+ reason=denied rule=127.0.0.2 count=0/'"
  assertEquals "$denied"$'\r' "$(ask_from 127.0.1.9)"
  assertTrue "wait_until logged 'reason=denied rule=127.0.1. count'"
  finish
}

test_rules_as_text() {
  printf '127.0.0.2:deny\n:allow,A="b"\n' >"$folder/rules"
  start tcp-accept READY -D 'go away' -x "$folder/rules" 127.0.0.1 0 sh -c 'echo $A'
  assertEquals b "$(ask)"
  assertEquals 'go away'$'\r' "$(ask_from 127.0.0.2)"
  finish
}

test_rules_for_unix_clients() {
  rules "uid:$(id -u):allow,A=\"me\"" 'unix:deny' ':deny'
  start tcp-accept READY -x "$folder/rules.cdb" "unix:$folder/socket" sh -c 'echo $A'
  assertEquals me "$(ask_unix "$folder/socket")"
  rules 'unix:deny' ':allow'
  assertEquals 'silence' '' "$(ask_unix "$folder/socket")"
  assertTrue "wait_until logged 'reason=denied rule=unix'"
  finish
}

test_rules_replaced_while_running() {
  rules ':allow,A="one"'
  start tcp-accept READY -x "$folder/rules.cdb" 127.0.0.1 0 sh -c 'echo $A'
  assertEquals one "$(ask)"
  rules ':allow,A="two"'
  assertEquals two "$(ask)"
  : >"$folder/rules.cdb"
  assertEquals 'emptied in place' "$trouble"$'\r' "$(ask)"
  assertTrue "wait_until logged 'event=refuse .*reason=rules'"
  rm "$folder/rules.cdb"
  assertEquals 'gone' "$trouble"$'\r' "$(ask)"
  head -c 3000 /dev/zero >"$folder/rules.cdb"
  assertEquals 'zeros' "$trouble"$'\r' "$(ask)"
  printf ':allow\n127.0.0:deny\n' >"$folder/rules.cdb"
  assertEquals 'bad text' "$trouble"$'\r' "$(ask)"
  assertTrue 'its line' "wait_until logged 'reason=rules .* line=2 '"
  rules ':allow,A="three"'
  assertEquals three "$(ask)"
  finish
}

test_rules_are_read_again_on_hangup() {
  rules ':allow,A="one"'
  start tcp-accept READY -x "$folder/rules.cdb" 127.0.0.1 0 sh -c 'echo $A'
  kill -HUP "$server"
  assertTrue 'wait_until logged event=reload'
  assertEquals one "$(ask)"
  finish
  assertEquals 0 "$status"
}

test_rules_that_are_no_good_at_the_start() {
  tcp-accept -x "$folder/none" 127.0.0.1 0 true 2>"$folder/error"
  assertEquals 111 $?
  printf '# ok\nbad\n' >"$folder/bad"
  tcp-accept -x "$folder/bad" 127.0.0.1 0 true 2>"$folder/error"
  assertEquals 111 $?
  assertTrue "grep -q '$folder/bad: line 2: ' '$folder/error'"
}

# ---- root ----

test_root_is_dropped() {
  is_root || { skip 'not root'; return; }
  start env UID=65534 GID=65533 GIDLIST=65533,65532 tcp-accept READY -U 127.0.0.1 0 \
    sh -c 'grep -E "^(Uid|Gid|Groups|CapEff)" /proc/self/status; env | grep -E "^G?UID|^GID"'
  assertEquals "$(printf '%s\n' 'Uid: 65534 65534 65534 65534' 'Gid: 65533 65533 65533 65533' \
    'Groups: 65532 65533' 'CapEff: 0000000000000000')" "$(ask | tr -s '\t ' ' ' | sed 's/ $//')"
  assertTrue 'the server itself too' "grep -q '^Uid:.65534.65534.65534.65534' /proc/$server/status"
  finish
  assertEquals 0 "$status"
}

test_root_is_dropped_without_groups() {
  is_root || { skip 'not root'; return; }
  start env UID=65534 GID=65533 tcp-accept READY -U 127.0.0.1 0 grep ^Groups /proc/self/status
  assertEquals Groups: "$(ask | tr -d '\t ')"
  finish
}

test_root_is_not_dropped() {
  drop() { env "$@" tcp-accept -U 127.0.0.1 0 true 2>"$folder/error"; }
  drop UID=0 GID=1 GIDLIST=1
  assertEquals 'uid 0' 100 $?
  drop -u UID GID=1 GIDLIST=1
  assertEquals 'no UID' 100 $?
  drop -u GID UID=65534 GIDLIST=1
  assertEquals 'no GID' 100 $?
  drop UID=x GID=1 GIDLIST=1
  assertEquals 'no number' 100 $?
  drop UID=65534 GID=1 GIDLIST=1,x
  assertEquals 'no list' 100 $?
}

test_user_without_root() {
  local -a as=()
  is_root && as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
  "${as[@]}" test -x "$(command -v tcp-accept)" || { skip 'the service user cannot reach the programs'; return; }
  "${as[@]}" env UID=1 GID=1 GIDLIST=1 tcp-accept -U 127.0.0.1 0 true 2>"$folder/error"
  assertEquals 'cannot become another' 111 $?
}

# ---- trouble ----

# How often it has waited for something.
waits() { awk '/^voluntary/ { print $2 }' "/proc/$server/status"; }

waited_again() { [ $(($(waits) - before)) -ge 3 ]; }

test_out_of_descriptors() {
  start tcp-accept READY 127.0.0.1 0 echo hello
  local limit=0
  while [ -e "/proc/$server/fd/$limit" ]; do limit=$((limit + 1)); done
  prlimit --pid "$server" --nofile="$limit": || { skip 'no prlimit'; finish; return; }
  ask >"$folder/answer" &
  local client=$!
  assertTrue 'it waits' 'wait_until logged event=pause'
  local before
  before=$(waits)
  assertTrue 'and tries again, and again' 'wait_until waited_again'
  assertTrue 'and says so once' 'logged_times event=pause 1'
  local ticks
  ticks=$(awk '{ print $14 + $15 }' "/proc/$server/stat")
  assertTrue 'and does not spin' "[ $ticks -lt 20 ]"
  prlimit --pid "$server" --nofile=256:
  wait "$client"
  assertEquals hello "$(cat "$folder/answer")"
  finish
}

test_clients_that_are_gone() {
  start tcp-accept READY 127.0.0.1 0 echo hello
  kill -STOP "$server"
  python3 -c '
import socket, struct, sys
for _ in range(50):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
' "$port"
  kill -CONT "$server"
  assertEquals hello "$(ask)"
  finish
  assertEquals 0 "$status"
}

test_program_that_does_not_start() {
  cp "$(type -P true)" "$folder/program"
  start tcp-accept READY 127.0.0.1 0 "$folder/program"
  assertEquals '' "$(ask)"
  rm "$folder/program"
  assertEquals "$trouble"$'\r' "$(ask)"
  assertTrue "wait_until logged 'event=refuse .*reason=spawn error=\"No such file or directory\"'"
  finish
}

zombies() { ps -o stat= --ppid "$server" | grep -c Z; }

# all_ended COUNT: of so many clients each was let in or refused, and each that was let in has an end.
all_ended() {
  local let_in refused
  let_in=$(grep -c event=accept "$log")
  refused=$(grep -c event=refuse "$log")
  [ $((let_in + refused)) -eq "$1" ] && logged_times event=end "$let_in"
}

test_no_zombies() {
  start tcp-accept READY -c 5 127.0.0.1 0 true
  python3 -c '
import socket, sys
for _ in range(60):
    pair = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(3)]
    for s in pair:
        s.recv(100)
        s.close()
' "$port"
  assertTrue 'each has an end' 'wait_until all_ended 180'
  assertEquals 0 "$(zombies)"
  assertTrue 'all counted off' "tail -n 1 '$log' | grep -q 'count=0/5 host_count=0/5'"
  finish
}

# ---- the log ----

test_log() {
  start tcp-accept READY 127.0.0.1 0 sh -c 'read -r how; case $how in k) kill -9 $$;; *) exit "$how";; esac'
  echo 7 | timeout "$PATIENCE" socat -t "$PATIENCE" - "TCP:127.0.0.1:$port"
  wait_until logged event=end
  echo k | timeout "$PATIENCE" socat -t "$PATIENCE" - "TCP:127.0.0.1:$port"
  assertTrue 'wait_until logged_times event=end 2'
  local id
  id=$(sed -n 's/.*session=\([0-9a-z]*\) event=accept .*/\1/p' "$log" | head -n 1)
  assertTrue "logged '^tcp-accept: session=$id event=accept remote=127.0.0.1 port=[0-9]+ local_port=$port pid=[0-9]+ count=1/100 host_count=1/100$'"
  assertTrue "logged '^tcp-accept: session=$id event=end duration=[0-9]+\.[0-9]{3} exit=7 count=0/100 host_count=0/100$'"
  assertTrue "logged 'event=end duration=[0-9]+\.[0-9]{3} signal=9 '"
  finish
}

# ---- the end ----

test_term_lets_sessions_finish() {
  start tcp-accept READY 127.0.0.1 0 sh -c 'read -r word; echo "got $word"'
  exec 5<>"/dev/tcp/127.0.0.1/$port"
  wait_until logged event=accept
  kill -TERM "$server"
  assertTrue "wait_until logged 'event=drain count=1'"
  assertFalse 'no more clients' 'ask 2>/dev/null'
  echo late >&5
  assertEquals 'got late' "$(cat <&5)"
  exec 5>&-
  ended
  assertEquals 0 "$status"
  assertTrue 'logged event=end'
}

test_term_ends_sessions_in_time() {
  start tcp-accept READY -t 0 127.0.0.1 0 cat
  exec 5<>"/dev/tcp/127.0.0.1/$port"
  wait_until logged event=accept
  finish
  assertEquals 0 "$status"
  assertTrue "logged 'event=terminate count=1'"
  # Who stands still for five seconds after that is killed, and not before.
  assertTrue "logged 'event=end .*signal=15' || logged 'event=end duration=([5-9]|[1-9][0-9]+)\..*signal=9'"
  exec 5>&-
}

test_second_term_ends_at_once() {
  start tcp-accept READY 127.0.0.1 0 sh -c 'trap "" TERM; echo deaf; while :; do read -r word; done'
  exec 5<>"/dev/tcp/127.0.0.1/$port"
  read -r -t "$PATIENCE" word <&5
  kill -TERM "$server"
  wait_until logged event=drain
  finish
  assertEquals 0 "$status"
  assertTrue "logged 'event=kill count=1'"
  assertTrue "logged 'event=end .*signal=9'"
  exec 5>&-
}

# ---- usage ----

usage() {
  tcp-accept "$@" 2>"$folder/error"
  assertEquals "$*" 100 $?
}

test_usage() {
  tcp-accept -h 2>"$folder/error"
  assertEquals 0 $?
  usage
  usage 127.0.0.1
  usage 127.0.0.1 25
  usage unix:"$folder/x"
  usage 127.0.0.1 65536 true
  usage 127.0.0.1 smtp true
  usage 127.0.0 25 true
  usage 127.0.0.1,,::1 25 true
  usage -c 0 127.0.0.1 0 true
  usage -c x 127.0.0.1 0 true
  assertContains "$(cat "$folder/error")" 'bad number for -c: x'
  usage -n 2 127.0.0.1 0 true
  usage -m 1000 unix:"$folder/x" true
  assertContains "$(cat "$folder/error")" 'bad mode for -m: 1000'
  usage -N 33,64 127.0.0.1 0 true
  usage -N 32 127.0.0.1 0 true
  usage -P gopher 127.0.0.1 0 true
  usage -B $'two\nlines' 127.0.0.1 0 true
  usage -m 888 unix:"$folder/x" true
  usage -z 127.0.0.1 0 true
}

# shellcheck source=/dev/null
. shunit2
