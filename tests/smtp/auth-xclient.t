# A login that a proxy tells; the proxy's own certificate logs nobody in.
options -X 192.0.2.0/24 -A {folder}/auth -S
conf auth-mechanisms EXTERNAL PLAIN SCRAM-SHA-256-PLUS
env SSL_PROTOCOL=TLSv1.2
env SSL_PEER_CERT_HASH=SHA256:aa
env SSL_SERVER_END_POINT=SHA256:bb
auth
  front REMOTEIP=198.51.100.7
  front SSL_PROTOCOL=TLSv1.2
  no SSL_PEER_CERT_HASH
  no SSL_SERVER_END_POINT
  hears AUTH PLAIN AAAA
  says OK
  record AUTH_USER=alice
  record
S~ 220 .*
C: EHLO proxy.example
S*12~ 250-.*
S: 250-AUTH EXTERNAL PLAIN SCRAM-SHA-256-PLUS
S~ 250-XCLIENT .*
S: 250 HELP
C: XCLIENT ADDR=198.51.100.7 LOGIN=carol PROTO=ESMTP HELO=client.example
S~ 220 .*
C: AUTH PLAIN AAAA
S: 503 5.5.1 Already authenticated
C: MAIL FROM:<alice@mail.example.test>
S: 550 5.7.1 Sender address does not belong to your login
C: MAIL FROM:<carol@mail.example.test>
S: 250 2.1.0 Sender ok
C: RSET
S~ 250 .*
C: XCLIENT ADDR=198.51.100.7 LOGIN=[UNAVAILABLE]
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250-AUTH PLAIN
S~ 250-XCLIENT .*
S: 250 HELP
C: AUTH EXTERNAL =
S: 504 5.5.4 Mechanism not offered
C: AUTH PLAIN AAAA
S: 235 2.7.0 Authentication succeeded
C: XCLIENT ADDR=198.51.100.8
S~ 220 .*
C: EHLO client.example
S*14~ 250-.*
S: 250 HELP
C: MAIL FROM:<alice@mail.example.test>
S: 530 5.7.0 Authentication required
C: QUIT
S~ 221 .*
closed
