# What smtp-front is the authority for is unset at the start; what it does not know passes through.
env RELAYCLIENT=
env SMTP_MAIL_FROM=forged@example.com
env SMTP_ANYTHING=forged
env SPF_RESULT=pass
env SPF_DOMAIN=forged
env AUTH_RESULTS=forged
env ADD_HEADERS=Forged: yes
env CUT_RANGES=0-1
env QUEUE_ID=forged
env MESSAGE_FILE=1:2:3
env SESSION_ID=not-an-id
env ERROR_FD=2
env X_OTHER=kept
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
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
closed
fact SMTP_MAIL_FROM=a@example.net
fact QUEUE_ID=<id>
fact SESSION_ID=<id>
fact ERROR_FD=4
fact X_OTHER=kept
no fact SMTP_ANYTHING
no fact SPF_RESULT
no fact SPF_DOMAIN
no fact AUTH_RESULTS
no fact ADD_HEADERS
no fact CUT_RANGES
