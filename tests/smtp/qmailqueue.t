# With no chain on the command line, the program that QMAILQUEUE names is the chain.
env RELAYCLIENT=
env QMAILQUEUE=record
chain
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
S~ 250 2.0.0 queued as .*
C: QUIT
S~ 221 .*
closed
envelope Fa@example.net\0Tb@example.org\0\0
