# Addresses of RFC 6531, only where SMTPUTF8 was said.
env RELAYCLIENT=
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250 HELP
C: MAIL FROM:<\xe6\xb5\x8b\xe8\xaf\x95@\xe6\xb5\x8b\xe8\xaf\x95.\xe6\xb5\x8b\xe8\xaf\x95> SMTPUTF8
S: 250 2.1.0 Sender ok
C: RCPT TO:<\xc3\xa9@example.org>
S: 250 2.1.5 Recipient ok
C: RCPT TO:<\xc3@example.org>
S: 501 5.1.3 Bad recipient address syntax
C: DATA
S~ 354 .*
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
envelope F\xe6\xb5\x8b\xe8\xaf\x95@\xe6\xb5\x8b\xe8\xaf\x95.\xe6\xb5\x8b\xe8\xaf\x95\0T\xc3\xa9@example.org\0\0
fact SMTP_UTF8=1
fact SMTP_PROTO=UTF8SMTP
