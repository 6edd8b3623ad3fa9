# A client that says nothing, or not enough.
conf timeout-command 1
S~ 220 .*
C+ NOO
S: 421 4.4.2 mail.example.test timed out waiting for you
closed
log event=end reason=timeout
