# Mechanisms that are unknown, not listed, or not fit for this connection; nobody asks the service.
options -A {folder}/auth
conf auth-mechanisms EXTERNAL PLAIN NONSENSE plain SCRAM-SHA-256-PLUS SCRAM-SHA-256
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250-AUTH SCRAM-SHA-256
S: 250 HELP
C: AUTH NONSENSE
S: 504 5.5.4 Mechanism not offered
C: AUTH CRAM-MD5
S: 504 5.5.4 Mechanism not offered
C: AUTH PLAIN AGFsaWNlAHNlY3JldA==
S: 538 5.7.11 This mechanism needs TLS first
C: AUTH SCRAM-SHA-256-PLUS
S: 538 5.7.11 This mechanism needs TLS first
C: AUTH PLAIN/LOGIN
S: 501 5.5.2 Cannot decode this response
C: AUTH EXTERNAL =
S: 538 5.7.11 This mechanism needs TLS first
C: QUIT
S~ 221 .*
closed
log event=auth verdict=504 
log event=auth method=PLAIN verdict=538 
