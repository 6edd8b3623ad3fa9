# The same in LMTP: a refusal for each recipient.
env RELAYCLIENT=
options -L
S: 220 mail.example.test LMTP chainmail
C: LHLO client.example
S*11~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: RCPT TO:<c@example.org>
C: DATA
S: 250 2.1.0 Sender ok
S*2: 250 2.1.5 Recipient ok
S~ 354 .*
C+ text\n.\r\n
C: MAIL FROM:<smuggled@example.net>
C: .
S*2: 554 5.6.0 Message has a CR or LF that is not part of a CRLF
C: QUIT
S~ 221 .*
no message
