# A mechanism whose client must wait for a challenge takes no initial response (RFC 4954 4), be it
# empty; LOGIN's clients have one all the same. Nobody asks the service.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
conf auth-mechanisms CRAM-MD5 LOGIN
auth
  hears AUTH LOGIN YWxpY2U=
  says + UGFzc3dvcmQ6
  hears *
  says NO cancelled
  hears AUTH CRAM-MD5
  says + PDFAbT4=
  hears YWxpY2UgMTIz
  says NO malformed
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH CRAM-MD5 YWxpY2UgMTIz
S: 501 5.7.0 This mechanism has no initial response
C: AUTH CRAM-MD5 =
S: 501 5.7.0 This mechanism has no initial response
C: AUTH LOGIN YWxpY2U=
S: 334 UGFzc3dvcmQ6
C: *
S: 501 5.7.0 Authentication cancelled
C: AUTH CRAM-MD5
S: 334 PDFAbT4=
C: YWxpY2UgMTIz
S: 501 5.5.2 Cannot decode this response
C: QUIT
S~ 221 .*
closed
