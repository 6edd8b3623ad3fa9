# A handshake that fails.
provider
S~ 220 .*
C: STARTTLS
S~ 220 .*
tls fail
closed
log event=tls verdict=dropped reason="handshake failed"
