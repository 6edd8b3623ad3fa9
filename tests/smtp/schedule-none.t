# future-release-max 0: messages are not held.
env RELAYCLIENT=
conf future-release-max 0
S~ 220 .*
C: EHLO client.example
S*7~ 250-.*
S: 250-MT-PRIORITY
S: 250-DELIVERBY
S*2~ 250-.*
S: 250 HELP
C: MAIL FROM:<a@example.net> HOLDFOR=60
S: 555 5.5.4 Parameter not recognized or not implemented: HOLDFOR
C: QUIT
S~ 221 .*
