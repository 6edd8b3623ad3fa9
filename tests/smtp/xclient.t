# XCLIENT from a trusted proxy: new facts, the greeting again, nothing kept of before.
env TCPREMOTEIP=192.0.2.7
env TCPREMOTEHOST=proxy.example
env RELAYCLIENT=
options -X 198.51.100.0/24,192.0.2.0/28
hook connect
  [ "$TCPREMOTEIP" = 203.0.113.9 ] && printf '+X_SEEN=%s\0' "$TCPREMOTEHOST" >&4
  exit 0
hook rcpt
  [ -z "${RELAYCLIENT+set}" ] && printf 'Kwelcome\0' >&4
  exit 0
S~ 220 .*
C: EHLO proxy.example
S*12~ 250-.*
S: 250-XCLIENT NAME REVERSE_NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
S: 250 HELP
C: XCLIENT
S: 501 5.5.4 Argument missing
C: XCLIENT COLOUR=blue
S: 501 5.5.4 Syntax error in the argument
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: XCLIENT ADDR=203.0.113.9
S: 503 5.5.1 Mail transaction in progress
C: RSET
S: 250 2.0.0 Reset
C: XCLIENT ADDR=203.0.113.9 NAME=client.example PORT=4242 HELO=said.example PROTO=ESMTP LOGIN=joe
S: 220 mail.example.test ESMTP chainmail
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: .
S: 250 2.0.0 queued as <id>
C: XCLIENT ADDR=[UNAVAILABLE] NAME=[TEMPUNAVAIL] LOGIN=[UNAVAILABLE]
S: 220 mail.example.test ESMTP chainmail
C: MAIL FROM:<a@example.net>
S: 503 5.5.1 Say hello first
C: QUIT
S~ 221 .*
closed
fact TCPREMOTEIP=203.0.113.9
fact TCPREMOTEHOST=client.example
fact TCPREMOTEPORT=4242
fact SMTP_HELO=said.example
fact SMTP_AUTH_USER=joe
fact X_SEEN=client.example
no fact RELAYCLIENT
trace Received: from said.example \(client.example \[203.0.113.9\]\).* with ESMTPA .*
log event=xclient ip=203.0.113.9
