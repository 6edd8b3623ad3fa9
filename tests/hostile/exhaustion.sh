#!/bin/sh
# Descriptors, memory and processes run out: whoever can be served is, all others are told to come back,
# what was accepted arrives, and all is well as soon as there is enough again.
# not confined: limits of memory and processes are made for the programs alone
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/hostile/_hostile.sh
. "$(dirname "$0")/_hostile.sh"

GROUP=
CHAIN_SEND='-w maildir=1 -w forward=1'

oneTimeSetUp() { make_chain && make_limited && start_send || exit 1; }

oneTimeTearDown() {
  stop_chain
  leave_group
}

make_limited() {
  cat >"$CHAIN/limited" <<'END'
#!/bin/sh
# shellcheck disable=SC2046 # words are wanted
ulimit $(cat "${0%/*}/limit") && exec "$@"
END
  chmod +x "$CHAIN/limited"
}

exhaustion() {
  export GROUP
  play _exhaustion.py "$@"
}

# front WORD...: the chain, behind a limit
front() { CHAIN_FRONT="$CHAIN/limited $*" restart_smtp; }

test_descriptors() {
  front smtp-front -Q && exhaustion sessions n 3 14 1 descriptors-here
  front smtp-front queue-inject && exhaustion sessions n 3 14 1 descriptors-chain
}

test_memory() {
  is_sanitized && skip 'sanitizers need all of the address space' && return
  front smtp-front -Q && exhaustion sessions v 200 2200 100 memory-here
  front smtp-front queue-inject && exhaustion sessions v 200 2200 100 memory-chain
}

# join_group PROCESS...: a cgroup of their own, whose processes are counted
join_group() {
  leave_group
  GROUP=/sys/fs/cgroup/pids/chainmail.$$
  if ! mkdir "$GROUP" 2>/dev/null; then GROUP= && return 1; fi
  for pid in "$@"; do echo "$pid" >"$GROUP/cgroup.procs" || return; done
}

# Whoever is still in it goes where all others are.
leave_group() {
  [ -n "$GROUP" ] || return 0
  while read -r pid; do
    echo "$pid" >/sys/fs/cgroup/pids/cgroup.procs
  done <"$GROUP/cgroup.procs"
  wait_until rmdir "$GROUP" 2>/dev/null
  GROUP=
}

# few_processes SCENARIO WHO: of the acceptor and queue-send, which are new, and have no children
few_processes() {
  stop_send
  start_send
  CHAIN_FRONT="smtp-front queue-inject" restart_smtp
  who=$SEND_PID
  [ "$2" = send ] || who="$SMTP_PID $SEND_PID"
  # shellcheck disable=SC2086 # words are wanted
  if join_group $who; then exhaustion "$1"; else skip 'no cgroup for processes can be made here'; fi
}

test_no_process_for_a_session() { few_processes no_process_for_a_session both; }
test_no_process_for_a_message() { few_processes no_process_for_a_message both; }
test_no_process_for_a_deliverer() { few_processes no_process_for_a_deliverer send; }

# shellcheck source=/dev/null
. shunit2
