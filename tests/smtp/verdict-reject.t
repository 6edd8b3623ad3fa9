# Permanent without a text.
env RELAYCLIENT=
chain speak
link speak
  exit 31
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
S: 554 5.7.1 message refused
C: QUIT
S~ 221 .*
closed
