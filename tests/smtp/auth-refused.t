# Each reason of the service has its reply.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
conf auth-delay 0
conf auth-attempts 100
auth
  hears AUTH PLAIN AAAA
  says NO failed
  hears AUTH PLAIN AAAB
  says NO malformed
  hears AUTH PLAIN AAAC
  says NO cancelled
  hears AUTH PLAIN AAAD
  says NO unknown
  hears AUTH PLAIN AAAE
  says NO unfit
  hears AUTH PLAIN AAAF
  says NO weak
  hears AUTH PLAIN AAAG
  says NO temporary the users file is not there
  hears AUTH PLAIN AAAH
  says NO such-reason
  hears AUTH PLAIN AAAI
  says NO throttled
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH PLAIN AAAA
S: 535 5.7.8 Authentication credentials invalid
C: AUTH PLAIN AAAB
S: 501 5.5.2 Cannot decode this response
C: AUTH PLAIN AAAC
S: 501 5.7.0 Authentication cancelled
C: AUTH PLAIN AAAD
S: 504 5.5.4 Mechanism not offered
C: AUTH PLAIN AAAE
S: 538 5.7.11 This mechanism needs TLS first
C: AUTH PLAIN AAAF
S: 534 5.7.9 Mechanism too weak for this user
C: AUTH PLAIN AAAG
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAH
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAI
S: 421 4.7.0 mail.example.test too many failed logins, come back later
closed
