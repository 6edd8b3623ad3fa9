# A list that is none.
options -X 192.0.2.0/33
closed
exit 100
log bad networks: 192.0.2.0/33
