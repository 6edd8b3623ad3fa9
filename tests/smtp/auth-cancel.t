# "*" ends an exchange, at any step; another one may follow.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
auth
  hears AUTH PLAIN
  says + 
  hears *
  says NO cancelled
  hears AUTH LOGIN
  says + VXNlcm5hbWU6
  hears YWxpY2U=
  says + UGFzc3dvcmQ6
  hears *
  says NO cancelled
  hears AUTH PLAIN =
  says OK
  record AUTH_USER=alice
  record
conf auth-attempts 1
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH PLAIN
S: 334 
C: *
S: 501 5.7.0 Authentication cancelled
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: YWxpY2U=
S: 334 UGFzc3dvcmQ6
C: *
S: 501 5.7.0 Authentication cancelled
C: AUTH PLAIN =
S: 235 2.7.0 Authentication succeeded
C: QUIT
S~ 221 .*
closed
