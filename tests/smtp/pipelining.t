# A whole session, several messages of it, in one piece: the replies come in order.
env RELAYCLIENT=
C: EHLO client.example
C: MAIL FROM:<one@example.net>
C: RCPT TO:<a@example.org>
C: RCPT TO:<b@example.org>
C: DATA
C: first
C: .
C: MAIL FROM:<two@example.net>
C: RCPT TO:<c@example.org>
C: BDAT 8
C: second
C: BDAT 0 LAST
C: MAIL FROM:<three@example.net>
C: RCPT TO:<d@example.org>
C: DATA
C: third
C: .
C: QUIT
S~ 220 .*
S*12~ 250-.*
S: 250 HELP
S: 250 2.1.0 Sender ok
S*2: 250 2.1.5 Recipient ok
S~ 354 .*
S: 250 2.0.0 queued as <id>
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S: 250 2.0.0 8 octets received
S: 250 2.0.0 queued as <id>
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 250 2.0.0 queued as <id>
S: 221 2.0.0 mail.example.test closing connection
closed
envelope Fthree@example.net\0Td@example.org\0\0
message
  third
log event=end reason=quit messages=3
