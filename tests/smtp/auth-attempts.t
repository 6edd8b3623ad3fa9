# Failures are counted, over STARTTLS too; the last one is told, then the session ends.
provider
options -A {folder}/auth
conf auth-delay 0
conf auth-clear-text yes
auth
  no SSL_PROTOCOL
  hears AUTH PLAIN AAAA
  says NO failed
  front SSL_PROTOCOL=TLSv1.3
  hears AUTH PLAIN AAAA
  says NO malformed
  hears AUTH PLAIN AAAA
  says NO failed
  gone
S~ 220 .*
C: EHLO client.example
S*14~ 250-.*
S: 250 HELP
C: AUTH PLAIN AAAA
S: 535 5.7.8 Authentication credentials invalid
C: STARTTLS
S: 220 2.0.0 Ready to start TLS
tls SSL_PROTOCOL=TLSv1.3
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH PLAIN AAAA
S: 501 5.5.2 Cannot decode this response
C: AUTH PLAIN AAAA
C: AUTH PLAIN AAAA
S: 535 5.7.8 Authentication credentials invalid
S: 421 4.7.0 mail.example.test too many failed logins
closed
log event=end reason=too-many-logins
