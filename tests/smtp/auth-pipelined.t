# A batch: commands behind AUTH are answered after it; lines behind one that is refused are commands.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
conf auth-delay 0
auth
  hears AUTH PLAIN AAAA
  says NO failed
  hears AUTH LOGIN
  says + VXNlcm5hbWU6
  hears YWxpY2U=
  says + UGFzc3dvcmQ6
  hears c2VjcmV0
  says OK
  record AUTH_USER=alice@example.test
  record
S~ 220 .*
C: EHLO client.example
C: AUTH PLAIN AAAA
C: MAIL FROM:<alice@example.test>
C: RCPT TO:<bob@elsewhere.example>
C: RSET
C: AUTH LOGIN
C: YWxpY2U=
C: c2VjcmV0
C: MAIL FROM:<alice@example.test>
C: RCPT TO:<bob@elsewhere.example>
S*13~ 250-.*
S: 250 HELP
S: 535 5.7.8 Authentication credentials invalid
S: 250 2.1.0 Sender ok
S: 550 5.7.1 Relaying denied
S~ 250 .*
S: 334 VXNlcm5hbWU6
S: 334 UGFzc3dvcmQ6
S: 235 2.7.0 Authentication succeeded
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
C: QUIT
S~ 221 .*
closed
