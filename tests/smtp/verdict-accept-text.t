# An acceptance with a text, on ERROR_FD; the last one counts.
env RELAYCLIENT=
chain speak
link speak
  printf "Kfirst\0Ksecond one\0" >&$ERROR_FD
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
S: 250 2.0.0 second one
C: QUIT
S~ 221 .*
closed
