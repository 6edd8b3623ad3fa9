# Chunks that come behind one that failed, as pipelining clients send them, are no bad commands: the
# session goes on, however many there are.
env RELAYCLIENT=
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: BDAT 6
C+ bare\n.
C*30+ BDAT 6\r\nmore\r\n
C: BDAT 6 LAST
C+ last\r\n
S: 554 5.6.0 Message has a CR or LF that is not part of a CRLF
S*31: 503 5.5.1 A chunk failed: send RSET
C: QUIT
S~ 221 .*
closed
no message
log event=end reason=quit messages=0 commands=36 bad=0$
