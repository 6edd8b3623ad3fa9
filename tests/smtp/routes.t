# The routes decide; a relay client may not write to unknown users of ours either.
env RELAYCLIENT=
routes
  user@local.test maildir /nowhere/user
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<user@local.test>
S: 250 2.1.5 Recipient ok
C: RCPT TO:<nobody@local.test>
S: 550 5.1.1 No such user here
C: RCPT TO:<other@example.org>
S: 250 2.1.5 Recipient ok
C: QUIT
S~ 221 .*
