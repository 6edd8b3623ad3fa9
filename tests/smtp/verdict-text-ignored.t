# A text of refusal with exit code 0, and of acceptance with another, do not count.
env RELAYCLIENT=
chain speak
link speak
  printf "Dno\0" >&4; [ "$SMTP_MAIL_FROM" = a@example.net ]
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: DATA
C: Subject: test
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 250 2.0.0 Message accepted
C: QUIT
S~ 221 .*
closed
