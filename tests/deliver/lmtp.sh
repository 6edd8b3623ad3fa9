#!/bin/sh
# deliver-lmtp, spoken to as queue-send speaks to it: a real Dovecot, our own front, and servers that
# follow a script.
# shellcheck disable=SC2317,SC2119 # shunit2 calls the functions; a server without TLS has no arguments

# shellcheck source=tests/deliver/_relay.sh
. "${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/deliver/_relay.sh"
WORKER=$TOP/tests/deliver/_worker.py
# shellcheck source=tests/deliver/_dovecot.sh
. "$TOP/tests/deliver/_dovecot.sh"

setUp() { relay_start; }
tearDown() {
  stop_pid "${OTHER_PID-}"
  OTHER_PID=
  stop_dovecot
  relay_stop
}

stop_pid() { [ -z "$1" ] || { kill "$1" && wait "$1"; } 2>/dev/null; }

# jobs SENDER SERVER RECIPIENT...: all at hand together, of one entry; prints the answers
jobs() {
  sender=$1 to=$2
  shift 2
  ENTRY=$(new_entry)
  for recipient; do
    set -- "$@" "$ENTRY" "$sender" "$recipient" "$to"
    shift
  done
  # shellcheck disable=SC2086 # options are words
  timeout $((2 * PATIENCE)) "$WORKER" -b "$@" -- deliver-lmtp -i 300 ${OPTIONS-} 2>>"$DIR/log"
}

new_entry() {
  rm -f "$DIR"/queue/new/*
  queue-inject -q "$DIR/queue" <"$DIR/message" 1<"$DIR/envelope" && ls "$DIR"/queue/new/*
}

# ---- what the sender wants to know ----

# start_other RULES...: tests/deliver/_smtp_server.py; sets port
start_other() {
  mkfifo "$DIR/port"
  python3 "$TOP/tests/deliver/_smtp_server.py" -s "$DIR" "$@" >"$DIR/port" &
  OTHER_PID=$!
  read -r port <"$DIR/port"
  rm -f "$DIR/port" "$DIR/commands"
}

# heard OFFER...: what a server that offers these hears of a recipient behind an alias
heard() {
  for offer; do
    shift
    set -- "$@" -o "$offer"
  done
  start_other "$@"
  answer=$(jobs s@example.org "[127.0.0.1]:$port" "$RECIPIENT")
  stop_pid "$OTHER_PID"
  OTHER_PID=
  sed -n 's/^[0-9]* RCPT TO://p' "$DIR/commands"
}

test_notices() {
  printf 'Fs@example.org\0Tinfo@example.test\0\0Pinfo@example.test\0NOTIFY=SUCCESS,DELAY\0\0' >"$DIR/envelope"
  RECIPIENT=$(printf 'r@example.test\tinfo@example.test')
  assertEquals '<r@example.test> NOTIFY=SUCCESS,DELAY' "$(heard DSN)"
  heard DSN >/dev/null
  assertContains "$answer" 'K250 2.0.0 passed, with DSN: [127.0.0.1]'
  RECIPIENT=$(printf 'r@example.test\tinfo@example.test\t1')
  assertEquals 'one of several' '<r@example.test> NOTIFY=DELAY' "$(heard DSN)"
  assertEquals 'a server that does not tell' '<r@example.test>' "$(heard)"
  heard >/dev/null
  assertContains "$answer" 'K250 2.0.0 [127.0.0.1]'
}

# ---- a real Dovecot ----

test_dovecot() {
  start_dovecot || { skip 'no Dovecot with LMTP here'; return; }
  message 'Subject: \303\244\n\n.dot\n\303\244\nno end'
  answers=$(jobs s@example.org "unix:$DIR/run/lmtp" alice@example.test nobody@example.test bob@example.test)
  assertContains "$answers" "K250 2.0.0 unix:$DIR/run/lmtp said: <alice@example.test>"
  assertContains "$answers" "D550 5.1.1 unix:$DIR/run/lmtp said: <nobody@example.test>"
  assertContains "$answers" "K250 2.0.0 unix:$DIR/run/lmtp said: <bob@example.test>"
  for user in alice bob; do
    assertEquals "$user has one" 1 "$(find "$DIR/home/$user/Maildir/new" -type f | wc -l)"
    assertEquals "$user has it as it was" "$(cat "$DIR/message")" \
      "$(sed -n '/^Subject/,$p' "$DIR/home/$user"/Maildir/new/*)"
    assertContains "$(cat "$DIR/home/$user"/Maildir/new/*)" 'Return-Path: <s@example.org>'
  done
}

# ---- our own front ----

test_our_own_front() {
  echo '@example.test maildir %l' >"$DIR/conf/routes"
  sed -i "1i base $DIR/mail" "$DIR/conf/routes"
  route-compile "$DIR/conf/routes"
  tcp-accept "unix:$DIR/socket" smtp-front -L queue-inject 2>>"$DIR/log" &
  OTHER_PID=$!
  assertTrue 'the front listens' 'wait_until listens "$DIR/socket"'
  answers=$(jobs '' "unix:$DIR/socket" alice@example.test bob@elsewhere.test)
  assertContains "$answers" "K250 2.0.0 unix:$DIR/socket said: queued as"
  assertContains "$answers" 'D550 5.7.1'
}

# ---- scripts ----

test_one_transaction_for_one_entry() {
  server <<'END'
HELLO LHLO me.example;PIPELINING
C MAIL FROM:<s@example.org>
C RCPT TO:<a@b>
C RCPT TO:<c@d>
C DATA
S 250 ok
S 250 ok
S 452 4.2.2 full
S 354 go
BODY
S 250 2.0.0 for a
WAIT
END
  assertEquals "K250 2.0.0 127.0.0.1:$PORT said: for a
Z452 4.2.2 127.0.0.1:$PORT said: full" "$(jobs s@example.org "127.0.0.1:$PORT" a@b c@d)"
}

# Three jobs, one after the other's answer: one connection.
test_a_connection_is_kept() {
  server <<'END'
HELLO LHLO
C MAIL
S 250 ok
C RCPT
S 550 5.1.1 no
C RSET
S 250 ok
C MAIL
S 250 ok
C RCPT
S 250 ok
C DATA
S 354 go
BODY
S 250 2.0.0 done
C MAIL
S 250 ok
C RCPT
S 250 ok
C DATA
S 354 go
BODY
S 421 4.3.2 bye
END
  ENTRY=$(new_entry)
  set -- "$ENTRY" s@a.example
  to=127.0.0.1:$PORT
  assertEquals "D550 5.1.1 $to said: no
K250 2.0.0 $to said: done
Z421 4.3.2 $to said: bye" "$("$WORKER" "$@" x@b "$to" "$@" y@b "$to" "$@" z@b "$to" -- deliver-lmtp -i 300 2>>"$DIR/log")"
}

# two_jobs [-b]: one after the other's answer, or together in two transactions; OPTIONS are deliver-lmtp's
two_jobs() {
  to=127.0.0.1:$port
  ENTRY=$(new_entry)
  # shellcheck disable=SC2086 # options are words
  "$WORKER" "$@" "$ENTRY" s@a.example x@b "$to" "$ENTRY" s@c.example y@b "$to" -- \
    deliver-lmtp -i 300 ${OPTIONS-} 2>>"$DIR/log"
}

connects() { grep -c connect "$DIR/commands"; }

test_a_kept_connection_that_is_gone() {
  for action in close reset '421 4.4.2 idle too long,close'; do
    start_other "1:mail2=$action"
    assertEquals "$action" 2 "$(two_jobs | grep -c '^K')"
    assertEquals 'over a second connection' 2 "$(connects)"
    stop_pid "$OTHER_PID"
  done
  start_other mail2=close 2:mail=close
  assertEquals 'once more, and not for ever' 'K250 Z4.4.2' "$(two_jobs | sed 's/ .*//' | xargs)"
  assertEquals 2 "$(connects)"
  stop_pid "$OTHER_PID"
  start_other 1:end2=close
  assertEquals 'it may have been kept' 'K250 Z4.2.0' "$(two_jobs | sed 's/ .*//' | xargs)"
  assertEquals 1 "$(connects)"
}

# What waits goes over the connection that there is; nobody asks for another one again and again.
test_no_more_connections_than_a_server_takes() {
  start_other 1:end1=silent 'connect=421 4.7.0 too many,close' '1:connect=220 hello'
  assertContains "$(OPTIONS=-t8 && two_jobs -b)" 'too long a wait for the answer to the message'
  assertTrue 'a few connections' "[ $(connects) -le 3 ]"
}

test_a_slow_server_holds_up_nobody() {
  server <<'END'
WAIT
END
  slow=127.0.0.1:$PORT slow_pid=$SERVER_PID
  SERVER_PID=
  server <<'END'
HELLO LHLO
C MAIL
S 250 ok
C RCPT
S 250 ok
C DATA
S 354 go
BODY
S 250 2.0.0 done
SHUT
END
  ENTRY=$(new_entry)
  answers=$("$WORKER" -b "$ENTRY" s@a r@b "$slow" "$ENTRY" s@a r@b "127.0.0.1:$PORT" -- \
    deliver-lmtp -t 8 2>>"$DIR/log")
  stop_pid "$slow_pid"
  assertEquals "Z4.4.2 too long a wait for the greeting
K250 2.0.0 127.0.0.1:$PORT said: done" "$answers"
}

test_no_server() {
  echo >"$DIR/no-socket"
  assertContains "$(jobs s@a "unix:$DIR/nowhere" r@b)" 'Z4.4.1 no connection'
  assertContains "$(jobs s@a "unix:$DIR/no-socket" r@b q@b)" 'Z4.4.1 no connection'
  assertContains "$(jobs s@a 'not a server' r@b)" 'Z4.3.5 not a server'
  assertContains "$(DNSCACHEIP=127.0.0.1:1 jobs s@a 'mx.example' r@b)" 'Z4.4.3'
  server <<'END'
S 554 5.3.2 go away
END
  assertContains "$(jobs s@a "127.0.0.1:$PORT" r@b q@b)" \
    'Z4.3.2 the server refuses the connection: 554 5.3.2 go away'
}

test_many_recipients_go_in_parts() {
  server <<'END'
HELLO LHLO;LIMITS RCPTMAX=2
C MAIL
S 250 ok
C RCPT
S 250 ok
C RCPT
S 250 ok
C DATA
S 354 go
BODY
S 250 1
S 250 2
C MAIL
S 250 ok
C RCPT
S 250 ok
C DATA
S 354 go
BODY
S 250 3
SHUT
END
  assertEquals "K250 127.0.0.1:$PORT said: 1
K250 127.0.0.1:$PORT said: 2
K250 127.0.0.1:$PORT said: 3" "$(OPTIONS=-s1 && jobs s@a "127.0.0.1:$PORT" a@b c@d e@f)"
}

# shellcheck source=/usr/share/shunit2/shunit2
. shunit2
