# The service dies while it is asked, or says more than it should; the next attempt finds a new one.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
conf auth-attempts 100
auth
  hears AUTH LOGIN
  says + VXNlcm5hbWU6
  dies
  hears AUTH LOGIN
  dies
  hears AUTH PLAIN AAAA
  says OK
  record AUTH_USER=alice
  dies
  hears AUTH PLAIN AAAB
  says NO malformed\nOK\nAUTH_USER=alice\n
  hears AUTH PLAIN AAAC
  says OK
  record AUTH_USER=alice
  record
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: YWxpY2U=
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH LOGIN
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAA
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAB
S: 501 5.5.2 Cannot decode this response
C: AUTH PLAIN AAAC
S: 235 2.7.0 Authentication succeeded
C: QUIT
S~ 221 .*
closed
