# An envelope that could not be kept whole is refused as a whole: a recipient that was accepted
# behind the gap would not be reached.
env RELAYCLIENT=
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@example.org>
S: 250 2.1.5 Recipient ok
descriptors 3
C*62: RCPT TO:<xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@example.org>
S*62: 250 2.1.5 Recipient ok
C: RCPT TO:<xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@example.org>
S: 451 4.3.0 Mail system trouble, try again later
descriptors 256
C: RCPT TO:<b@example.org>
S: 451 4.3.0 Mail system trouble, try again later
C: DATA
S~ 354 .*
C: Subject: test
C: .
S: 451 4.3.0 Mail system trouble, try again later
# The next one is whole again.
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: DATA
C: Subject: test
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
closed
envelope Fa@example.net\0Tb@example.org\0\0
