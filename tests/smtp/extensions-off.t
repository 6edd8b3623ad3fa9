# Every extension can be switched off; its commands and parameters are refused then.
env RELAYCLIENT=
options -o bad-commands=100 -e PIPELINING,size,8BITMIME,SMTPUTF8,CHUNKING,DSN,MT-PRIORITY,DELIVERBY,FUTURERELEASE,ENHANCEDSTATUSCODES,LIMITS,STARTTLS,HELP
S~ 220 .*
C: EHLO client.example
S: 250 mail.example.test
C: MAIL FROM:<a@example.net> SIZE=1
S: 555 Parameter not recognized or not implemented: SIZE
C: MAIL FROM:<a@example.net> BODY=8BITMIME
S: 555 Parameter not recognized or not implemented: BODY
C: MAIL FROM:<a@example.net> SMTPUTF8
S: 555 Parameter not recognized or not implemented: SMTPUTF8
C: MAIL FROM:<\xc3\xa9@example.net>
S: 553 Non-ASCII address without SMTPUTF8
C: MAIL FROM:<a@example.net> RET=FULL
S: 555 Parameter not recognized or not implemented: RET
C: MAIL FROM:<a@example.net> MT-PRIORITY=-1
S: 555 Parameter not recognized or not implemented: MT-PRIORITY
C: MAIL FROM:<a@example.net> BY=60;N
S: 555 Parameter not recognized or not implemented: BY
C: MAIL FROM:<a@example.net> HOLDFOR=60
S: 555 Parameter not recognized or not implemented: HOLDFOR
C: MAIL FROM:<a@example.net> HOLDUNTIL=2026-11-20T21:03:31Z
S: 555 Parameter not recognized or not implemented: HOLDUNTIL
C: MAIL FROM:<a@example.net>
S: 250 Sender ok
C: RCPT TO:<b@example.org> NOTIFY=NEVER
S: 555 Parameter not recognized or not implemented: NOTIFY
C: RCPT TO:<b@example.org>
S: 250 Recipient ok
C: BDAT 6 LAST
C+ QUIT\r\n
S: 502 Command not implemented
C: QUIT
S: 221 mail.example.test closing connection
