# More facts than a link's environment takes are left out before what smtp-front itself knows.
env RELAYCLIENT=
hook rcpt
  n=0
  while [ $n -lt 64 ]; do printf '+X_%s_%s=\0' "$SMTP_RCPT_COUNT" $n; n=$((n + 1)); done >&4
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C*40: RCPT TO:<b{n}@example.org>
S*40: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: Subject: test
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
closed
fact SMTP_MAIL_FROM=a@example.net
fact QUEUE_ID=<id>
fact X_0_63=
