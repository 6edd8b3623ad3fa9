# TLS from the start: no STARTTLS, and the trace tells.
env RELAYCLIENT=
env SSL_PROTOCOL=TLSv1.3
env SSL_CIPHER=TLS_AES_128_GCM_SHA256
S~ 220 .*
C: EHLO client.example
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
fact SMTP_PROTO=ESMTPS
trace .*using TLSv1.3 with cipher TLS_AES_128_GCM_SHA256.* with ESMTPS .*
