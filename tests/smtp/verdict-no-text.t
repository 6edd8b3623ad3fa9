# Code 82 without a text is temporary; so is every unknown code.
env RELAYCLIENT=
chain speak
link speak
  exit 82
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
S: 451 4.3.0 mail system trouble, try again later
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: DATA
C: Subject: test
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 451 4.3.0 mail system trouble, try again later
C: QUIT
S~ 221 .*
closed
