# Commands behind STARTTLS in the same segment are an attack.
provider
S~ 220 .*
C: EHLO client.example
S*11~ 250-.*
S: 250-STARTTLS
S: 250 HELP
C: STARTTLS
C: MAIL FROM:<injected@example.net>
closed
log event=tls verdict=dropped reason="input behind STARTTLS"
