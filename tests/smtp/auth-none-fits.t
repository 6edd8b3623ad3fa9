# Nothing to offer: no AUTH, and no AUTH= at MAIL.
options -A {folder}/auth
conf auth-mechanisms PLAIN LOGIN
S~ 220 .*
C: EHLO client.example
S*11~ 250-.*
S: 250-LIMITS RCPTMAX=1000
S: 250 HELP
C: AUTH PLAIN AAAA
S: 538 5.7.11 This mechanism needs TLS first
C: MAIL FROM:<a@example.net> AUTH=<>
S: 555 5.5.4 Parameter not recognized or not implemented: AUTH
C: QUIT
S~ 221 .*
closed
