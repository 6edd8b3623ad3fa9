# Paths: without brackets, with a source route, quoted, too long, and what is none.
env RELAYCLIENT=
conf bad-commands 100
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250 HELP
C: MAIL FROM:
S: 501 5.5.4 Syntax error in the argument
C: MAIL LALA:<a@example.net>
S: 501 5.5.4 Syntax error in the argument
C: MAIL FROM:<a@example.net
S: 501 5.1.7 Bad sender address syntax
C: MAIL FROM:  <a@example.net>
S: 501 5.5.4 Syntax error in the argument
C: MAIL FROM:<a>
S: 501 5.1.7 Bad sender address syntax
C: MAIL FROM:<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.net>
S: 501 5.1.7 Bad sender address syntax
C: MAIL FROM:<a@example.net>SIZE=1
S: 501 5.5.4 Syntax error in the argument
C: MAIL FROM:<\xc3\xa9@example.net>
S: 553 5.6.7 Non-ASCII address without SMTPUTF8
C: mail from: a@example.net
S: 250 2.1.0 Sender ok
C: RCPT TO:<>
S: 501 5.1.3 Bad recipient address syntax
C: RCPT TO:<a@example..org>
S: 501 5.1.3 Bad recipient address syntax
C: RCPT TO:<\xc3\xa9@example.org>
S: 553 5.6.7 Non-ASCII address without SMTPUTF8
C: RCPT TO:<postmaster>
S: 250 2.1.5 Recipient ok
C: RCPT TO:<"quoted"@example.org>
S: 250 2.1.5 Recipient ok
C: RCPT TO:<"two words"@example.org>
S: 250 2.1.5 Recipient ok
C: RCPT TO:<@relay.example,@two.example:routed@example.org>
S: 250 2.1.5 Recipient ok
C: RCPT TO: bare@example.org
S: 250 2.1.5 Recipient ok
C: RCPT TO:<literal@[IPv6:2001:db8::1]>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
envelope Fa@example.net\0Tpostmaster@mail.example.test\0Tquoted@example.org\0T"two words"@example.org\0Trouted@example.org\0Tbare@example.org\0Tliteral@[IPv6:2001:db8::1]\0\0
