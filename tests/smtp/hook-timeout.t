# A hook that takes too long defers.
conf timeout-hook 1
hook mail
  sleep 1000
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
S: 451 4.3.0 the mail chain took too long
C: QUIT
S~ 221 .*
closed
