# The service does not answer in time; its late answer is nobody's.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
conf timeout-auth 1
auth
  hears AUTH PLAIN AAAA
  gone
  hears AUTH PLAIN AAAB
  says OK
  record AUTH_USER=alice
  gone
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH PLAIN AAAA
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAB
S: 454 4.7.0 Cannot authenticate now, try again later
C: QUIT
S~ 221 .*
closed
