# AUTH= from a stranger, who vouches for nobody.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
routes
  @example.test maildir /var/mail/all
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net> AUTH=a@example.net
C: RCPT TO:<bob@example.test>
C: DATA
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S~ 250 .*
C: QUIT
S~ 221 .*
closed
envelope Fa@example.net\0Tbob@example.test\0\0P\0AUTH=<>\0\0
