#!/bin/sh
# not confined: it counts the system calls of a start, and confine's would be among them
# What a session may cost: system calls and memory are counted, and held.
# shellcheck disable=SC2317,SC2329 # shunit2 calls the functions

HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../_needs.sh"

oneTimeSetUp() {
  export CHAINMAIL_CONF="$SHUNIT_TMPDIR/conf" CHAINMAIL_QUEUE="$SHUNIT_TMPDIR/queue"
  export RECORD="$SHUNIT_TMPDIR/record" RELAYCLIENT='' PATH="$HERE/links:$PATH"
  mkdir -p "$CHAINMAIL_CONF" "$CHAINMAIL_QUEUE/new" "$CHAINMAIL_QUEUE/tmp" "$RECORD"
  echo mail.example.test >"$CHAINMAIL_CONF/me"
}

skip_sanitized() { is_sanitized && skip 'sanitizers cost'; }

# at_most LIMIT WHAT NUMBER
at_most() {
  assertTrue "$2: $3, at most $1" "[ '${3:-none}' -le $1 ]"
}

# trace WHAT FILE [OPTION...]: a call in whose midst the process was stopped, and went on, is one call.
trace() {
  "$HERE/_costs.py" "$@"
  sed -i -e '/= ? ERESTART/d' -e '/^---/d' \
    -e 's/^restart_syscall(<\.\.\. resuming interrupted \([a-z0-9_]*\) .*>/\1(/' "$2"
}

count() {
  grep -c "$1" "$SHUNIT_TMPDIR/calls"
}

test_system_calls() {
  needs_tracing || return 0
  trace calls "$SHUNIT_TMPDIR/calls"
  assertEquals 'the message is written in one call' 1 "$(count '^pwritev(')"
  assertEquals 'the envelope is written in one call' 1 "$(count '^pwrite64(')"
  assertEquals 'one unnamed file' 1 "$(count 'O_TMPFILE')"
  assertEquals 'a reply each, sent at once' 7 "$(count '^sendto(')"
  assertEquals 'a read each' 6 "$(count '^read(0,')"
  assertEquals 'routes are asked once' 1 "$(count 'routes.cdb')"
  at_most 80 'system calls in all' "$(count '(')"
}

# The calls' names in strace's record, in their order, until the chain is run beside it.
names() {
  sed -e '/^\(vfork\|fork\|clone3\{0,1\}\)(/,$d' -e 's/(.*//' "$1"
}

test_logins_cost_nothing_to_others() {
  needs_tracing || return 0
  trace calls "$SHUNIT_TMPDIR/without"
  trace calls "$SHUNIT_TMPDIR/with" -A "$SHUNIT_TMPDIR/nowhere" -f '*' -P
  assertTrue 'some are seen' "[ $(names "$SHUNIT_TMPDIR/with" | wc -l) -gt 30 ]"
  assertEquals 'the same system calls' "$(names "$SHUNIT_TMPDIR/without")" \
    "$(names "$SHUNIT_TMPDIR/with")"
  at_most 64 'private KB' "$("$HERE/_costs.py" hello -A "$SHUNIT_TMPDIR/nowhere")"
}

test_replies_are_sent_together() {
  needs_strace || return 0
  trace pipelined "$SHUNIT_TMPDIR/calls"
  assertEquals 'greeting, 50 replies, 221' 3 "$(count '^sendto(')"
}

test_memory_of_an_idle_session() {
  skip_sanitized && return
  at_most 64 'private KB' "$("$HERE/_costs.py" hello)"
  at_most 128 'after a small message' "$("$HERE/_costs.py" message 4096)"
  at_most 128 'after a large one' "$("$HERE/_costs.py" message 900000)"
}

test_memory_is_constant_under_a_flood() {
  skip_sanitized && return
  result=$("$HERE/_costs.py" flood)
  assertEquals '552 5.3.4 Message too big' "${result#* }"
  at_most 2048 'peak KB' "${result%% *}"
}

test_memory_is_constant_under_many_recipients() {
  skip_sanitized && return
  result=$("$HERE/_costs.py" recipients)
  assertEquals 'accepted' 1000 "${result#* }"
  at_most 2048 'peak KB' "${result%% *}"
}

# shellcheck source=/dev/null
. shunit2
