# When AUTH may come: after a greeting, outside of a transaction, once.
options -A {folder}/auth
env RELAYCLIENT=
env SSL_PROTOCOL=TLSv1.2
auth
  hears AUTH PLAIN AAAA
  says OK
  record AUTH_USER=alice@example.net
  record
S~ 220 .*
C: AUTH PLAIN AAAA
S: 503 5.5.1 Say hello first
C: HELO client.example
S~ 250 .*
C: AUTH
S: 501 5.5.4 Argument missing
C: MAIL FROM:<anyone@example.net>
S: 250 2.1.0 Sender ok
C: AUTH PLAIN AAAA
S: 503 5.5.1 Mail transaction in progress
C: RSET
S~ 250 .*
C: AUTH PLAIN AAAA
S: 235 2.7.0 Authentication succeeded
C: AUTH PLAIN AAAA
S: 503 5.5.1 Already authenticated
C: MAIL FROM:<alice@example.net>
S: 250 2.1.0 Sender ok
C: AUTH PLAIN AAAA
S: 503 5.5.1 Already authenticated
C: EHLO client.example
S*12~ 250-.*
S: 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
S: 250 HELP
C: AUTH PLAIN AAAA
S: 503 5.5.1 Already authenticated
C: HELP
S: 214 2.0.0 Commands: HELO EHLO AUTH MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP STARTTLS
C: QUIT
S~ 221 .*
closed
