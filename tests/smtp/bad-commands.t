# Enough bad commands end the session.
conf bad-commands 2
S~ 220 .*
C: WHAT
S: 500 5.5.1 Unknown command
C: NOOP
S: 250 2.0.0 Ok
C: RCPT TO:<a@example.net>
S: 503 5.5.1 Send MAIL first
C: IS
C: NOOP
S: 421 4.7.0 mail.example.test too many bad commands
closed
log event=end reason=too-many-bad messages=0 commands=4 bad=3
