# shellcheck shell=sh
# _nsd.sh: nsd, a name server that others wrote, from build/peers.
#
#   start_nsd FOLDER [ADDRESS [PORT]]   serves each file FOLDER/*.zone as the zone it is named after,
#                                       example.zone as example, on 127.0.0.1 and a free port unless
#                                       others are named; sets NSD_PID and NSD_PORT. 1, and FOLDER/log,
#                                       if it does not start.
#   stop_nsd

# shellcheck source=tests/_wait.sh
. "${TOP:-.}/tests/_wait.sh"
NSD=${PEERS:-${TOP:-.}/build/peers}/nsd/bin/nsd
NSD_PID=

write_nsd_conf() { # FOLDER ADDRESS PORT
  cat <<END_CONF
server:
  ip-address: $2@$3
  username: ""
  chroot: ""
  zonesdir: "$1"
  database: ""
  pidfile: "$1/pid"
  xfrdfile: "$1/xfrd"
  zonelistfile: "$1/list"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
END_CONF
  for zone in "$1"/*.zone; do
    name=${zone##*/}
    printf 'zone:\n  name: "%s"\n  zonefile: "%s"\n' "${name%.zone}" "$name"
  done
}

start_nsd() {
  NSD_PORT=${3:-$("${TOP:-.}/tests/_free_port")}
  write_nsd_conf "$1" "${2:-127.0.0.1}" "$NSD_PORT" >"$1/nsd.conf"
  "$NSD" -d -c "$1/nsd.conf" >"$1/log" 2>&1 &
  NSD_PID=$!
  wait_until nsd_answers_or_ended "${2:-127.0.0.1}" "$NSD_PORT" && ! has_ended "$NSD_PID"
}

nsd_answers_or_ended() { nsd_answers "$@" || has_ended "$NSD_PID"; }

# Any answer will do.
nsd_answers() {
  python3 - "$1" "$2" <<'END_PYTHON'
import socket, sys
question = b"\0\1\0\0\0\1\0\0\0\0\0\0" + b"\4none\0" + b"\0\1\0\1"
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.settimeout(1)
asker.connect((sys.argv[1], int(sys.argv[2])))
try:
    asker.send(question)
    sys.exit(not asker.recv(512))
except OSError:
    sys.exit(1)
END_PYTHON
}

stop_nsd() {
  [ -z "$NSD_PID" ] || { kill "$NSD_PID" && wait "$NSD_PID"; } 2>/dev/null
  NSD_PID=
}
