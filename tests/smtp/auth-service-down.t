# No service at the socket: try again later, and after some attempts somewhere else.
options -A {folder}/nowhere
env SSL_PROTOCOL=TLSv1.2
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH PLAIN AAAA
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH LOGIN
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH LOGIN
S: 454 4.7.0 Cannot authenticate now, try again later
S: 421 4.7.0 mail.example.test too many failed logins
closed
log event=auth-service socket=[^ ]*/nowhere error="No such file or directory"
log event=auth method=LOGIN verdict=454 
