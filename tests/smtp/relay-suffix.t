# What RELAYCLIENT holds is appended to the address, as qmail-smtpd does it.
env RELAYCLIENT=.fax
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
envelope Fa@example.net\0Tb@example.org.fax\0\0
