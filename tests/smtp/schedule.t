# FUTURERELEASE (RFC 4865), DELIVERBY (RFC 2852), MT-PRIORITY (RFC 6710) of one who may relay.
env RELAYCLIENT=
conf future-release-max 86400
conf deliver-by-min 60
conf bad-commands 100
S~ 220 .*
C: EHLO client.example
S*7~ 250-.*
S: 250-MT-PRIORITY
S: 250-DELIVERBY 60
S~ 250-FUTURERELEASE 86400 20[0-9-]{8}T[0-9:]{8}Z
S*2~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net> HOLDFOR=0
S: 501 5.5.4 Bad value of parameter HOLDFOR
C: MAIL FROM:<a@example.net> HOLDFOR
S: 501 5.5.4 Bad value of parameter HOLDFOR
C: MAIL FROM:<a@example.net> HOLDFOR=86401
S: 554 5.5.4 Value of parameter HOLDFOR is beyond what is offered
C: MAIL FROM:<a@example.net> HOLDUNTIL=tomorrow
S: 501 5.5.4 Bad value of parameter HOLDUNTIL
C: MAIL FROM:<a@example.net> HOLDUNTIL
S: 501 5.5.4 Bad value of parameter HOLDUNTIL
C: MAIL FROM:<a@example.net> HOLDUNTIL=9999-12-31T23:59:59Z
S: 554 5.5.4 Value of parameter HOLDUNTIL is beyond what is offered
C: MAIL FROM:<a@example.net> HOLDFOR=60 HOLDUNTIL=2026-11-20T21:03:31Z
S: 501 5.5.4 Bad value of parameter HOLDUNTIL
C: MAIL FROM:<a@example.net> HOLDUNTIL=2026-11-20T21:03:31Z HOLDFOR=60
S: 501 5.5.4 Bad value of parameter HOLDFOR
C: MAIL FROM:<a@example.net> BY=soon
S: 501 5.5.4 Bad value of parameter BY
C: MAIL FROM:<a@example.net> BY
S: 501 5.5.4 Bad value of parameter BY
C: MAIL FROM:<a@example.net> BY=0;R
S: 501 5.5.4 Bad value of parameter BY
C: MAIL FROM:<a@example.net> BY=59;R
S: 554 5.5.4 Value of parameter BY is beyond what is offered
C: MAIL FROM:<a@example.net> MT-PRIORITY=10
S: 501 5.5.4 Bad value of parameter MT-PRIORITY
C: MAIL FROM:<a@example.net> MT-PRIORITY
S: 501 5.5.4 Bad value of parameter MT-PRIORITY
C: MAIL FROM:<a@example.net> BY=-59;N MT-PRIORITY=-9
S: 250 2.1.0 Sender ok
C: RSET
S: 250 2.0.0 Reset
C: MAIL FROM:<a@example.net> HOLDUNTIL=2026-11-20T22:03:31.5+01:00
S: 250 2.1.0 Sender ok
C: RSET
S: 250 2.0.0 Reset
C: MAIL FROM:<a@example.net> holdfor=86400 by=60;rt mt-priority=9
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S~ 354 .*
C: .
S: 250 2.0.0 queued as <id>
C: QUIT
S~ 221 .*
envelope Fa@example.net\0Tb@example.org\0\0P\0HOLDFOR=86400\0BY=60;rt\0MT-PRIORITY=9\0\0
