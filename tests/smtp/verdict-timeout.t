# A chain that takes too long is ended with all its children.
env RELAYCLIENT=
options -o timeout-chain=8
chain speak
link speak
  sleep 1000 & echo $! >"$RECORD/child"
  echo $$ >"$RECORD/link"; sleep 1000
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
S: 451 4.3.0 the mail chain took too long
C: QUIT
S~ 221 .*
closed
gone link
gone child
log verdict=451 text="the mail chain took too long"
