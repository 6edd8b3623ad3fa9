# A client that goes away in the middle of an exchange.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
auth
  hears AUTH LOGIN
  says + VXNlcm5hbWU6
  gone
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
reset
log event=end reason=gone
