# A session that is over ends, whatever the client has sent by then.
conf timeout-session 1
hook connect
  sleep 1.5
C: NOOP
S~ 220 .*
S: 421 4.4.2 mail.example.test session took too long
closed
log event=end reason=overtime .*commands=0.*
