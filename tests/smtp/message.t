# One message, dots unstuffed, lines ended by LF, and what the chain is told.
env RELAYCLIENT=
env TCPREMOTEHOST=client.example
env SESSION_ID=0123456789abcdef

S: 220 mail.example.test ESMTP chainmail
C: EHLO client.example
S*12~ 250-.*
S: 250 HELP
C: MAIL FROM:<sender@example.net> SIZE=100 BODY=8BITMIME
S: 250 2.1.0 Sender ok
C: RCPT TO:<rcpt@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S: 354 Send the message, end it with a line of one dot
C: Subject: hello
C:
C: ..one dot more
C: caf\xc3\xa9, and a NUL: \0
C: ...
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S: 221 2.0.0 mail.example.test closing connection
closed

message
  Subject: hello

  .one dot more
  caf\xc3\xa9, and a NUL: \0
  ..

envelope Fsender@example.net\0Trcpt@example.org\0\0
trace Received: from client\.example \(client\.example \[192\.0\.2\.1\]\) by mail\.example\.test with ESMTP id [0-9a-z]{16} for <rcpt@example\.org>; \w{3}, \d+ \w{3} \d{4} \d\d:\d\d:\d\d \+0000
fact SESSION_ID=0123456789abcdef
fact QUEUE_ID=<id>
fact ERROR_FD=4
fact SMTP_HELO=client.example
fact SMTP_PROTO=ESMTP
fact SMTP_MAIL_FROM=sender@example.net
fact SMTP_RCPT_COUNT=1
fact SMTP_SIZE=100
fact SMTP_BODY=8BITMIME
fact RELAYCLIENT=
no fact SMTP_RCPT_TO
no fact SMTP_UTF8
no fact SMTP_AUTH_USER
log session=0123456789abcdef event=rcpt id=[0-9a-z]{16} from=sender@example.net rcpt=rcpt@example.org verdict=250$
log event=message id=[0-9a-z]{16} from=sender@example.net recipients=1 bytes=53 verdict=250 text="queued as [0-9a-z]{16}" ms=\d+$
log event=end reason=quit messages=1 commands=5 bad=0$
