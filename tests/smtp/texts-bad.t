# A reply that is not there is an error, told with its line.
options -T {folder}/texts
texts
  noop Nothing done
  no-such-reply text
closed
exit 100
log texts: line 2: not a reply's name and its text
