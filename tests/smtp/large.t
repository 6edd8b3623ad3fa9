# A large message goes through the input buffer many times over, and is not changed.
env RELAYCLIENT=
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C*40000: ..{n} a line of some length, so that the message is larger than the buffer
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
closed
message
  *40000: .{n} a line of some length, so that the message is larger than the buffer
log recipients=1 bytes=3028894 verdict=250
