# LMTP is named as it is.
env RELAYCLIENT=
options -L
S~ 220 .*
C: LHLO client.example
S*11~ 250-.*
S: 250 HELP
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
fact SMTP_PROTO=LMTP
trace .* with LMTP id .*
