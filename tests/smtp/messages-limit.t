# A limit of messages per session is told in LIMITS.
env RELAYCLIENT=
options -m 1
S~ 220 .*
C: EHLO client.example
S*11~ 250-.*
S: 250-LIMITS RCPTMAX=1000 MAILMAX=1
S: 250 HELP
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: DATA
C: Subject: test
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 250 2.0.0 queued as <id>
C: MAIL FROM:<a@example.net>
S: 452 4.5.3 Too many messages in one session
C: QUIT
S~ 221 .*
closed
