# A message that is refused as a whole is refused to each.
env RELAYCLIENT=
options -L -o databytes=5
S~ 220 .*
C: LHLO client.example
S*11~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: RCPT TO:<c@example.org>
C: DATA
C: too large
C: .
S: 250 2.1.0 Sender ok
S*2: 250 2.1.5 Recipient ok
S~ 354 .*
S*2: 552 5.3.4 Message too big
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: RCPT TO:<c@example.org>
C: BDAT 11 LAST
C: too large
S: 250 2.1.0 Sender ok
S*2: 250 2.1.5 Recipient ok
S*2: 552 5.3.4 Message too big
C: QUIT
S~ 221 .*
closed
no message
