# TLS required: only EHLO, NOOP, QUIT and STARTTLS before it; a chunk is still taken off the wire.
provider !
env RELAYCLIENT=
options -o bad-commands=100
S~ 220 .*
C: HELO client.example
S: 530 5.7.0 Send STARTTLS first
C: MAIL FROM:<a@example.net>
S: 530 5.7.0 Send STARTTLS first
C: VRFY a
S: 530 5.7.0 Send STARTTLS first
C: HELP
S: 530 5.7.0 Send STARTTLS first
C: RSET
S: 530 5.7.0 Send STARTTLS first
C: BDAT 6 LAST
C+ QUIT\r\n
S: 530 5.7.0 Send STARTTLS first
C: NOOP
S: 250 2.0.0 Ok
C: EHLO client.example
S*12~ 250-.*
S: 250-STARTTLS
S: 250 HELP
C: STARTTLS
S: 220 2.0.0 Ready to start TLS
tls SSL_PROTOCOL=TLSv1.2
C: HELO client.example
S: 250 mail.example.test
C: QUIT
S~ 221 .*
closed
