# The small commands, the old ones, the unknown ones.
conf bad-commands 100

S: 220 mail.example.test ESMTP chainmail
C: NOOP
S: 250 2.0.0 Ok
C: noop with an argument
S: 250 2.0.0 Ok
C: RSET
S: 250 2.0.0 Reset
C: RSET now
S: 501 5.5.4 This command takes no argument
C: HELP
S: 214 2.0.0 Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP
C: VRFY postmaster
S: 252 2.1.5 Send some mail, I will try my best
C: VRFY
S: 501 5.5.4 Argument missing
C: EXPN list
S: 502 5.5.1 Command not implemented
C: SEND FROM:<a@b>
S: 502 5.5.1 Command not implemented
C: SOML FROM:<a@b>
S: 502 5.5.1 Command not implemented
C: SAML FROM:<a@b>
S: 502 5.5.1 Command not implemented
C: TURN
S: 502 5.5.1 Command not implemented
C: AUTH PLAIN
S: 502 5.5.1 Command not implemented
C: STARTTLS
S: 502 5.5.1 Command not implemented
C: XCLIENT ADDR=192.0.2.7
S: 550 5.7.1 XCLIENT is not for you
C: GET / HTTP/1.1
S: 500 5.5.1 Unknown command
C:
S: 500 5.5.1 Unknown command
C: \xff\xfe
S: 500 5.5.2 Control or 8-bit characters in a command
C: NOOP \0
S: 500 5.5.2 Control or 8-bit characters in a command
C: QUIT now
S: 501 5.5.4 This command takes no argument
# Command lines as people type them, ended by LF.
C+ NOOP\nQUIT\n
S: 250 2.0.0 Ok
S: 221 2.0.0 mail.example.test closing connection
closed
