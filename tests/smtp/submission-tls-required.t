# TLS is required: AUTH is not offered, and gets 530; nobody asks the service.
provider !
options -S -A {folder}/auth
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250-STARTTLS
S: 250 HELP
C: AUTH SCRAM-SHA-256 AAAA
S: 530 5.7.0 Send STARTTLS first
C: AUTH PLAIN AAAA
S: 530 5.7.0 Send STARTTLS first
C: QUIT
S~ 221 .*
closed
