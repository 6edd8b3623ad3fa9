# 8-bit bytes come without BODY=8BITMIME too.
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
C: caf\xe9
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
closed
bytes caf\xe9\n
