# Where there are logins FUTURERELEASE is told before one: many clients ask only once. It takes one.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
auth
  no LOCALIP
  hears AUTH PLAIN AGFsaWNlAHNlY3JldA==
  says OK
  record AUTH_USER=alice@example.test
  record
  gone
S~ 220 .*
C: EHLO client.example
S*9~ 250-.*
S~ 250-FUTURERELEASE 2592000 .*
S*3~ 250-.*
S: 250 HELP
C: MAIL FROM:<alice@example.test> HOLDFOR=60
S: 530 5.7.0 Authentication required
C: auth plain AGFsaWNlAHNlY3JldA==
S: 235 2.7.0 Authentication succeeded
C: MAIL FROM:<alice@example.test> HOLDFOR=60 MT-PRIORITY=2
S: 250 2.1.0 Sender ok
C: RCPT TO:<bob@elsewhere.example>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: .
S~ 250 2.0.0 .*
C: QUIT
S~ 221 .*
envelope Falice@example.test\0Tbob@elsewhere.example\0\0P\0HOLDFOR=60\0MT-PRIORITY=2\0\0
