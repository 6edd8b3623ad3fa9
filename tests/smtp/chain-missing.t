# A chain that cannot be found is temporary trouble, and logged.
env RELAYCLIENT=
chain no-such-link
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
S: 451 4.3.0 Mail system trouble, try again later
C: QUIT
S~ 221 .*
closed
log event=chain-failed id=[0-9a-z]{16} chain=no-such-link error="No such file or directory"
