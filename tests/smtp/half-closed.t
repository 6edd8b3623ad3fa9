# A client that sends all it has and closes its side still gets all replies.
C: HELO client.example
C: NOOP
shut
S~ 220 .*
S: 250 mail.example.test
S: 250 2.0.0 Ok
closed
log event=end reason=gone
