# HELO and EHLO: an argument, any case, again and again; a new one resets the transaction.
env RELAYCLIENT=

S: 220 mail.example.test ESMTP chainmail
C: HELO
S: 501 5.5.4 Not a host name
C: EHLO
S: 501 5.5.4 Not a host name
C: EHLO two words
S: 501 5.5.4 Not a host name
C: EHLO caf\xc3\xa9.example
S: 501 5.5.4 Not a host name
C: MAIL FROM:<a@example.net>
S: 503 5.5.1 Say hello first
C: hElO client.example
S: 250 mail.example.test
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: HELO client.example
S: 250 mail.example.test
C: RCPT TO:<b@example.org>
S: 503 5.5.1 Send MAIL first
C: EHLO [192.0.2.1]
S: 250-mail.example.test
S: 250-PIPELINING
S: 250-SIZE 52428800
S: 250-8BITMIME
S: 250-SMTPUTF8
S: 250-CHUNKING
S: 250-DSN
S: 250-MT-PRIORITY
S: 250-DELIVERBY
S~ 250-FUTURERELEASE .*
S: 250-ENHANCEDSTATUSCODES
S: 250-LIMITS RCPTMAX=1000
S: 250 HELP
C: LHLO client.example
S: 502 5.5.1 This is SMTP: say EHLO
C: QUIT
S: 221 2.0.0 mail.example.test closing connection
closed
