# TLS required, and nobody there to give it: closed, rather than open.
env UCSPITLS=!
S: 421 4.3.5 Not configured
closed
exit 111
log what=UCSPITLS
