# The file may not grow (here by a limit of the process): the message is read on, then deferred.
env RELAYCLIENT=
limit 8192
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
C*10000: {n} a line
C: .
S: 452 4.3.1 Disk full, try again later
C: QUIT
S~ 221 .*
closed
no message
log event=storage id=[0-9a-z]{16} step=write
