# A chunk is taken off the wire whatever is wrong with it: what it holds is never a command.
env RELAYCLIENT=
conf bad-commands 100
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250 HELP
C: BDAT 6
C+ QUIT\r\n
S: 503 5.5.1 Send MAIL first
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: BDAT 6 LAST
C+ QUIT\r\n
S: 503 5.5.1 No valid recipient
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: BDAT 6
C+ QUIT\r\n
S: 250 2.0.0 6 octets received
# BDAT and DATA do not mix; nor do chunks and more recipients.
C: DATA
S: 503 5.5.1 This message comes by BDAT
C: RCPT TO:<c@example.org>
S: 503 5.5.1 This message comes by BDAT
C: RSET
S: 250 2.0.0 Reset
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
# After a chunk that failed, all others fail until RSET or the last.
C: BDAT 6
C+ bare\n.
S: 554 5.6.0 Message has a CR or LF that is not part of a CRLF
C: BDAT 6
C+ QUIT\r\n
S: 503 5.5.1 A chunk failed: send RSET
C: MAIL FROM:<a@example.net>
S: 503 5.5.1 Sender already given
C: BDAT 6 LAST
C+ QUIT\r\n
S: 503 5.5.1 A chunk failed: send RSET
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: QUIT
S~ 221 .*
no message
