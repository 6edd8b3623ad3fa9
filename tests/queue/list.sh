#!/bin/sh
# queue-list: both forms, and what it says when it may not read. No queue-send runs here: the logs
# are made by hand.
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"

ID=hock9tq2oeauptqs # 20 November 2026

# log LINE...: the log of the entry that was injected last
log() { printf '%s\n' "$@" >"$QUEUE/state/$(basename "$(last_entry)")"; }

list_plain() { queue-list -p | tr '\t' '|'; }

test_nothing() {
  assertEquals '0 messages' "$(queue-list)"
  assertEquals '' "$(queue-list -p)"
  assertEquals 0 "$(queue-list >/dev/null; echo $?)"
}

test_states() {
  inject QUEUE_ID=$ID me@example.org new@x.example deferred@x.example failed@x.example \
    expired@x.example delivered@x.example
  soon=$(($(date +%s) + 3630))
  log '1 t 1 - 0 4.2.2 full' '1 p 2 - 0 5.1.1 nobody' '1 x 3 - 0 4.4.1 silence' '1 d 4 - 0 ' \
    '1 r 0 - 5 ' "2 r 0 - ${soon}000000 "
  born=1795210400 # in the id
  assertEquals "$ID|$born|18|me@example.org|new@x.example|new|0|0|
$ID|$born|18|me@example.org|deferred@x.example|deferred|2|$soon|4.2.2 full
$ID|$born|18|me@example.org|failed@x.example|failed|2|0|5.1.1 nobody
$ID|$born|18|me@example.org|expired@x.example|expired|2|0|4.4.1 silence" "$(list_plain)"
  assertEquals "    new@x.example                     new
    deferred@x.example                deferred after 2 attempts, next in 60m: 4.2.2 full
    failed@x.example                  failed after 2 attempts: 5.1.1 nobody
    expired@x.example                 expired after 2 attempts: 4.4.1 silence
1 message" "$(queue-list | tail -n +2)"
  assertTrue 'a heading' "queue-list | grep -Eqx '$ID  [0-9]+[smhd] +18     me@example.org'"
}

# Python's json reads it; an address with all that JSON minds.
test_json() {
  inject QUEUE_ID=$ID '"a\\"b"@x.example' "$(printf 'gr\303\274n\377@x.example')" b@x.example
  log '1 t 0 - 0 4.2.2 "full"' '1 d 1 - 0 ' '1 r 0 - 5000000 '
  assertEquals "$ID 1795210400 18 \"a\\\\\"b\"@x.example grün�@x.example deferred 1 5 4.2.2 \"full\"" \
    "$(queue-list -j | PYTHONIOENCODING=utf-8 python3 -IS -c 'import json, sys
for line in sys.stdin.buffer:
    row = json.loads(line)
    sys.stdout.buffer.write(" ".join(str(row[name]) for name in (
        "id", "born", "size", "sender", "recipient", "state", "attempts", "next", "text")).encode())')"
}

test_future_release() {
  until=$(($(date +%s) + 3630))
  printf 'Fme@example.org\0Ta@x.example\0\0P\0HOLDUNTIL=%s\0\0' \
    "$(date -u -d "@$until" +%Y-%m-%dT%H:%M:%SZ)" >"$CHAIN/envelope"
  queue-inject <"$CHAIN/message" 1<"$CHAIN/envelope"
  assertEquals "a@x.example|new|0|$until|its sender wants it to wait" \
    "$(list_plain | cut -d '|' -f 5-)"
  assertTrue "queue-show $(basename "$(last_entry)" | cut -d . -f 1) | grep -q '^next try .*(in 60m)'"
}

test_targets() {
  inject QUEUE_ID=$ID me@example.org a@x.example b@x.example
  log '1 d 0 000000000000000a 0 ' '1 t 0 000000000000000b 0 4.2.2 full' \
    '1 p 0 000000000000000c 0 5.2.1 closed' '1 d 1 - 0 ' '1 r 0 - 1000000 '
  assertEquals 'a@x.example|deferred|1|1|4.2.2 full
a@x.example|failed|1|0|5.2.1 closed' "$(list_plain | cut -d '|' -f 5-)"
}

test_order_and_senders() {
  inject QUEUE_ID=hock9tq2ocaaaaaa "" a@x.example
  inject QUEUE_ID=hock9tq2oaaaaaaa me@example.org b@x.example
  assertEquals 'me@example.org|b@x.example
<>|a@x.example' "$(list_plain | cut -d '|' -f 4,5)"
}

test_damage() {
  inject QUEUE_ID=$ID me@example.org a@x.example
  truncate -s 10 "$QUEUE"/new/*
  assertEquals '||torn|0|0|Bad message' "$(list_plain | cut -d '|' -f 4-)"
  mv "$QUEUE"/new/* "$QUEUE/bad"
  assertEquals '||bad|0|0|torn or strange, see the log of queue-send' \
    "$(list_plain | cut -d '|' -f 4-)"
  assertEquals '0 messages, 1 bad' "$(queue-list | tail -n 1)"
}

test_torn_log() {
  inject QUEUE_ID=$ID me@example.org a@x.example
  log '1 t 0 - 0 4.2.2 full' rubbish
  printf '2 d 0 - 0' >>"$(ls "$QUEUE"/state/*)"
  assertEquals 'deferred|0|0|4.2.2 full' "$(list_plain | cut -d '|' -f 6-)"
}

test_permission() {
  if ! is_root; then
    chmod 300 "$QUEUE/new"
    error=$(queue-list 2>&1)
    code=$?
    chmod 700 "$QUEUE/new"
  else
    chmod 755 "$CHAIN" "$QUEUE"
    chmod 700 "$QUEUE/new"
    cp "$(command -v queue-list)" "$CHAIN" # where an ordinary user can reach it
    error=$(setpriv --reuid=65534 --regid=65534 --clear-groups "$CHAIN/queue-list" 2>&1)
    code=$?
  fi
  assertEquals 111 $code
  assertEquals "queue-list: fatal: only root and the queue's owner may read $QUEUE/new: permission \
denied" "$error"
}

test_usage() {
  assertEquals 100 "$(queue-list -x 2>/dev/null; echo $?)"
  assertEquals 100 "$(queue-list -S word 2>/dev/null; echo $?)"
  assertEquals '0 messages
1' "$(queue-list word 2>/dev/null; echo $?)"
  assertEquals 0 "$(queue-list -h 2>/dev/null; echo $?)"
  assertEquals 111 "$(queue-list -q "$CHAIN/nowhere" 2>/dev/null; echo $?)"
  assertEquals 'a full disk' 111 "$(queue-list >/dev/full 2>/dev/null; echo $?)"
}

# shellcheck source=/dev/null
. shunit2
