# 100,000 RCPTs in one piece: as many as the limit allows are in the envelope, in constant memory.
env RELAYCLIENT=
options -o recipients=2000
S~ 220 .*
C: EHLO client.example
S*10~ 250-.*
S~ 250-ENHANCED.*
S: 250-LIMITS RCPTMAX=2000
S: 250 HELP
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C*5000: RCPT TO:<user{n}@example.org> NOTIFY=NEVER
S*2000: 250 2.1.5 Recipient ok
S*3000: 452 4.5.3 Too many recipients
C: DATA
S~ 354 .*
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
fact SMTP_RCPT_COUNT=2000
log recipients=2000
