# A deferral with an enhanced code.
env RELAYCLIENT=
chain speak
link speak
  printf "Z4.7.1 greylisted, come back\nrest" >&4; exit 82
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
S: 451 4.7.1 greylisted, come back
C: QUIT
S~ 221 .*
closed
