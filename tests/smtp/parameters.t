# ESMTP parameters: known, unknown, twice, with bad values, and DSN's passed on.
env RELAYCLIENT=
conf bad-commands 100
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net> FOO=bar
S: 555 5.5.4 Parameter not recognized or not implemented: FOO
C: MAIL FROM:<a@example.net> AUTH=<>
S: 555 5.5.4 Parameter not recognized or not implemented: AUTH
C: MAIL FROM:<a@example.net> BODY=BINARYMIME
S: 555 5.5.4 Parameter not recognized or not implemented: BODY
C: MAIL FROM:<a@example.net> BODY
S: 501 5.5.4 Bad value of parameter BODY
C: MAIL FROM:<a@example.net> SIZE=many
S: 501 5.5.4 Bad value of parameter SIZE
C: MAIL FROM:<a@example.net> SIZE=1 SIZE=1
S: 501 5.5.4 Bad value of parameter SIZE
C: MAIL FROM:<a@example.net> SMTPUTF8=yes
S: 501 5.5.4 Bad value of parameter SMTPUTF8
C: MAIL FROM:<a@example.net> RET=ALL
S: 501 5.5.4 Bad value of parameter RET
C: MAIL FROM:<a@example.net> ENVID=a+b
S: 501 5.5.4 Bad value of parameter ENVID
C: MAIL FROM:<a@example.net> =
S: 501 5.5.4 Syntax error in the argument
C: MAIL FROM:<a@example.net> ret=hdrs ENVID=QQ314159 body=7bit
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org> NOTIFY=NEVER,SUCCESS
S: 501 5.5.4 Bad value of parameter NOTIFY
C: RCPT TO:<b@example.org> ORCPT=b@example.org
S: 501 5.5.4 Bad value of parameter ORCPT
C: RCPT TO:<b@example.org> SIZE=1
S: 555 5.5.4 Parameter not recognized or not implemented: SIZE
C: RCPT TO:<b@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+40example.org
S: 250 2.1.5 Recipient ok
C: RCPT TO:<plain@example.org>
S: 250 2.1.5 Recipient ok
C: RCPT TO:<c@example.org> NOTIFY=NEVER
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
envelope Fa@example.net\0Tb@example.org\0Tplain@example.org\0Tc@example.org\0\0P\0RET=hdrs\0ENVID=QQ314159\0\0Pb@example.org\0NOTIFY=SUCCESS,DELAY\0ORCPT=rfc822;b+40example.org\0\0Pc@example.org\0NOTIFY=NEVER\0\0
fact SMTP_BODY=7BIT
