# With TLS, and with what there is to bind to.
options -A {folder}/auth
conf auth-mechanisms EXTERNAL PLAIN SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS
env SSL_PROTOCOL=TLSv1.2
env SSL_PEER_CERT_HASH=SHA256:aa
auth
  front SSL_PEER_CERT_HASH=SHA256:aa
  hears AUTH EXTERNAL =
  says OK
  record AUTH_USER=alice
  record
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250-AUTH EXTERNAL PLAIN
S: 250 HELP
C: AUTH SCRAM-SHA-256-PLUS
S: 504 5.5.4 Mechanism not offered
C: AUTH EXTERNAL =
S: 235 2.7.0 Authentication succeeded
C: QUIT
S~ 221 .*
closed
