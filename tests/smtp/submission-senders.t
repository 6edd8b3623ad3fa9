# -f: as whom those may send for whom the service names nobody; -P: whence is not told.
options -S -P -A {folder}/auth -f "@example.test carol@example.org"
env SSL_PROTOCOL=TLSv1.2
env SSL_CIPHER=x
env TCPREMOTEHOST=laptop.home.example
auth
  hears AUTH PLAIN AAAA
  says OK
  record AUTH_USER=alice
  record
S~ 220 .*
C: EHLO [192.0.2.77]
S*13~ 250-.*
S: 250 HELP
C: AUTH PLAIN AAAA
S: 235 2.7.0 Authentication succeeded
C: MAIL FROM:<alice@mail.example.test>
S: 550 5.7.1 Sender address does not belong to your login
C: MAIL FROM:<anyone@example.test>
S: 250 2.1.0 Sender ok
C: RCPT TO:<bob@elsewhere.example>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: .
S~ 250 .*
C: QUIT
S~ 221 .*
closed
trace Received: from unknown \(using TLSv1.2 with cipher x\) \(Authenticated sender: alice\) by mail.example.test with ESMTPSA id [0-9a-z]{16} for <bob@elsewhere.example>; .*
fact TCPREMOTEIP=192.0.2.1
fact TCPREMOTEHOST=laptop.home.example
fact SMTP_AUTH_SENDERS=@example.test carol@example.org
