# A queue of a suite's own, and callers of a last link. Sourced by the suites.
# shellcheck shell=sh

# shellcheck source=tests/_needs.sh
. "$TOP/tests/_needs.sh"

call() { python3 -IS "$TOP/tests/queue/_caller.py" "$@"; }
show_entries() { python3 -IS "$TOP/tests/queue/_entry.py" "$@"; }

# The entries' names; nothing when there is none.
list_new() { ls "$FOLDER/queue/new"; }
count_new() { list_new | wc -l; }

# Everything that a failure might have left.
list_leftovers() { find "$FOLDER/queue/new" "$FOLDER/queue/tmp" -type f; }

make_queue() {
  mkdir -p "$1/new" "$1/tmp" "$1/state" "$1/bad"
  mkfifo "$1/trigger"
}

setUp() {
  export FOLDER
  FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/queue.XXXXXX")
  make_queue "$FOLDER/queue"
  export CHAINMAIL_QUEUE="$FOLDER/queue"
  message=$FOLDER/message envelope=$FOLDER/envelope
  printf 'Subject: x\n\nhello\n' >"$message"
  printf 'Fme@x.example\0Tyou@y.example\0\0' >"$envelope"
  unset MESSAGE_FILE QUEUE_ID ADD_HEADERS CUT_RANGES SESSION_ID PROTO TCPREMOTEIP ERROR_FD
}

tearDown() {
  [ -z "${FOLDER:-}" ] || rm -rf "$FOLDER"
  FOLDER=
}
