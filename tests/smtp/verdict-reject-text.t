# A refusal with a text alone.
env RELAYCLIENT=
chain speak
link speak
  printf "Dnot from you" >&4; exit 82
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
S: 554 5.3.0 not from you
C: QUIT
S~ 221 .*
closed
log verdict=554 text="not from you"
