# 421 closes the connection after the reply.
env RELAYCLIENT=
chain speak
link speak
  printf "Z421 4.7.0 enough of you" >&4; exit 82
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: DATA
C: Subject: test
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 421 4.7.0 enough of you
closed
log event=end reason=chain-defer
