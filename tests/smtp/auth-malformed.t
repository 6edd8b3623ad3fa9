# What is no line of an exchange is not handed on; what is no base64 is for the service to say.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
conf auth-delay 0
conf auth-attempts 100
conf bad-commands 100
auth
  hears AUTH PLAIN !!!!
  says NO malformed
  hears AUTH PLAIN AA=A
  says NO malformed
  hears AUTH LOGIN
  says + VXNlcm5hbWU6
  hears *
  says NO cancelled
  hears AUTH LOGIN
  says + VXNlcm5hbWU6
  hears *
  says NO cancelled
  hears AUTH LOGIN
  says + VXNlcm5hbWU6
  hears *
  says NO cancelled
  hears AUTH LOGIN
  says + VXNlcm5hbWU6
  hears 
  says + UGFzc3dvcmQ6
  hears =
  says NO failed
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH PLAIN !!!!
S: 501 5.5.2 Cannot decode this response
C: AUTH PLAIN AA=A
S: 501 5.5.2 Cannot decode this response
C: AUTH PLAIN AAAA AAAA
S: 501 5.5.2 Cannot decode this response
C: AUTH PLAIN AAAA\xc3\xa9
S: 501 5.5.2 Cannot decode this response
C: AUTH PLAIN AAAA\0AAAA
S: 500 5.5.2 Control or 8-bit characters in a command
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: YWxp Y2U=
S: 501 5.5.2 Cannot decode this response
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: YWxp\0Y2U=
S: 501 5.5.2 Cannot decode this response
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: YWxp\rY2U=
S: 501 5.5.2 Cannot decode this response
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: 
S: 334 UGFzc3dvcmQ6
C: =
S: 535 5.7.8 Authentication credentials invalid
C: QUIT
S~ 221 .*
closed
