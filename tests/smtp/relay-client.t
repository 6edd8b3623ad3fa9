# A relay client's mail goes to other domains.
env RELAYCLIENT=
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: QUIT
S~ 221 .*
