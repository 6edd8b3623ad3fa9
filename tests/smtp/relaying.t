# Default deny: without routes and RELAYCLIENT nobody is welcome, loopback included.
env TCPREMOTEIP=127.0.0.1
S~ 220 .*
C: HELO localhost
S~ 250 .*
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 550 5.7.1 Relaying denied
C: RCPT TO:<postmaster>
S: 550 5.7.1 Relaying denied
C: DATA
S: 503 5.5.1 No valid recipient
C: QUIT
S~ 221 .*
no message
log event=rcpt id=[0-9a-z]{16} from=\S+ rcpt=b@example.org verdict=550 reason="Relaying denied"
