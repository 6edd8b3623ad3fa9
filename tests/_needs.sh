# shellcheck shell=sh
# _needs.sh: what a test needs of the machine, and how it says that this is missing: tests/run counts it as
# skipped then, and shows why. Suites source it.
#
#   is_root                who runs the suite
#   is_confined            all that it starts is: make check CONFINE=1
#   is_sanitized           the programs have sanitizers: make check-san
#   can_mount              in a mount namespace of its own
#   can_confine            the kernel does what confine(8) asks of it
#
#   skip REASON            true; what is asserted from here to the end of the test does not count
#                            is_root || { skip 'only root can give files away'; return; }
#                            is_confined && skip 'no profile allows to trace' && return
#   skip_all REASON        ends the suite, which has not read shunit2 yet
#
# Where what they ask for is missing these skip, and are false: needs_strace || return 0
#   needs_program NAME     of the system's
#   needs_peer NAME FILE   PEERS/NAME/FILE, of those that scripts/peers.sh unpacks
#   needs_strace           and it may trace
#   needs_tracing          that, of programs without sanitizers: their search for leaks is a tracer, too, and
#                          there can be but one
#   needs_elsewhere        a folder that no program of a chain may write to: ELSEWHERE
#   needs_sight            into programs that cannot be dumped: their descriptors, their environment

is_root() { [ "$(id -u)" -eq 0 ]; }
is_confined() { [ -n "${CONFINE-}" ]; }
is_sanitized() { [ -n "${CHECK_SAN-}" ]; }
can_mount() { unshare --mount true 2>/dev/null; }
can_confine() { confine -s -p foreign true 2>/dev/null; }

skip() {
  echo "skip - $1"
  startSkipping
}

skip_all() {
  echo "skip - $1"
  exit 0
}

needs_program() { command -v "$1" >/dev/null || ! skip "there is no $1"; }
needs_peer() { [ -x "$PEERS/$1/$2" ] || ! skip "there is no $1: scripts/peers.sh could not fetch it"; }
needs_strace() { strace -qq -o /dev/null true 2>/dev/null || ! skip 'strace cannot trace here'; }
needs_tracing() {
  if is_sanitized; then ! skip 'what has sanitizers cannot be traced'; else needs_strace; fi
}
needs_elsewhere() { [ -w "${ELSEWHERE:=/var/lib}" ] || ! skip "this user may not write to $ELSEWHERE"; }
needs_sight() { is_root || ! skip 'only root sees into programs that cannot be dumped'; }
