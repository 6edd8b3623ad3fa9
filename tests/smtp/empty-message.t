# A message of no bytes at all, from the null sender.
env RELAYCLIENT=
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<>
S: 250 2.1.0 Sender ok
C: RCPT TO:<rcpt@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
bytes
envelope F\0Trcpt@example.org\0\0
fact SMTP_MAIL_FROM=
fact SMTP_PROTO=SMTP
