# A stranger's mail is not held, and does not go before that of others (RFC 6710); nor is it
# returned, because a host promises no haste (RFC 2852), to who may never have sent it.
routes
  @example.org  maildir /mail/all
conf bad-commands 100
S~ 220 .*
C: EHLO stranger.example
S*6~ 250-.*
S: 250-DSN
S: 250-MT-PRIORITY
S: 250-DELIVERBY
S: 250-ENHANCEDSTATUSCODES
S~ 250-LIMITS .*
S: 250 HELP
C: MAIL FROM:<a@example.net> HOLDFOR=60
S: 555 5.5.4 Parameter not recognized or not implemented: HOLDFOR
C: MAIL FROM:<a@example.net> HOLDUNTIL=2026-11-20T21:03:31Z
S: 555 5.5.4 Parameter not recognized or not implemented: HOLDUNTIL
C: MAIL FROM:<a@example.net> MT-PRIORITY=-3
S: 250 2.1.0 Sender ok
C: RSET
S: 250 2.0.0 Reset
C: MAIL FROM:<a@example.net> BY=10;R
S: 530 5.7.0 Authentication required
C: MAIL FROM:<a@example.net> MT-PRIORITY=4 BY=10;N
S: 250 2.3.6 0 is its priority, sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: .
S: 250 2.0.0 queued as <id>
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: QUIT
S~ 221 .*
envelope Fa@example.net\0Tb@example.org\0\0P\0MT-PRIORITY=0\0BY=10;N\0\0
