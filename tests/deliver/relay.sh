#!/bin/sh
# What lib/relay makes of servers, through smtp-inject and lmtp-inject: good ones, old ones, and
# those that say anything at any time.
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/deliver/_relay.sh
. "${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/deliver/_relay.sh"

setUp() { relay_start; }
tearDown() { relay_stop; }

smtp() { inject smtp-inject "$@" "127.0.0.1:$PORT"; }
lmtp() { inject lmtp-inject "127.0.0.1:$PORT"; }

test_a_conversation() {
  message 'Subject: x\n\n.dot\n..\n.\nno end'
  server <<'END'
S 220 mx.example ESMTP
C EHLO me.example
S 250-mx.example
S 250-SIZE 1000
S 250-DSN
S 250 PIPELINING
C MAIL FROM:<s@example.org> SIZE=35
C RCPT TO:<r@example.net>
C DATA
S 250 2.1.0 ok
S 250 2.1.5 ok
S 354 go
BODY
S 250 2.0.0 queued as 17
C QUIT
S 221 bye
END
  assertEquals 'Kqueued as 17' "$(smtp)"
  assertEquals 'Subject: x

..dot
...
..
no end
.
QUIT' "$(said | sed 1,4d)"
}

test_without_pipelining_each_command_waits() {
  envelope s@example.org a@example.net b@example.net
  server <<'END'
HELLO EHLO
C MAIL
QUIET
S 250 ok
C RCPT TO:<a@
QUIET
S 250 ok
C RCPT TO:<b@
QUIET
S 250 ok
C DATA
QUIET
S 354 go
BODY
S 250 done
C QUIT
S 221 bye
END
  assertEquals Kdone "$(smtp)"
  assertNotContains "$(said)" '!!'
}

test_an_old_server_gets_helo() {
  server <<'END'
S 220-mx
S 220 welcome
C EHLO
S 502 5.5.1 what
C HELO me.example
S 250 mx
C MAIL FROM:<s@example.org>
S 250 ok
C RCPT
S 251 will forward
C DATA
S 354 go
BODY
S 250 done
END
  assertEquals Kdone "$(smtp)"
}

test_chunks_have_the_size_that_was_said() {
  message 'Subject: x\n\n.dot\nno end'
  server <<'END'
HELLO EHLO;8BITMIME;CHUNKING
C MAIL
S 250 ok
C RCPT
S 250 ok
C BDAT 28 LAST
BYTES
S 250 done
C QUIT
S 221 bye
END
  assertEquals Kdone "$(smtp)"
  assertContains "$(said)" QUIT
}

test_refusals_are_the_servers_own_words() {
  server <<'END'
HELLO EHLO
C MAIL
S 250 ok
C RCPT
S 550-5.1.1 no such
S 550 5.1.1 user
C QUIT
END
  assertEquals 'D550 5.1.1 no such user' "$(smtp)"
}

test_sender_refused_in_a_row() {
  server <<'END'
HELLO EHLO;PIPELINING
C MAIL
C RCPT
C DATA
S 451 4.3.0 later
S 503 no
S 503 no
C QUIT
END
  assertEquals 'Z451 4.3.0 later' "$(smtp)"
}

test_data_for_nobody() {
  server <<'END'
HELLO EHLO;PIPELINING
C MAIL
C RCPT
C DATA
S 250 ok
S 550 5.1.1 nobody
S 354 go
C .
S 554 no recipients
C QUIT
END
  assertEquals 'D550 5.1.1 nobody' "$(smtp)"
  assertContains "$(said)" QUIT
}

test_one_is_refused_and_nobody_gets_it() {
  envelope s@example.org a@example.net b@example.net
  server <<'END'
HELLO EHLO;PIPELINING
C MAIL
C RCPT
C RCPT
QUIET
S 250 ok
S 250 ok
S 550 5.1.1 not b
C QUIT
S 221 bye
END
  assertEquals 'D550 5.1.1 not b' "$(smtp)"
  assertNotContains "$(said)" DATA
}

test_lmtp_has_a_result_for_each() {
  envelope s@example.org a@example.net b@example.net c@example.net
  server <<'END'
S 220 mx LMTP
C LHLO me.example
S 250-mx
S 250 PIPELINING
C MAIL
C RCPT
C RCPT
C RCPT
C DATA
S 250 ok
S 250 ok
S 550 5.1.1 not b
S 250 ok
S 354 go
BODY
S 250 2.0.0 for a
S 452 4.2.2 c is full
C QUIT
S 221 bye
END
  assertEquals 'R0 K250 2.0.0 for a
R1 D550 5.1.1 not b
R2 Z452 4.2.2 c is full
Kfor a' "$(SMTP_PROTO=LMTP lmtp)"
}

# deferred NAME STEP...: a server with this script comes to a deferral, not to a hang or an
# acceptance.
deferred() {
  name=$1
  shift
  printf '%s\n' "$@" >"$DIR/steps"
  server <"$DIR/steps"
  verdict=$(smtp -t 3)
  case $verdict in Z4*) ;; *) fail "$name: $verdict" ;; esac
}

test_servers_that_break_off() {
  deferred 'closes at once' ''
  deferred 421 'S 421 4.3.2 not now'
  deferred 554 'S 554 5.3.2 never'
  deferred 'half a greeting' 'S\ 220 m'
  deferred 'half closed' 'S 220 mx' SHUT
  deferred 'EHLO 421' 'S 220 mx' 'C EHLO' 'S 421 bye'
  set -- 'S 220 mx' 'C EHLO' 'S 250 mx' 'C MAIL'
  deferred 'MAIL 421' "$@" 'S 421 4.0.0 bye'
  deferred 'RCPT, and gone' "$@" 'S 250 ok' 'C RCPT'
  deferred 'gone after the end' "$@" 'S 250 ok' 'C RCPT' 'S 250 ok' 'C DATA' 'S 354 go' BODY
}

test_servers_that_say_too_much() {
  deferred 'another protocol' 'S HTTP/1.1 400 Bad Request'
  deferred 'an endless reply' 'REPEAT 100000 220-mx'
  deferred 'a long line' "S\\ 220 $(printf %05000d 1)" WAIT
  deferred 'two codes' 'S 220-mx' 'S 550 no' WAIT
  deferred 'answers before commands' \
    'S 220 mx\r\n250 mx\r\n250 ok\r\n250 ok\r\n354 go\r\n250 done' WAIT
  set -- 'S 220 mx' 'C EHLO' 'S 250 mx' 'C MAIL'
  deferred '354 to MAIL' "$@" 'S 354 go' WAIT
  deferred '250 to DATA' "$@" 'S 250 ok' 'C RCPT' 'S 250 ok' 'C DATA' 'S 250 got it' WAIT
  deferred 'all at once' 'S 220 mx' 'C EHLO' 'S 250-mx' 'S 250 PIPELINING\r\n250 a\r\n250 b' WAIT
}

test_servers_that_say_nothing() {
  deferred 'no greeting' WAIT
  deferred 'no answer to EHLO' 'S 220 mx' 'C EHLO' WAIT
}

test_what_the_server_cannot_take() {
  message 'Subject: x\n\n%2000d\n' 1
  server <<'END'
HELLO EHLO;SIZE 1000
C QUIT
END
  assertContains "$(smtp)" 'D5.3.4 the message has'
  envelope 's@example.org' 'ä@example.net'
  server <<'END'
HELLO EHLO;8BITMIME
C QUIT
END
  assertContains "$(smtp)" D5.6.7
}

test_eight_bit_with_and_without() {
  message 'Subject: x\n\n\303\244=\n'
  server <<'END'
HELLO EHLO;8BITMIME
C MAIL FROM:<s@example.org> BODY=8BITMIME
S 250 ok
C RCPT
S 250 ok
C DATA
S 354 go
BODY
S 250 done
END
  assertEquals Kdone "$(smtp)"
  assertContains "$(said)" 'ä='
  server <<'END'
HELLO EHLO
C MAIL FROM:<s@example.org>
S 250 ok
C RCPT
S 250 ok
C DATA
S 354 go
BODY
S 250 done
END
  assertEquals Kdone "$(smtp)"
  assertEquals 'Subject: x
MIME-Version: 1.0
Content-Type: text/plain; charset=unknown-8bit
Content-Transfer-Encoding: quoted-printable

=C3=A4=3D
.' "$(said | sed 1,4d)"
}

test_refused_in_the_middle() {
  python3 -c 'print("Subject: x\n"); print("line of a large message\n" * 200000)' >"$DIR/message"
  server <<'END'
HELLO EHLO
C MAIL
S 250 ok
C RCPT
S 250 ok
C DATA
S 354 go
S 552 5.3.4 too much
END
  assertEquals 'D552 5.3.4 too much' "$(smtp)"
}

test_552_for_a_recipient_is_too_many() {
  server <<'END'
HELLO EHLO
C MAIL
S 250 ok
C RCPT
S 552 too many recipients
C QUIT
END
  assertEquals 'Z452 4.5.3 too many recipients' "$(smtp)"
}

test_a_line_of_a_megabyte() {
  certificate
  python3 -c 'print("Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
    "Content-Transfer-Encoding: 8bit\n\n" + "ä. " * 350000)' >"$DIR/message"
  server "$DIR/cert" "$DIR/key" <<'END'
HELLO EHLO;STARTTLS
C STARTTLS
S 220 go
TLS
C EHLO
S 250-mx
S 250 8BITMIME
C MAIL
S 250 ok
C RCPT
S 250 ok
C DATA
S 354 go
BODY
S 250 done
C QUIT
S 221 bye
END
  assertEquals Kdone "$(smtp)"
  said | sed -n '/^Subject/,/^[.]$/p' | sed 's/^[.]//' >"$DIR/got"
  assertTrue 'no line is long' '[ -z "$(awk "length > 998" "$DIR/got")" ]'
  assertEquals 'the same text' "$(sed 1,5d "$DIR/message" | md5sum)" "$(python3 -c '
import email, sys
message = email.message_from_binary_file(open(sys.argv[1], "rb"))
sys.stdout.buffer.write(message.get_payload(decode=True).rstrip(b"\n") + b"\n")' "$DIR/got" | md5sum)"
}

test_nothing_is_smuggled() {
  message 'Subject: x\n\na\r.\r\n.\r\nMAIL FROM:<evil@example.org>\n\r\n'
  server <<'END'
HELLO EHLO
C MAIL
S 250 ok
C RCPT
S 250 ok
C DATA
S 354 go
BODY
S 250 done
END
  assertEquals Kdone "$(smtp)"
  assertNotContains "$(said)" '!!'
  assertContains "$(said)" 'a=0D.
..
MAIL FROM:'
  envelope 's@example.org' 'a@example.net> NOTIFY=NEVER'
  assertContains "$(smtp)" 'D5.1.3'
}

certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mx.example \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$DIR/key" -out "$DIR/cert" 2>/dev/null
}

# tls_server: STARTTLS, then a login
tls_server() {
  server "$DIR/cert" "$DIR/key" <<'END'
HELLO EHLO;STARTTLS
C STARTTLS
S 220 go
TLS
C EHLO
S 250-mx
S 250 AUTH PLAIN
C AUTH PLAIN AHVzZXIAc2VjcmV0
S 235 ok
C MAIL
S 250 ok
C RCPT
S 250 ok
C DATA
S 354 go
BODY
S 250 done
C QUIT
S 221 bye
END
}

test_tls_and_login() {
  certificate
  printf 'user\nsecret\n' >"$DIR/login"
  tls_server
  assertEquals Kdone "$(smtp -u "$DIR/login")"
  assertEquals Kdone "$(smtp -u "$DIR/login" -c "$DIR/cert")"
  cp "$DIR/cert" "$DIR/other"
  certificate
  assertContains 'another authority' "$(smtp -u "$DIR/login" -c "$DIR/other")" Z451
  assertContains "$(tail -n 1 "$DIR/log")" 'certificate'
  assertNotContains 'the password is in no log' "$(cat "$DIR/log")" secret
}

test_no_password_in_the_clear() {
  printf 'user\nsecret\n' >"$DIR/login"
  server <<'END'
HELLO EHLO;AUTH PLAIN LOGIN
WAIT
END
  assertContains "$(smtp -u "$DIR/login")" Z451
  assertNotContains "$(said)" AUTH
}

test_starttls_that_is_no_good() {
  server <<'END'
HELLO EHLO;STARTTLS
C STARTTLS
S 220 go\r\n250 injected
WAIT
END
  assertContains "$(smtp)" Z451
  assertContains "$(tail -n 1 "$DIR/log")" 'more before TLS began'
  server <<'END'
HELLO EHLO;STARTTLS
C STARTTLS
S 220 go
S what is this
WAIT
END
  assertContains "$(smtp)" Z451
  server <<'END'
HELLO EHLO
WAIT
END
  assertContains "$(smtp -T must)" Z451
  assertNotContains "$(said)" MAIL
}

# shellcheck source=/usr/share/shunit2/shunit2
. shunit2
