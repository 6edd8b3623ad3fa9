# Whichever hook of the transaction sets DATABYTES, the message is held to it; the next one is not.
env RELAYCLIENT=
hook mail
  case $SMTP_MAIL_FROM in mail@*) DATABYTES=10 exec facts DATABYTES ;; esac
hook rcpt
  case $SMTP_RCPT_TO in small@*) DATABYTES=10 exec facts DATABYTES ;; esac
hook data
  case $SMTP_MAIL_FROM in data@*) DATABYTES=10 exec facts DATABYTES ;; esac
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250 HELP
C: MAIL FROM:<mail@example.net>
C: RCPT TO:<b@example.org>
C: DATA
C: Subject: test
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 552 5.3.4 Message too big
C: MAIL FROM:<a@example.net>
C: RCPT TO:<small@example.org>
C: DATA
C: Subject: test
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 552 5.3.4 Message too big
C: MAIL FROM:<data@example.net>
C: RCPT TO:<b@example.org>
C: BDAT 15 LAST
C: Subject: test
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S: 552 5.3.4 Message too big
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: BDAT 15 LAST
C: Subject: test
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
closed
