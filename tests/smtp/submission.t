# -S: nothing but greetings before a login, and then only as oneself.
options -S -A {folder}/auth
env RELAYCLIENT=
env SSL_PROTOCOL=TLSv1.2
hook vrfy
  exec reject "must not be asked"
auth
  hears AUTH PLAIN AAAA
  says OK
  record AUTH_USER=alice
  record AUTH_SENDERS=alice@example.test @sales.example.test
  record
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: MAIL FROM:<alice@example.test>
C: RCPT TO:<bob@elsewhere.example>
C: DATA
C: BDAT 6 LAST
C+ QUIT\r\n
C: VRFY alice
C: NOOP
C: RSET
S*5: 530 5.7.0 Authentication required
S: 250 2.0.0 Ok
S: 250 2.0.0 Reset
C: AUTH PLAIN AAAA
S: 235 2.7.0 Authentication succeeded
C: MAIL FROM:<bob@example.test>
S: 550 5.7.1 Sender address does not belong to your login
C: MAIL FROM:<alice@mail.example.test>
S: 550 5.7.1 Sender address does not belong to your login
C: MAIL FROM:<alice@example.test.evil.example>
S: 550 5.7.1 Sender address does not belong to your login
C: MAIL FROM:<@example.test:bob@example.test>
S: 550 5.7.1 Sender address does not belong to your login
C: MAIL FROM:<"alice@example.test"@evil.example>
S: 550 5.7.1 Sender address does not belong to your login
C: RCPT TO:<bob@elsewhere.example>
S: 503 5.5.1 Send MAIL first
C: MAIL FROM:<>
S: 250 2.1.0 Sender ok
C: RSET
S~ 250 .*
C: MAIL FROM:<anyone@SALES.example.test>
S: 250 2.1.0 Sender ok
C: RSET
S~ 250 .*
C: MAIL FROM:<Alice+lists@Example.Test>
S: 250 2.1.0 Sender ok
C: RCPT TO:<bob@elsewhere.example>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: .
S~ 250 .*
C: QUIT
S~ 221 .*
closed
envelope FAlice+lists@Example.Test\0Tbob@elsewhere.example\0\0
fact SMTP_AUTH_SENDERS=alice@example.test @sales.example.test
log event=mail said=.* verdict=550 reason="Sender address does not belong to your login"
