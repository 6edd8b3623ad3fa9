#!/bin/sh
# smtp-inject, lmtp-inject and sendmail-inject at the end of a chain: smtp-front before them, and a
# second smtp-front, or a program like sendmail, behind.
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/deliver/_relay.sh
. "${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/deliver/_relay.sh"

setUp() {
  relay_start
  FRONT_PID=
  printf 'base %s\n@example.net maildir %%l\n' "$DIR/mail" >"$DIR/conf/routes"
  route-compile "$DIR/conf/routes"
}
tearDown() {
  [ -z "$FRONT_PID" ] || { kill "$FRONT_PID" && wait "$FRONT_PID"; } 2>/dev/null
  relay_stop
}

# behind OPTION...: a front that puts its mail into the queue; TRUSTED: whose clients may relay
behind() {
  tcp-accept "unix:$DIR/socket" ${TRUSTED:+env RELAYCLIENT=} smtp-front "$@" queue-inject 2>>"$DIR/behind.log" &
  FRONT_PID=$!
  wait_until listens "$DIR/socket"
}

# converse CHAIN...: says what is on fd 0 to a front with this chain, prints its replies
converse() {
  sed 's/$/\r/' | env PROTO=TCP TCPREMOTEIP=192.0.2.1 RELAYCLIENT= timeout 60 smtp-front "$@" 2>>"$DIR/log" |
    tr -d '\r'
}

queued() { cat "$DIR"/queue/new/*; }

test_smtp_proxy() {
  behind
  replies=$(converse smtp-inject "unix:$DIR/socket" <<'END'
EHLO client.example
MAIL FROM:<s@example.org>
RCPT TO:<a@example.net>
RCPT TO:<b@example.net>
DATA
Subject: proxy

..dot
.
QUIT
END
  )
  assertContains "$replies" '250 2.0.0 queued as'
  assertContains "$(queued)" '
.dot'
  assertEquals 'two recipients' 2 "$(queued | tr '\0' '\n' | grep -c '^T[ab]@example.net')"
}

test_smtp_proxy_passes_on_when_and_how_soon() {
  TRUSTED=1 behind
  replies=$(converse smtp-inject "unix:$DIR/socket" <<'END'
EHLO client.example
MAIL FROM:<s@example.org> BY=600;R MT-PRIORITY=-2
RCPT TO:<a@example.net>
DATA
.
QUIT
END
  )
  assertContains "$replies" '250 2.0.0 queued as'
  assertContains "$(queued | tr '\0' '|')" 'P|MT-PRIORITY=-2|BY=600;R||'
}

# Without a queue nothing can be held.
test_a_hold_is_refused() {
  behind
  for last in "smtp-inject unix:$DIR/socket" "lmtp-inject unix:$DIR/socket" 'sendmail-inject true'; do
    # shellcheck disable=SC2086 # words are wanted
    replies=$(converse $last <<'END'
EHLO client.example
MAIL FROM:<s@example.org> HOLDFOR=60
RCPT TO:<a@example.net>
DATA
.
MAIL FROM:<s@example.org> HOLDUNTIL=2026-11-20T21:03:31Z
RCPT TO:<a@example.net>
DATA
.
QUIT
END
    )
    assertEquals "$last" 2 "$(echo "$replies" | grep -c '^554 5.3.3 messages cannot be held here$')"
  done
}

test_sender_and_recipient_are_ours() {
  behind
  inject smtp-inject -f '' -r c@example.net "unix:$DIR/socket" >"$DIR/verdict"
  assertContains "$(cat "$DIR/verdict")" 'Kqueued as'
  assertEquals 'FTc@example.net' "$(queued | tr '\0' '\n' | sed -n 's/^.*\(F\)$/\1/p;/^Tc@/p' | tr -d '\n')"
}

test_the_next_server_refuses() {
  behind
  replies=$(converse smtp-inject "unix:$DIR/socket" <<'END'
EHLO client.example
MAIL FROM:<s@example.org>
RCPT TO:<a@example.net>
RCPT TO:<x@elsewhere.example>
DATA
Subject: proxy

.
QUIT
END
  )
  assertContains "$replies" '550 5.7.1'
  assertEquals 'nobody got it' '' "$(ls "$DIR/queue/new")"
}

test_lmtp_through_and_through() {
  behind -L
  replies=$(converse -L lmtp-inject "unix:$DIR/socket" <<'END'
LHLO client.example
MAIL FROM:<s@example.org>
RCPT TO:<a@example.net>
RCPT TO:<x@elsewhere.example>
RCPT TO:<b@example.net>
DATA
Subject: proxy

.
QUIT
END
  )
  assertEquals 'two are accepted' 2 "$(echo "$replies" | grep -c '^250 2.0.0 queued as')"
  assertEquals 'one is not' 1 "$(echo "$replies" | grep -c '^550 5.7.1')"
}

test_edits_are_made() {
  behind
  message 'Received: x\nSubject: old\n\nbody\n'
  export ADD_HEADERS='X-Added: 1' CUT_RANGES=12-25
  inject smtp-inject "unix:$DIR/socket" >"$DIR/verdict"
  unset ADD_HEADERS CUT_RANGES
  assertContains "$(queued)" 'X-Added: 1
Received: x

body'
}

test_nobody_is_there() {
  assertEquals 'Z451 4.3.0 the message cannot be handed on now' "$(inject smtp-inject "unix:$DIR/nowhere")"
}

# ---- sendmail-inject ----

# program COMMAND...: a program like sendmail
program() {
  printf '#!/bin/sh\n%s\n' "$1" >"$DIR/program"
  chmod 755 "$DIR/program"
}

test_sendmail_gets_it_all() {
  program "printf '<%s>' \"\$@\" >$DIR/arguments; cat >$DIR/got"
  printf 'F\0T-r@example.net\0Ta b@example.net\0\0' >"$DIR/envelope"
  assertEquals 'Khanded on' "$(inject sendmail-inject "$DIR/program" -x)"
  assertEquals '<-x><-i><-f><<>><--><-r@example.net><a b@example.net>' "$(cat "$DIR/arguments")"
  assertTrue 'the same bytes' 'cmp "$DIR/message" "$DIR/got"'
}

test_sendmail_says_how_it_went() {
  while read -r code verdict; do
    program "exit $code"
    assertContains "$code" "$(inject sendmail-inject "$DIR/program")" "$verdict"
  done <<'END'
65 D554 5.6.0
67 D550 5.1.1
68 D550 5.1.2
69 D554 5.3.0
77 D550 5.7.1
64 Z451 4.3.5
75 Z451 4.3.0
1 Z451 4.3.0
END
  program 'kill -9 $$'
  assertContains "$(inject sendmail-inject "$DIR/program")" 'Z451 4.3.0'
  program 'sleep 60'
  assertContains "$(inject sendmail-inject -t 1 "$DIR/program")" 'Z451 4.3.0'
  assertContains "$(inject sendmail-inject "$DIR/no-program")" 'Z451 4.3.0'
}

test_sendmail_cannot_write_the_verdict() {
  program 'echo Dno >&4; echo Dno >&6; echo hello; exit 0'
  assertEquals 'Khanded on' "$(inject sendmail-inject "$DIR/program" 6>&1)"
}

# shellcheck source=/usr/share/shunit2/shunit2
. shunit2
