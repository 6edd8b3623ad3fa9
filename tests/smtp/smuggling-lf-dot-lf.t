# What some servers take for the end of DATA is none: one refusal, and nothing smuggled.
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
C: Subject: outer
C:
C+ text\n.\n
C: MAIL FROM:<smuggled@example.net>
C: RCPT TO:<victim@example.org>
C: DATA
C: Subject: smuggled
C:
C: text
C: .
S: 554 5.6.0 Message has a CR or LF that is not part of a CRLF
C: QUIT
S~ 221 .*
closed
no message
log event=end reason=quit messages=0
