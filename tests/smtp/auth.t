# A login with an initial response, and what links are told of it.
options -A {folder}/auth
env TCPREMOTEPORT=40000
env SSL_PROTOCOL=TLSv1.3
env SSL_CIPHER=TLS_AES_128_GCM_SHA256
env SSL_SERVER_END_POINT=SHA256:00ff
auth
  front SERVICE=smtp
  front REMOTEIP=192.0.2.1
  front REMOTEPORT=40000
  front SSL_PROTOCOL=TLSv1.3
  front SSL_CIPHER=TLS_AES_128_GCM_SHA256
  front SSL_SERVER_END_POINT=SHA256:00ff
  no SSL_PEER_CERT_HASH
  no LOCALIP
  hears AUTH PLAIN AGFsaWNlAHNlY3JldA==
  says OK
  record AUTH_USER=alice@example.test
  record AUTH_SENDERS=alice@example.test sales@example.test
  record AUTH_HOME=/home/alice
  record
  gone
S: 220 mail.example.test ESMTP chainmail
C: EHLO client.example
S: 250-mail.example.test
S*6~ 250-[A-Z0-9]+( [0-9]+)?
S: 250-MT-PRIORITY
S: 250-DELIVERBY
S~ 250-FUTURERELEASE 2592000 .*
S: 250-ENHANCEDSTATUSCODES
S: 250-LIMITS RCPTMAX=1000
S: 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
S: 250 HELP
C: auth plain AGFsaWNlAHNlY3JldA==
S: 235 2.7.0 Authentication succeeded
C: MAIL FROM:<sales@example.test>
S: 250 2.1.0 Sender ok
C: RCPT TO:<bob@elsewhere.example>
S: 250 2.1.5 Recipient ok
C: DATA
S: 354 Send the message, end it with a line of one dot
C: Subject: hello
C: .
S~ 250 2.0.0 .*
C: QUIT
S: 221 2.0.0 mail.example.test closing connection
closed
message
  Subject: hello
trace Received: from client.example \(\[192\.0\.2\.1\]\) \(using TLSv1.3 with cipher TLS_AES_128_GCM_SHA256\) \(Authenticated sender: alice@example\.test\) by mail\.example\.test with ESMTPSA id .*
fact SMTP_AUTH_USER=alice@example.test
fact SMTP_AUTH_METHOD=PLAIN
fact SMTP_AUTH_SENDERS=alice@example.test sales@example.test
fact SMTP_PROTO=ESMTPSA
log event=auth method=PLAIN user=alice@example.test verdict=235$
