# Too large is said at SIZE=, or at the end when it was only seen then; the session goes on.
env RELAYCLIENT=
conf databytes 10
S~ 220 .*
C: EHLO client.example
S~ 250-mail.*
S~ 250-PIPELINING
S: 250-SIZE 10
S*9~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net> SIZE=11
S: 552 5.3.4 Message too big
C: MAIL FROM:<a@example.net> SIZE=18446744073709551616
S: 552 5.3.4 Message too big
C: MAIL FROM:<a@example.net> SIZE=10
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: 0123456789
C: .
S: 552 5.3.4 Message too big
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: BDAT 11
C+ 012345678\r\n
S: 250 2.0.0 11 octets received
C: BDAT 1
C+ x
S: 552 5.3.4 Message too big
C: BDAT 1 LAST
C+ x
S: 503 5.5.1 A chunk failed: send RSET
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: 012345678
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
message
  012345678
log event=message id=[0-9a-z]{16} from=a@example.net recipients=1 bytes=11 verdict=552 text="Message too big"
