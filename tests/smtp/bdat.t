# BDAT (RFC 3030): chunks of any size, CRLF to LF, dots left alone.
env RELAYCLIENT=
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: BDAT 12
C+ Subject: hi\r
S: 250 2.0.0 12 octets received
C: BDAT 1
C+ \n
S: 250 2.0.0 1 octets received
C: BDAT 0
S: 250 2.0.0 0 octets received
C: BDAT 11 LAST
C+ \r\n.\r\n..end\n
S: 554 5.6.0 Message has a CR or LF that is not part of a CRLF
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: BDAT 12
C+ Subject: hi\r
C: BDAT 13 LAST
C+ \n\r\n.\r\n..last\r
S: 250 2.0.0 12 octets received
S: 554 5.6.0 Message has a CR or LF that is not part of a CRLF
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: BDAT 12
C+ Subject: hi\r
C: BDAT 13 LAST
C+ \n\r\n.\r\n..end\r\n
C: MAIL FROM:<next@example.net>
S: 250 2.0.0 12 octets received
S: 250 2.0.0 queued as <id>
S: 250 2.1.0 Sender ok
C: QUIT
S~ 221 .*
message
  Subject: hi

  .
  ..end
