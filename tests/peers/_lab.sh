# shellcheck shell=sh
# _lab.sh: a network of a suite's own, where mail hosts that others wrote have addresses, names and
# port 25. Sourced first; the rest of the suite then runs in it.
#
#   make_lab             the folder LAB, a certificate for every host; nothing runs yet
#   start_host NAME      postfix, exim or opensmtpd: NAME.example takes all mail for itself, and keeps
#                        it in LAB/mail/NAME; 1 if it is not here
#   is_started NAME
#   start_names          nsd on 192.0.2.53, with the zones LAB/zones/*: each file is named after its zone
#   kept NAME [COUNT]    waits until it has so many (1) messages; prints their paths
#   end_lab              ends them all, removes LAB
#
# 192.0.2.0/24 and 2001:db8::/64 are here, every address of them. We are 192.0.2.1.

TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
PEERS=${PEERS:-$TOP/build/peers}
export TOP PEERS

. "$TOP/tests/_chain.sh"
. "$TOP/tests/dns/_nsd.sh"

# Nothing leaves such a network. Only root may make one, and run the hosts in it.
if [ -z "${LAB_NETWORK-}" ]; then
  { is_root && unshare -m -n ip link set lo up 2>/dev/null; } ||
    skip_all 'no network of its own can be made here'
  [ -x "$NSD" ] || skip_all 'there is no nsd'
  LAB_NETWORK=yes exec unshare -n "$0" "$@"
fi

LAB=
LAB_PIDS=
LAB_HOSTS=

make_lab() {
  LAB=$(mktemp -d "${TMPDIR:-/tmp}/lab.XXXXXX")
  export LAB
  chmod 711 "$LAB"
  mkdir -p "$LAB/zones" "$LAB/mail"
  chmod 777 "$LAB/mail"
  ip link set lo up && ip route add local 192.0.2.0/24 dev lo && ip -6 route add local 2001:db8::/64 dev lo
  echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind # IPv4's addresses may be bound as it is
  make_certificate
} 2>/dev/null

make_certificate() {
  set -- req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256
  openssl "$@" -x509 -days 3650 -subj '/CN=An authority' \
    -addext basicConstraints=critical,CA:TRUE -keyout "$LAB/ca.key" -out "$LAB/ca"
  openssl "$@" -subj /CN=host -keyout "$LAB/key" -out "$LAB/request"
  echo 'subjectAltName=DNS:postfix.example,DNS:exim.example,DNS:opensmtpd.example' >"$LAB/extensions"
  openssl x509 -req -sha256 -days 3650 -in "$LAB/request" -CA "$LAB/ca" -CAkey "$LAB/ca.key" \
    -CAcreateserial -CAserial "$LAB/serial" -extfile "$LAB/extensions" -out "$LAB/certificate"
}

host_address() {
  case $1 in postfix) echo 192.0.2.10 ;; exim) echo 192.0.2.11 ;; opensmtpd) echo 192.0.2.12 ;; esac
}

host_is_here() {
  for program in "$PEERS/$1"/usr/lib/postfix/sbin/master "$PEERS/$1"/usr/sbin/exim4 "$PEERS/$1"/usr/sbin/smtpd; do
    [ ! -x "$program" ] || return 0
  done
  return 1
}

start_host() {
  peer=$1
  [ "$1" != exim ] || peer=exim4
  host_is_here "$peer" || return
  "$TOP/tests/peers/_in_place" "$peer" sh "$TOP/tests/peers/_$1.sh" >"$LAB/$1.out" 2>&1 </dev/null &
  LAB_PIDS="$LAB_PIDS $!"
  if wait_until greets "$(host_address "$1")" 25; then LAB_HOSTS="$LAB_HOSTS $1" && return; fi
  fail "$1 does not start: $(tail "$LAB/$1".*)"
}

is_started() { case " $LAB_HOSTS " in *" $1 "*) return 0 ;; *) return 1 ;; esac }

# It is not spoken to: who speaks first is sent away by some.
greets() {
  python3 -IS -c 'import socket, sys
host = socket.create_connection((sys.argv[1], int(sys.argv[2])), 60)
sys.exit(not host.makefile("rb").readline().startswith(b"220"))' "$1" "$2" 2>/dev/null
}

start_names() {
  start_nsd "$LAB/zones" 192.0.2.53 53 || fail "nsd does not start: $(cat "$LAB/zones/log")"
  DNSCACHEIP=192.0.2.53
  export DNSCACHEIP
}

list_kept() { find "$LAB/mail/$1/new" -type f 2>/dev/null | sort; }
has_kept() { [ "$(list_kept "$1" | wc -l)" -ge "$2" ]; }
kept() {
  wait_until has_kept "$1" "${2:-1}" || { tail -n 30 "$LAB/$1".* "$CHAIN"/*.log >&2; return 1; }
  list_kept "$1"
}

# _in_place heeds nothing less; and what it runs, the first of its processes, may have changed its user,
# and does not die with it.
end_of_lab() {
  # shellcheck disable=SC2046 # words are wanted
  kill -9 "$1" $(pgrep -P "$1") && wait "$1"
} 2>/dev/null

end_lab() {
  for pid in $LAB_PIDS; do end_of_lab "$pid"; done
  LAB_PIDS=
  stop_nsd
  [ -z "$LAB" ] || rm -rf "$LAB"
  LAB=
}
