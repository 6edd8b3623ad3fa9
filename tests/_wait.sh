# shellcheck shell=sh
# _wait.sh: what suites wait for, and how long. That a machine stands still for seconds, or has noisy
# neighbours, is no fault of what is tested. Suites source it; for those in Python: _check.py.
#
#   PATIENCE               seconds until something that must come counts as missing
#   wait_until COMMAND...  tries it until it is true; 1 if that took too long
#   make_ready FILE        a named pipe for one program to tell that it is ready, in the place of the last
#                          one's: that one may have it open for a moment yet, and so end it for others
#   await_ready FILE       a line has come from it; 1 if none came
#   listens PORT|PATH      a TCP port, or a unix socket, takes connections: the latter's name is there a
#                          moment before that
#   has_ended PID          true of a zombie, too: a child that nobody has waited for yet

PATIENCE=60

# Tries are counted, not seconds: the time for which this shell itself stood still is nobody's.
wait_until() {
  tries=$((PATIENCE * 20))
  until "$@"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.05
  done
}

make_ready() { rm -f "$1" && mkfifo "$1"; }
await_ready() { timeout "$PATIENCE" grep -q '^' "$1"; }

listens() {
  case $1 in
    /*) grep -q " 00010000 .* $1\$" /proc/net/unix ;; # __SO_ACCEPTCON
    *) grep -q ":$(printf %04X "$1") .* 0A " /proc/net/tcp /proc/net/tcp6 ;; # TCP_LISTEN
  esac
}

has_ended() {
  case $(ps -o stat= -p "$1") in '' | Z*) return 0 ;; esac
  return 1
}
