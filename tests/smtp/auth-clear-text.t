# Passwords may travel without TLS if the setting says so.
options -B -A {folder}/auth
conf auth-clear-text yes
auth
  no SSL_PROTOCOL
  hears AUTH PLAIN AAAA
  says OK
  record AUTH_USER=alice
  record
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
S: 250-AUTH=SCRAM-SHA-256 PLAIN LOGIN
S: 250 HELP
C: AUTH PLAIN AAAA
S: 235 2.7.0 Authentication succeeded
C: QUIT
S~ 221 .*
closed
