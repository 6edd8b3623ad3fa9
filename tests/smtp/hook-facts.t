# Facts of connect and helo hold for the session, the others' for the transaction; a hook cannot
# change what only the session knows, and nothing but what is on the list is taken.
hook connect
  printf '+RELAYCLIENT=\0+X_CONNECT=1\0+PATH=/nowhere\0+LD_PRELOAD=x\0' >&4
hook helo
  printf '+X_HELO=%s\0+X_CONNECT=2\0' "$SMTP_HELO" >&4
hook mail
  printf '+SPF_RESULT=pass %s\0+SMTP_MAIL_FROM=forged\0+X_HELO=mail\0+DATABYTES=20\0' "$SMTP_MAIL_FROM" >&4
hook rcpt
  printf '+AUTH_RESULTS=%s;%s\0' "$AUTH_RESULTS" "$SMTP_RCPT_TO" >&4
hook data
  printf '+ADD_HEADERS=X-Two: lines\nX-Of: it\n\0+X_COUNT=%s\0' "$SMTP_RCPT_COUNT" >&4
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: RCPT TO:<c@example.org>
C: DATA
C: longer than the hook allows
C: .
S: 250 2.1.0 Sender ok
S*2: 250 2.1.5 Recipient ok
S~ 354 .*
S: 552 5.3.4 Message too big
C: MAIL FROM:<second@example.net>
C: RCPT TO:<d@example.org>
C: DATA
C: short
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
closed
fact RELAYCLIENT=
fact X_CONNECT=2
fact X_HELO=mail
fact SPF_RESULT=pass second@example.net
fact SMTP_MAIL_FROM=second@example.net
fact AUTH_RESULTS=;d@example.org
fact ADD_HEADERS=X-Two: lines\nX-Of: it\n
fact X_COUNT=1
no fact LD_PRELOAD
no fact SMTP_RCPT_TO
