# A deferred client is closed upon.
hook connect
  exit 71
S: 421 4.7.1 message refused for now
closed
