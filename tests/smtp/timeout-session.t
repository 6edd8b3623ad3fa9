# A session that lasts too long, whatever it does.
pipes
conf timeout-session 8
S~ 220 .*
C: NOOP
S: 250 2.0.0 Ok
S: 421 4.4.2 mail.example.test session took too long
closed
log event=end reason=overtime
