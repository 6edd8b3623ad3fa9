# DATABYTES, from a rule say, goes before the setting; 0 is no limit.
env RELAYCLIENT=
env DATABYTES=0
conf databytes 10
S~ 220 .*
C: EHLO client.example
S*2~ 250-.*
S: 250-SIZE 0
S*9~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net> SIZE=1000000
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: 0123456789 and more
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
