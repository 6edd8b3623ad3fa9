# AUTH= of MAIL (RFC 4954 5): who logged in vouches for what is its own, and for nobody else.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
auth
  hears AUTH PLAIN AAAA
  says OK
  record AUTH_USER=e=mc2@example.test
  record
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH PLAIN AAAA
S: 235 2.7.0 Authentication succeeded
C: MAIL FROM:<> AUTH
S: 501 5.5.4 Bad value of parameter AUTH
C: MAIL FROM:<> AUTH=nobody
S: 501 5.5.4 Bad value of parameter AUTH
C: MAIL FROM:<> AUTH=<a@example.test>
S: 501 5.5.4 Bad value of parameter AUTH
C: MAIL FROM:<> AUTH=a+2@example.test
S: 501 5.5.4 Bad value of parameter AUTH
C: MAIL FROM:<> AUTH=e+3Dmc2@example.test AUTH=<>
S: 501 5.5.4 Bad value of parameter AUTH
C: MAIL FROM:<e=mc2@example.test> AUTH=e+3Dmc2@example.test RET=HDRS
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
envelope Fe=mc2@example.test\0Tbob@elsewhere.example\0\0P\0AUTH=e+3Dmc2@example.test\0RET=HDRS\0\0
