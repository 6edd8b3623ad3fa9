#!/bin/sh
# _auth_service.sh: an auth service (sasl-auth(8), PROTOCOL) that knows one user, by PLAIN: alice,
# who is box@example.test, with the password in PASSWORD. For suites whose subject is the front.

while read -r fact && [ -n "$fact" ]; do :; done
while read -r _ _ initial; do
  if [ "$initial" = "$(printf '\0alice\0%s' "$PASSWORD" | base64)" ]; then
    printf 'OK\nAUTH_USER=alice\nAUTH_METHOD=PLAIN\nAUTH_SENDERS=box@example.test\n\n'
  elif [ "$initial" = "$(printf '\0alice\0throttled' | base64)" ]; then
    echo 'NO throttled'
  else
    echo 'NO failed'
  fi
done
