# STARTTLS: facts from the provider, everything said before forgotten.
provider
env SSL_CLIENT_CN=stale
hook helo
  printf '+RELAYCLIENT=\0+X_HELO=%s\0' "$SMTP_HELO" >&4
S~ 220 .*
C: EHLO first.example
S*12~ 250-.*
S: 250-STARTTLS
S: 250 HELP
C: STARTTLS now
S: 501 5.5.4 This command takes no argument
C: MAIL FROM:<early@example.net>
S: 250 2.1.0 Sender ok
C: STARTTLS
S: 220 2.0.0 Ready to start TLS
tls SSL_PROTOCOL=TLSv1.2 SSL_CIPHER=ECDHE-ECDSA-AES128-GCM-SHA256 SSL_CLIENT_CN PATH=/nowhere SSL_TLS_SNI_SERVERNAME=mail.example.test
C: MAIL FROM:<a@example.net>
S: 503 5.5.1 Say hello first
C: EHLO second.example
S*12~ 250-.*
S: 250 HELP
C: STARTTLS
S: 503 5.5.1 TLS is already active
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: DATA
C: Subject: test
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
closed
fact SSL_PROTOCOL=TLSv1.2
fact SSL_CIPHER=ECDHE-ECDSA-AES128-GCM-SHA256
fact SSL_TLS_SNI_SERVERNAME=mail.example.test
fact SMTP_HELO=second.example
fact X_HELO=second.example
fact SMTP_PROTO=ESMTPS
no fact SSL_CLIENT_CN
no fact SSLCTLFD
no fact SSLREADFD
no fact SSLWRITEFD
no fact UCSPITLS
trace Received: from second.example .*using TLSv1.2 with cipher ECDHE-ECDSA-AES128-GCM-SHA256.* with ESMTPS .*
log event=tls version=TLSv1.2 cipher=ECDHE-ECDSA-AES128-GCM-SHA256 sni=mail.example.test
