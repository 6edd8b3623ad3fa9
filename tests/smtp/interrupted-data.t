# A client that goes away in the middle of DATA leaves nothing.
env RELAYCLIENT=
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
C: Subject: never ended
C:
shut
closed
no message
log event=message id=[0-9a-z]{16} verdict=none reason=interrupted bytes=22
log event=end reason=gone messages=0
