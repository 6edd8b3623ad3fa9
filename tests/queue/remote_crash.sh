#!/bin/sh
# What takes mail away from here, killed at system calls of a delivery: deliver-smtp, deliver-lmtp,
# deliver-pipe, deliver-forward, and queue-send with deliverers that live on. When all run again, each
# message is where it belongs, whole, and what failed for good is told of. make check takes a sample.
# check-crash: 1800
# not confined: strace starts the programs, and deliverers that it starts
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"
. "$TOP/tests/queue/_crash.sh"

oneTimeSetUp() {
  KEPT=$(mktemp -d "${TMPDIR:-/tmp}/kept.XXXXXX")
  mkfifo "$KEPT/ready"
  python3 -IS "$TOP/tests/deliver/_keeper.py" "$KEPT/ledger" >"$KEPT/ready" 2>"$KEPT/log" &
  KEEPER_PID=$!
  read -r KEEPER_PORT <"$KEPT/ready"
}

oneTimeTearDown() {
  [ -z "${KEEPER_PID-}" ] || end_process "$KEEPER_PID"
  [ -z "${KEPT-}" ] || rm -rf "$KEPT"
  KEEPER_PID='' KEPT=''
}

setUp() {
  make_chain
  MAIL=$CHAIN/mail QUEUE=$CHAINMAIL_QUEUE
  write_command
  CHAIN_SEND="-w pipe=$CHAIN/deliver-pipe"
  add_routes <<END
known@only.example  maildir known
@smtp.example       smarthost 127.0.0.1:$KEEPER_PORT
@lmtp.example       lmtp 127.0.0.1:$KEEPER_PORT
@pipe.example       pipe $CHAIN/command
a@forward.example   forward a@example.test
b@forward.example   forward b@example.test
c@forward.example   forward c@example.test
nobody@forward.example forward nobody@only.example
END
}

# What a pipe leads to: it keeps the same books as the host.
write_command() {
  cat >"$CHAIN/command" <<END
#!/bin/sh
[ "\$LOCAL" != nobody ] || { echo '5.1.1 nobody here'; exit 100; }
message=\$(cat)
case \$message in *'

hello') state=whole ;; *) state=torn ;; esac
echo "\$(echo "\$message" | sed -n 's/^Subject: //p') \$RECIPIENT \$state" >>$KEPT/ledger
END
  printf '#!/bin/sh\nexec deliver-pipe -r\n' >"$CHAIN/deliver-pipe" # for root, too
  chmod +x "$CHAIN/command" "$CHAIN/deliver-pipe"
}

# Three messages to whatever channel serves a domain: one recipient; two; and one of whose two there
# is none, which makes a bounce.
fill_queue() {
  rm -rf "${MAIL:?}" "$QUEUE"/new/* "$QUEUE"/state/* "$KEPT/ledger"
  : >"$KEPT/ledger"
  send one me@example.org "a@$1"
  send two me@example.org "a@$1" "b@$1"
  send three sender@example.test "c@$1" "nobody@$1"
}

send() {
  printf 'Subject: %s\n\nhello\n' "$1" >"$CHAIN/message"
  shift
  inject "$@"
}

is_done() { is_empty && box_has sender 1; }

# What is to come: subject and recipient.
expected() { printf '%s\n' "one a@$1" "three c@$1" "two a@$1" "two b@$1"; }

# What has come to a domain; forwarded mail is in Maildirs here. A command that a killed deliverer has left
# behind may have noted something for another test's domain.
ledger() {
  cut -d ' ' -f 1,2 "$KEPT/ledger" | grep "@$1\$"
  [ "$1" = forward.example ] || return
  for box in a b c; do
    for file in "$MAIL/$box"/new/*; do
      [ ! -e "$file" ] || echo "$(sed -n 's/^Subject: //p' "$file") $box@$1"
    done
  done
}

# check_outcome WORDS DOMAIN: each at least once, nothing else, none torn
check_outcome() {
  is_done || fail "$1: the queue is not done: $(ls "$QUEUE/new" "$QUEUE/state")"
  assertEquals "$1" "$(expected "$2")" "$(ledger "$2" | sort -u)"
  assertEquals "$1: none torn" '' "$(grep torn "$KEPT/ledger"; find "$MAIL"/[abc] -path '*/new/*' \
    -exec grep -Lx hello {} + 2>/dev/null)"
  assertEquals "$1: none set aside" '' "$(ls "$QUEUE/bad")"
  assertTrue "$1: a bounce" "grep -q '^Status: 5.1.1' '$MAIL'/sender/new/*"
}

check_once() {
  check_outcome "$@"
  assertEquals "$1: each once" "$(expected "$2")" "$(ledger "$2" | sort)"
  assertEquals "$1: one bounce" 1 "$(list_box sender | wc -l)"
}

# A sample of lines; each of them in make check-crash.
sample() { if [ -n "${CHECK_CRASH-}" ]; then cat; else awk -v n="$1" 'NR % n == 1'; fi; }

# kill_deliverer CHANNEL PROGRAM DOMAIN START
kill_deliverer() {
  needs_tracing || return 0
  fill_queue "$3"
  run_send queue-send -w "$1=1" -w "$1=strace -qq -o $CHAIN/trace $2" || fail "$2: not done"
  check_once "$2" "$3"
  list_calls "$4" "$CHAIN/trace" >"$CHAIN/calls"
  assertTrue 'there are calls' "[ $(grep -c '' "$CHAIN/calls") -gt 10 ]"
  sample 4 <"$CHAIN/calls" >"$CHAIN/sample"
  while read -r call; do
    fill_queue "$3"
    run_send_briefly queue-send -w "$1=1" -w "$1=strace -qq -o /dev/null -e inject=$call $2"
    is_done || recover
    check_outcome "$2 $call" "$3"
  done <"$CHAIN/sample"
}

test_kill_deliver_smtp() { kill_deliverer remote deliver-smtp smtp.example 'recvmsg('; }
test_kill_deliver_lmtp() { kill_deliverer lmtp deliver-lmtp lmtp.example 'recvmsg('; }
test_kill_deliver_pipe() { kill_deliverer pipe 'deliver-pipe -r' pipe.example 'recvmsg('; }
test_kill_deliver_forward() { kill_deliverer forward deliver-forward forward.example 'recvmsg('; }

# The deliverer goes on with what it has, and what it then has to say nobody hears.
test_kill_scheduler() {
  needs_tracing || return 0
  fill_queue smtp.example
  run_send strace -qq -o "$CHAIN/trace" queue-send || fail 'not done'
  check_once 'not killed' smtp.example
  list_calls '"lock"' "$CHAIN/trace" >"$CHAIN/calls"
  assertTrue 'there are calls' "[ $(grep -c '' "$CHAIN/calls") -gt 15 ]"
  sample 4 <"$CHAIN/calls" >"$CHAIN/sample"
  while read -r call; do
    fill_queue smtp.example
    run_send strace -qq -o /dev/null -e "inject=$call" queue-send
    is_done || recover
    check_outcome "queue-send $call" smtp.example
  done <"$CHAIN/sample"
}

# All of them, at any time, under load.
test_kill_at_random() {
  : >"$KEPT/ledger"
  rounds=6
  [ -z "${CHECK_CRASH-}" ] || rounds=60
  for round in $(seq "$rounds"); do
    for i in 1 2 3 4 5 6; do
      send "$round.$i" me@example.org "a$i@smtp.example" "b$i@lmtp.example" "c$i@pipe.example"
    done
    # shellcheck disable=SC2086 # words are wanted
    queue-send $CHAIN_SEND 2>>"$CHAIN/send.log" &
    SEND_PID=$!
    wait_until has_lines $((round * 6))
    # shellcheck disable=SC2046 # words are wanted
    kill -9 $(pgrep -P "$SEND_PID" | shuf -n $((round % 5))) "$SEND_PID" 2>/dev/null
    wait "$SEND_PID" 2>/dev/null
  done
  start_send
  wait_until retry_until_empty || fail "the queue is not empty: $(tail -n 20 "$CHAIN/send.log")"
  assertEquals 'none is lost' $((rounds * 18)) "$(grep '^[1-9]' "$KEPT/ledger" | cut -d ' ' -f 1,2 | sort -u | wc -l)"
  assertEquals 'none is torn' '' "$(grep -v whole "$KEPT/ledger")"
}
has_lines() { [ "$(wc -l <"$KEPT/ledger")" -ge "$1" ]; }
retry_until_empty() { is_empty || { kill -ALRM "$SEND_PID" && false; }; }

# shellcheck source=/dev/null
. shunit2
