# Where the size of a chunk is not known there is no way on.
env RELAYCLIENT=
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: BDAT -1
C: MAIL FROM:<smuggled@example.net>
S: 501 5.5.4 Bad chunk size, closing connection
closed
no message
log event=end reason=bad-chunk
