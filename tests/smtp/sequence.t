# Commands out of their order.
env RELAYCLIENT=
conf bad-commands 100
S~ 220 .*
C: MAIL FROM:<a@example.net>
S: 503 5.5.1 Say hello first
C: RCPT TO:<a@example.org>
S: 503 5.5.1 Send MAIL first
C: DATA
S: 503 5.5.1 Send MAIL first
C: HELO client.example
S~ 250 .*
C: RCPT TO:<a@example.org>
S: 503 5.5.1 Send MAIL first
C: DATA
S: 503 5.5.1 Send MAIL first
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: MAIL FROM:<a@example.net>
S: 503 5.5.1 Sender already given
C: DATA
S: 503 5.5.1 No valid recipient
C: RCPT TO:<a@example.org>
S: 250 2.1.5 Recipient ok
C: DATA now
S: 501 5.5.4 This command takes no argument
C: RSET
S: 250 2.0.0 Reset
C: DATA
S: 503 5.5.1 Send MAIL first
# RSET keeps the greeting.
C: MAIL FROM:<b@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
envelope Fb@example.net\0Tb@example.org\0\0
