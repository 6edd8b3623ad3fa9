# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets is for suites
# _chain.sh: a mail host of a suite's own, on loopback. Suites that talk to a real chain source it, and
# have what is in _wait.sh and _needs.sh with it.
#
#   make_chain             the folder CHAIN: conf/, queue/, mail/, log; nothing runs yet
#   start_chain            make_chain unless that was done, start_smtp, start_send
#   start_smtp start_send  each returns when its program is ready; 1 and its log if it is not
#   stop_smtp stop_send    ends it and waits for it
#   stop_chain             ends both and removes CHAIN
#   deliveries BOX [COUNT] waits until COUNT (1) messages lie in a mailbox, prints their paths
#   free_port [COUNT]      prints one, or so many, for programs that cannot be given port 0
#
# Everyone at example.test and localhost is known: box@example.test has the Maildir mail/box.
# To be set before, where the usual is not right:
#   CHAIN_ACCEPT  options of tcp-accept
#   CHAIN_FRONT   what it runs, as the words of a command (smtp-front queue-inject)
#   CHAIN_SEND    options of queue-send
# They set CHAIN, SMTP_PORT, SMTP_PID, SEND_PID, CHAINMAIL_CONF, CHAINMAIL_QUEUE, CHAINMAIL_RUN.

CHAIN_TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/_wait.sh
. "$CHAIN_TOP/tests/_wait.sh"
# shellcheck source=tests/_needs.sh
. "$CHAIN_TOP/tests/_needs.sh"
CHAIN=
SMTP_PID=
SEND_PID=

make_chain() {
  CHAIN=$(mktemp -d "${TMPDIR:-/tmp}/chain.XXXXXX")
  export CHAINMAIL_CONF="$CHAIN/conf" CHAINMAIL_QUEUE="$CHAIN/queue" CHAINMAIL_RUN="$CHAIN/run"
  CHAINMAIL_LOG=$CHAIN/logs CHAINMAIL_MAIL=$CHAIN/mail \
    "$CHAIN_TOP/scripts/setup.sh" -1 -m mx.example.test
  cat >"$CHAINMAIL_CONF/routes" <<END
base $CHAIN/mail
@example.test  maildir %l
@localhost     maildir %l
postmaster     alias   box@example.test
END
  route-compile "$CHAINMAIL_CONF/routes"
}

# start_program LOG COMMAND...: sets STARTED. The command tells on fd 3 that it is ready.
start_program() {
  log=$1
  shift
  make_ready "$CHAIN/ready"
  "$@" 3>"$CHAIN/ready" >>"$CHAIN/$log" 2>&1 </dev/null &
  STARTED=$!
  await_ready "$CHAIN/ready" && return
  echo "not ready: $*" >&2
  cat "$CHAIN/$log" >&2
  return 1
}

start_smtp() {
  # shellcheck disable=SC2086 # words are wanted
  start_program smtp.log tcp-accept -n 3 ${CHAIN_ACCEPT-} 127.0.0.1 0 \
    ${CHAIN_FRONT:-smtp-front queue-inject} || return
  SMTP_PID=$STARTED
  SMTP_PORT=$(sed -n 's/.*event=listen .*port=\([0-9]*\).*/\1/p' "$CHAIN/smtp.log" | tail -n 1)
}

start_send() {
  # shellcheck disable=SC2086 # words are wanted
  start_program send.log queue-send -n 3 -w maildir=deliver-maildir ${CHAIN_SEND-} || return
  SEND_PID=$STARTED
}

start_chain() {
  [ -n "$CHAIN" ] || make_chain || return
  start_smtp && start_send
}

stop_smtp() {
  [ -z "$SMTP_PID" ] || end_process "$SMTP_PID"
  SMTP_PID=
}

stop_send() {
  [ -z "$SEND_PID" ] || end_process "$SEND_PID"
  SEND_PID=
}

stop_chain() {
  stop_smtp
  stop_send
  [ -z "$CHAIN" ] || rm -rf "$CHAIN"
  CHAIN=
}

end_process() {
  kill "$1" 2>/dev/null
  wait_until has_ended "$1" || kill -9 "$1" 2>/dev/null
  wait "$1" 2>/dev/null
  return 0
}

list_box() { find "$CHAIN/mail/$1/new" -type f 2>/dev/null | sort; }
box_has() { [ "$(list_box "$1" | wc -l)" -ge "$2" ]; }

deliveries() {
  if wait_until box_has "$1" "${2:-1}"; then list_box "$1"; else
    echo "mail/$1 has not got ${2:-1} messages" >&2
    tail -n 20 "$CHAIN"/*.log >&2
    return 1
  fi
}

# shellcheck disable=SC2120 # COUNT need not be given
free_port() { "$CHAIN_TOP/tests/_free_port" "$@"; }
