# What a vrfy hook tells outside of a transaction is not known in the next one; inside, it is.
env RELAYCLIENT=
hook vrfy
  X_SEEN=1 exec facts X_SEEN
hook rcpt
  exec reject 5.7.1 "seen: $X_SEEN."
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: VRFY somebody
S~ 252 .*
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 550 5.7.1 seen: .
C: VRFY somebody
S~ 252 .*
C: RCPT TO:<b@example.org>
S: 550 5.7.1 seen: 1.
C: RSET
S: 250 2.0.0 Reset
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 550 5.7.1 seen: .
C: QUIT
S~ 221 .*
closed
