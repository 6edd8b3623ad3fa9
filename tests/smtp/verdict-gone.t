# A grandchild that keeps the pipe open is not waited for.
env RELAYCLIENT=
chain speak
link speak
  (sleep 5 </dev/null >/dev/null 2>&1) & printf "Kdone\0" >&4; exit 0
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
S: 250 2.0.0 done
C: QUIT
S~ 221 .*
closed
