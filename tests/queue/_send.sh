# Queues that queue-send serves, for the suites about it. Sourced after tests/_chain.sh.
# shellcheck shell=sh

setUp() {
  make_chain
  MAIL=$CHAIN/mail QUEUE=$CHAINMAIL_QUEUE
  echo 'known@only.example  maildir known' | add_routes
  printf 'Subject: x\n\nhello\n' >"$CHAIN/message"
}

tearDown() {
  stop_chain
  unset CHAIN_SEND
}

# put_message PARAMETERS SENDER RECIPIENT...: queues $CHAIN/message with the facts that $facts has
put_message() {
  parameters=$1
  printf 'F%s\0' "$2" >"$CHAIN/envelope"
  shift 2
  printf 'T%s\0' "$@" >>"$CHAIN/envelope"
  # shellcheck disable=SC2059 # it is a format
  printf "\0$parameters" >>"$CHAIN/envelope"
  # shellcheck disable=SC2086 # words are wanted
  env $facts queue-inject <"$CHAIN/message" 1<"$CHAIN/envelope"
}

# inject [NAME=value...] SENDER RECIPIENT...: puts $CHAIN/message into the queue
inject() {
  facts=
  while case $1 in *=*) true ;; *) false ;; esac do
    facts="$facts $1"
    shift
  done
  put_message '' "$@"
}

# inject_with [NAME=value...] PARAMETERS SENDER RECIPIENT...: P records, as printf has them, behind the envelope
inject_with() {
  facts=
  while case $1 in *\\0*) false ;; *=*) true ;; *) false ;; esac do
    facts="$facts $1"
    shift
  done
  put_message "$@"
}

# read_report FILE: a line per recipient: action, status, final recipient, diagnosis; then the types
# of the parts
read_report() {
  python3 -IS - "$1" <<'END'
import email, sys
from email import policy
with open(sys.argv[1], "rb") as file:
    message = email.message_from_binary_file(file, policy=policy.default)
parts = list(message.iter_parts())
for fields in parts[1].get_payload()[1:]:
    print(fields["Action"], fields["Status"], fields["Final-Recipient"],
          " ".join(str(fields.get("Diagnostic-Code", "-")).split()), fields.get("Remote-MTA", "-"))
print(message.get_content_type(), message["Auto-Submitted"], *[p.get_content_type() for p in parts])
END
}

# make_id SECONDS: an id of so many seconds ago
make_id() {
  python3 -c 'import sys, time
n, s = int((time.time() - int(sys.argv[1])) * 1e6), ""
for _ in range(10): n, d = divmod(n, 36); s = "0123456789abcdefghijklmnopqrstuvwxyz"[d] + s
print(s + "aaaaaa")' "$1"
}

set_conf() { echo "$2" >"$CHAINMAIL_CONF/$1"; }

add_routes() {
  cat >>"$CHAINMAIL_CONF/routes" && route-compile "$CHAINMAIL_CONF/routes"
}

count_entries() { find "$QUEUE/new" -type f | wc -l; }
has_entries() { [ "$(count_entries)" -eq "$1" ]; }
entries_left() { wait_until has_entries "$1" || fail "$(count_entries) in the queue, not $1"; }
last_entry() { find "$QUEUE/new" -type f | sort | tail -n 1; } # ids sort by time
is_empty() { [ -z "$(find "$QUEUE/new" "$QUEUE/state" -type f)" ]; }

delivered_all() { wait_until is_empty || fail "the queue is not empty: $(tail -n 20 "$CHAIN/send.log")"; }

# has_logged PATTERN [COUNT]: the log of queue-send has so many (1) such lines
has_logged() { [ "$(grep -c "$1" "$CHAIN/send.log")" -ge "${2:-1}" ]; }
logged() {
  wait_until has_logged "$@" || {
    fail "not logged: $*"
    tail -n 20 "$CHAIN/send.log"
  }
}

# Deliverers of the channel remote that do what answer says; what they are given is in OUT/jobs.
serve_remote() {
  OUT=$CHAIN/out
  mkdir -p "$OUT"
  printf '#!/bin/sh\nexec python3 -IS %s %s\n' "$TOP/tests/queue/_deliverer.py" "$OUT" >"$CHAIN/remote"
  chmod +x "$CHAIN/remote"
  # shellcheck disable=SC2034 # for start_send
  CHAIN_SEND="-w remote=1 -w remote=$CHAIN/remote"
}

# answer ARGUMENT|RECIPIENT VERDICT: what is said from now on; see _deliverer.py
answer() { printf '%s %s\n' "$1" "$2" >>"$OUT/answers"; }
answer_all() { rm -f "$OUT/answers"; }

# list_jobs [PATTERN]: the jobs that were given: deliverer, id, sender, recipient, argument
list_jobs() { grep -s -e "${1:-}" "$OUT/jobs"; }
has_jobs() { [ "$(list_jobs "$1" | wc -l)" -ge "$2" ]; }
jobs_come() { wait_until has_jobs "$@" || fail "there are not $2 jobs for $1"; }

count_box() { list_box "$1" | wc -l; }

# A file where a Maildir should be: no deliverer can make one there, not even as root.
break_box() { rm -rf "${MAIL:?}/$1" && mkdir -p "$MAIL" && echo broken >"$MAIL/$1"; }
mend_box() { rm "$MAIL/$1"; }
