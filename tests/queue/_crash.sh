# shellcheck shell=sh
# _crash.sh: queue-send and its deliverers, killed at system calls. Sourced after tests/queue/_send.sh.
# The suite has a function is_done: all that is to be delivered has been.
#
#   list_calls START TRACE       strace's words for each call of a trace that is worth dying at, from the
#                                first line that holds START on
#   run_send COMMAND...          queue-send, until all is done or it is dead
#   run_send_briefly COMMAND...  the same, or until it has lost a deliverer
#   recover                      runs it as it should be, until all is done
# shellcheck disable=SC2086 # words are wanted

# Those that change nothing, or nothing that death does not, are left out: to die at one of them is to
# die at the next.
changes_nothing='brk mmap munmap rt_sig clock_ fstat stat newfstatat access pread64 fcntl getdents64 poll
prctl prlimit64 signalfd4 uname getpid gettimeofday close: socketpair'
[ -z "${CHECK_CRASH-}" ] || changes_nothing=nothing # all are tried
list_calls() {
  awk -F '(' '/^[a-z]/ { n[$1]++ }
    index($0, start) { main = 1 }
    /^open/ && !/O_CREAT|O_TMPFILE/ { next }
    main && $1 != "exit_group" && /^[a-z]/ { print $1 ":signal=KILL:when=" n[$1] }' start="$1" "$2" |
    grep -v -E "^($(echo $changes_nothing | tr ' ' '|'))"
}

run_send() { run_until is_over "$@"; }
run_send_briefly() {
  : >"$CHAIN/send.log"
  run_until is_over_or_lost "$@"
}

# False if neither came true in time. The log ends when all have ended that may write there: a deliverer
# that lives on would deliver while the next ones run.
run_until() {
  condition=$1
  shift
  make_ready "$CHAIN/said"
  timeout $((5 * PATIENCE)) cat "$CHAIN/said" >>"$CHAIN/send.log" &
  log_pid=$!
  "$@" 2>"$CHAIN/said" &
  SEND_PID=$!
  wait_until $condition
  ended=$?
  stop_children "$SEND_PID"
  wait "$SEND_PID" 2>/dev/null
  SEND_PID=
  wait "$log_pid" || fail 'a deliverer lives on'
  return $ended
}

is_over() { is_done || has_ended "$SEND_PID"; }
is_over_or_lost() { is_over || grep -q event=worker-lost "$CHAIN/send.log"; }

# strace forwards no signals: those below it are asked to end.
stop_children() {
  for child in $(pgrep -P "$1" -x queue-send) $1; do
    [ "$(ps -o comm= -p "$child")" = strace ] || kill -TERM "$child" 2>/dev/null
  done
}

# A worker that dies makes its jobs wait for a retry: the signal shortens that.
recover() {
  start_send && wait_until retry_until_done
  stop_send
}

retry_until_done() { is_done || { kill -ALRM "$SEND_PID" && false; }; }
