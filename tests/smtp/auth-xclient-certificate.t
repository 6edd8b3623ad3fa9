# A proxy that tells of a client without its address: the proxy's certificate is not that client's.
options -X 192.0.2.0/24 -A {folder}/auth
conf auth-mechanisms EXTERNAL SCRAM-SHA-256-PLUS
env SSL_PROTOCOL=TLSv1.2
env SSL_PEER_CERT_HASH=SHA256:aa
env SSL_SERVER_END_POINT=SHA256:bb
S~ 220 .*
C: XCLIENT NAME=client.example
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH EXTERNAL =
S: 504 5.5.4 Mechanism not offered
C: AUTH SCRAM-SHA-256-PLUS
S: 504 5.5.4 Mechanism not offered
C: QUIT
S~ 221 .*
closed
