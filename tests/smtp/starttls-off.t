# A provider that was told to be silent.
provider -
S~ 220 .*
C: EHLO client.example
S*11~ 250-.*
S: 250 HELP
C: STARTTLS
S: 502 5.5.1 Command not implemented
C: QUIT
S~ 221 .*
closed
