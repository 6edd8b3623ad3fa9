# AUTH= from one who relays by address: passed on as it is.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
env RELAYCLIENT=
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net> AUTH=j+C3+B6rg@example.net
C: RCPT TO:<bob@elsewhere.example>
C: DATA
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S~ 250 .*
C: QUIT
S~ 221 .*
closed
envelope Fa@example.net\0Tbob@elsewhere.example\0\0P\0AUTH=j+C3+B6rg@example.net\0\0
