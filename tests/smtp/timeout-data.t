# A client that stops in the middle of a message.
env RELAYCLIENT=
conf timeout-data 1
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: Subject: late
S: 421 4.4.2 mail.example.test timed out waiting for you
closed
no message
