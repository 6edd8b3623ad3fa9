# A refusal with its own codes is used as it is; 88 is honoured too; fd 6 is the same pipe.
env RELAYCLIENT=
chain speak
link speak
  printf "D550 5.7.23 SPF says no" >&6; exit 88
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: DATA
C: Subject: test
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 550 5.7.23 SPF says no
C: QUIT
S~ 221 .*
closed
