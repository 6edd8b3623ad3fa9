# Without the host's name nothing can be promised.
conf me
S: 421 4.3.5 Not configured
closed
exit 111
log event=end reason=configuration what=me error="No such file or directory"
