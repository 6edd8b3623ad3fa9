# A bad value in a file: the client is told to come back, the log which it was.
conf hops many
S: 421 4.3.5 Not configured
closed
exit 111
log event=end reason=configuration what=hops
