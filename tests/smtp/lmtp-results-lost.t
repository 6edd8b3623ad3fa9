# A result that could not be kept (here the file may not grow) is not replaced by an acceptance.
env RELAYCLIENT=
options -L
chain speak
limit 8192
link speak
  printf 'R0 Kkept\0' >&4
  printf 'R9 D550 5.1.1 gone\0' >&4
  printf 'Kqueued\0' >&4
S~ 220 .*
C: LHLO client.example
S*11~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C*10: RCPT TO:<b{n}@example.org>
S*10: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: Subject: test
C: .
S: 250 2.0.0 kept
S*9: 451 4.3.0 Mail system trouble, try again later
# The next message has results of its own.
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: DATA
C: Subject: test
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 250 2.0.0 kept
C: QUIT
S~ 221 .*
closed
