# A refused client may only QUIT.
hook connect
  exec reject -c 554 5.7.1 "no thanks"
hook disconnect
  echo "$TCPREMOTEIP" >"$RECORD/disconnected"
S: 554 5.7.1 no thanks
C: EHLO client.example
S: 503 5.5.1 Not welcome here, send QUIT
C: BDAT 6
C+ QUIT\r\n
S: 503 5.5.1 Not welcome here, send QUIT
C: QUIT
S~ 221 .*
closed
log event=connect verdict=554 reason="no thanks"
recorded disconnected 192.0.2.1\n
