# -S where TLS is to be had: no password without it, whatever the setting says. A login before it is forgotten.
provider
options -S -A {folder}/auth
conf auth-clear-text yes
auth
  no SSL_PROTOCOL
  hears AUTH SCRAM-SHA-256 AAAA
  says OK
  record AUTH_USER=alice
  record
  front SSL_PROTOCOL=TLSv1.3
  hears AUTH PLAIN AAAA
  says OK
  record AUTH_USER=carol
  record
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250-STARTTLS
S: 250-AUTH SCRAM-SHA-256
S: 250 HELP
C: AUTH PLAIN AAAA
S: 538 5.7.11 This mechanism needs TLS first
C: AUTH SCRAM-SHA-256 AAAA
S: 235 2.7.0 Authentication succeeded
C: MAIL FROM:<alice@mail.example.test>
S: 250 2.1.0 Sender ok
C: STARTTLS
S: 220 2.0.0 Ready to start TLS
tls SSL_PROTOCOL=TLSv1.3 SSL_SERVER_END_POINT=SHA256:aa
C: EHLO client.example
S*12~ 250-.*
S: 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
S: 250 HELP
C: MAIL FROM:<alice@mail.example.test>
S: 530 5.7.0 Authentication required
C: AUTH PLAIN AAAA
S: 235 2.7.0 Authentication succeeded
C: MAIL FROM:<alice@mail.example.test>
S: 550 5.7.1 Sender address does not belong to your login
C: MAIL FROM:<carol@mail.example.test>
S: 250 2.1.0 Sender ok
C: QUIT
S~ 221 .*
closed
