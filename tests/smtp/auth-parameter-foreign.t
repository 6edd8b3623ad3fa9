# AUTH= of somebody else: as if it had been <>.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
auth
  hears AUTH PLAIN AAAA
  says OK
  record AUTH_USER=alice@example.test
  record
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH PLAIN AAAA
S: 235 2.7.0 Authentication succeeded
C: MAIL FROM:<alice@example.test> AUTH=bob@example.test
C: RCPT TO:<bob@elsewhere.example>
C: DATA
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S~ 250 .*
C: QUIT
S~ 221 .*
closed
envelope Falice@example.test\0Tbob@elsewhere.example\0\0P\0AUTH=<>\0\0
