# An extension that there is not.
options -e SPEED
closed
exit 100
log no such extension in SPEED
