# -e AUTH: there is none.
options -S -e AUTH
S~ 220 .*
C: EHLO client.example
S*10~ 250-.*
S: 250-LIMITS RCPTMAX=1000
S: 250 HELP
C: AUTH PLAIN AAAA
S: 502 5.5.1 Command not implemented
C: MAIL FROM:<a@example.net>
S: 530 5.7.0 Authentication required
C: QUIT
S~ 221 .*
closed
