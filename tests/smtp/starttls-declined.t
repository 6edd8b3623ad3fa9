# A provider that declines.
provider
S~ 220 .*
C: STARTTLS
S~ 220 .*
tls decline
closed
log event=tls verdict=dropped reason="TLS provider declined"
