# More Received fields than hops: a loop.
env RELAYCLIENT=
conf hops 3
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
C*3: Received: from hop{n}
C: Subject: three are enough
C:
C: Received: this is text
C: .
S: 250 2.0.0 queued as <id>
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C*4: received: from hop{n}
C: Subject: four are a loop
C: .
S: 554 5.4.6 Too many hops, this message is looping
C: QUIT
S~ 221 .*
