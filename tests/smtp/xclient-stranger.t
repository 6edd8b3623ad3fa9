# Nobody else may, and nobody else hears of it.
env TCPREMOTEIP=192.0.2.17
options -X 192.0.2.0/28
S~ 220 .*
C: EHLO client.example
S*11~ 250-.*
S: 250 HELP
C: XCLIENT ADDR=203.0.113.9
S: 550 5.7.1 XCLIENT is not for you
C: QUIT
S~ 221 .*
closed
