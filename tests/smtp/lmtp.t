# LMTP: LHLO alone, one reply for each recipient, in their order, from R records or the verdict.
env RELAYCLIENT=
options -L
chain each
link each
  printf 'R2 Dno such box\0R0 Kstored\0R7 Dout of range\0R1 Z4.2.2 box full\0Kqueued\0' >&4
S: 220 mail.example.test LMTP chainmail
C: EHLO client.example
S: 502 5.5.1 This is LMTP: say LHLO
C: HELO client.example
S: 502 5.5.1 This is LMTP: say LHLO
C: LHLO client.example
S*11~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: DATA
S: 503 5.5.1 No valid recipient
C*4: RCPT TO:<user{n}@example.org>
S*4: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: .
S: 250 2.0.0 stored
S: 451 4.2.2 box full
S: 554 5.3.0 no such box
S: 250 2.0.0 queued
# The results of one message do not reach into the next.
C: MAIL FROM:<a@example.net>
C: RCPT TO:<user1@example.org>
C: BDAT 0 LAST
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S: 250 2.0.0 stored
C: QUIT
S~ 221 .*
closed
