# Lines of AUTH may have 12,288 octets, and no others; more ends the exchange, not the session.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
auth
  hears AUTH PLAIN {A*8000}
  says NO malformed
  hears AUTH PLAIN
  says +
  hears {A*8000}
  says NO malformed
  hears AUTH PLAIN
  says +
  gone
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C+ AUTH PLAIN 
C*8000+ A
C:
S: 501 5.5.2 Cannot decode this response
C: AUTH PLAIN
S: 334 
C*8000+ A
C:
S: 501 5.5.2 Cannot decode this response
C+ AUTH PLAIN 
C*65000+ A
C:
S: 500 5.5.6 Authentication line too long
C+ NOOP 
C*8000+ A
C:
S: 500 5.5.2 Line too long
C+ AUTHOR 
C*8000+ A
C:
S: 500 5.5.2 Line too long
C: AUTH PLAIN
S: 334 
C*65000+ A
C:
S: 500 5.5.6 Authentication line too long
C: NOOP
S: 250 2.0.0 Ok
C+ AUTH PLAIN 
C*325000+ A
C:
S: 421 4.7.0 mail.example.test line without an end
closed
