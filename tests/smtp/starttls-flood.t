# A provider that talks without an end.
provider
S~ 220 .*
C: STARTTLS
S~ 220 .*
tls flood
closed
log event=tls verdict=dropped reason="too many bytes from the TLS provider"
