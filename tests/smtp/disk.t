# No queue: temporary trouble at DATA, no 354; the session goes on.
env RELAYCLIENT=
env CHAINMAIL_QUEUE=/nonexistent
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S: 451 4.3.0 Mail system trouble, try again later
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: BDAT 6 LAST
C+ text\r\n
S: 451 4.3.0 Mail system trouble, try again later
C: QUIT
S~ 221 .*
closed
log event=storage id=[0-9a-z]{16} step=open error="No such file or directory"
no message
