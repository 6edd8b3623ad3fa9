#!/bin/sh
# -Q: what smtp-front puts into the queue itself is what queue-inject would have put there.
# shellcheck disable=SC2317,SC2329 # shunit2 calls the functions

# shellcheck source=tests/queue/_queue.sh
. "$TOP/tests/queue/_queue.sh"

oneTimeSetUp() {
  export CHAINMAIL_CONF="$SHUNIT_TMPDIR/conf" RELAYCLIENT='' PROTO=TCP TCPREMOTEIP=192.0.2.1
  mkdir -p "$CHAINMAIL_CONF/hooks"
  echo mail.example.test >"$CHAINMAIL_CONF/me"
  # Facts and edits come from a hook.
  printf '%s\n' '#!/bin/sh' 'export X_MARK=seen CUT_RANGES=0-4' 'export ADD_HEADERS="X-Added: yes"' \
    'exec facts X_MARK CUT_RANGES ADD_HEADERS' >"$CHAINMAIL_CONF/hooks/mail"
  chmod 755 "$CHAINMAIL_CONF/hooks/mail"
}

# talk OPTION... : a session with one message for COUNT (1) recipients; prints the last LAST (2) replies
talk() {
  {
    printf 'EHLO client.example\r\nMAIL FROM:<a@example.net> RET=HDRS ENVID=e1\r\n'
    seq -f 'user%g@example.org' "${COUNT:-1}" | sed 's/.*/RCPT TO:<&> NOTIFY=NEVER\r/'
    printf 'DATA\r\nSubject: test\r\n\r\n..text\r\n.\r\nQUIT\r\n'
  } | smtp-front -H "$CHAINMAIL_CONF/hooks" "$@" 2>"$FOLDER/log" | tail -n "${LAST:-2}"
}

# The one entry, without what differs between two messages: ids, the time.
show_plain() {
  show_entries "$FOLDER"/queue/new/* |
    sed 's/[0-9a-z]\{16\}/ID/g; s/; ..., .* +0000/; DATE/'
}

test_the_entry_is_the_same() {
  talk queue-inject >"$FOLDER/said.chain"
  show_plain >"$FOLDER/entry.chain"
  rm "$FOLDER"/queue/new/*
  talk -Q >"$FOLDER/said.here"
  show_plain >"$FOLDER/entry.here"
  assertContains "$(cat "$FOLDER/entry.here")" 'X_MARK=seen'
  assertEquals 'the entry' "$(cat "$FOLDER/entry.chain")" "$(cat "$FOLDER/entry.here")"
  assertEquals 'the reply' "$(sed 's/[0-9a-z]\{16\}/ID/' "$FOLDER/said.chain")" \
    "$(sed 's/[0-9a-z]\{16\}/ID/' "$FOLDER/said.here")"
}

test_an_envelope_that_outgrows_its_buffer() {
  COUNT=900 talk -Q >"$FOLDER/said"
  assertContains "$(cat "$FOLDER/said")" '250 2.0.0 queued as '
  assertEquals 'recipients' 900 "$(show_entries "$FOLDER"/queue/new/* | grep -c '^Tuser')"
}

test_queue_send_is_told() {
  exec 3<>"$CHAINMAIL_QUEUE/trigger"
  talk -Q >/dev/null
  read -r name <&3
  exec 3<&-
  assertEquals "$(list_new)" "$name"
}

test_it_starts_no_process_and_syncs_once() {
  needs_strace || return 0
  rm "$CHAINMAIL_CONF/hooks/mail"
  printf 'EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n\r\n.\r\nQUIT\r\n' |
    strace -f -o "$FOLDER/calls" smtp-front -Q >/dev/null 2>&1
  assertEquals 'processes' 0 "$(grep -c 'vfork(' "$FOLDER/calls")"
  assertEquals 'syncs' 1 "$(grep -c ' fsync(' "$FOLDER/calls")"
  assertEquals 'entries' 1 "$(count_new)"
  oneTimeSetUp
}

test_a_queue_that_fails() {
  is_root && skip 'root may write anywhere' && return
  chmod 0 "$CHAINMAIL_QUEUE/new"
  assertContains 'what is behind DATA is commands then' "$(LAST=9 talk -Q)" '451 4.3.0'
  chmod 700 "$CHAINMAIL_QUEUE/new"
}

test_bad_edits_are_a_reason() {
  sed -i 's/CUT_RANGES=0-4/CUT_RANGES=4-0/' "$CHAINMAIL_CONF/hooks/mail"
  assertContains "$(talk -Q)" '451 4.3.5 a filter asked for a bad edit'
  assertEquals 'nothing is left' '' "$(list_leftovers)"
  assertContains "$(cat "$FOLDER/log")" 'event=queue-failed'
  oneTimeSetUp
}

test_there_is_no_chain() {
  smtp-front -Q queue-inject </dev/null >/dev/null 2>"$FOLDER/log"
  assertEquals 'exit code' 100 "$?"
}

# shellcheck source=/dev/null
. shunit2
