# <postmaster> reaches somebody even where the host's own name is no domain with routes.
routes
  base /var/mail
  @example.org maildir %u
  postmaster maildir keeper
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
C: RCPT TO:<Postmaster>
C: RCPT TO:<postmaster@mail.example.test>
C: RCPT TO:<postmaster@example.org>
C: DATA
C: Subject: test
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 550 5.7.1 .*
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
closed
envelope Fa@example.net\0Tpostmaster\0Tpostmaster@example.org\0\0
