# A relay client's mail for other domains has no deliverer yet.
env RELAYCLIENT=
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 451 4.4.4 No route to this domain
C: QUIT
S~ 221 .*
