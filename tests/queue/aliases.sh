#!/bin/sh
# What a sender who wants to know of success is told where aliases and forwards lead a message on
# (RFC 3461 5.2.7), by queue-send and its own deliverers.
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"
. "$TOP/tests/queue/_elsewhere.sh"

heard() { sed -n 's/^[0-9]* RCPT TO://p' "$CHAIN/heard/commands" | sort; }

# ask NOTIFY RECIPIENT: a message from sender@example.test, who wants to be told so much
ask() {
  printf 'Fsender@example.test\0T%s\0\0P%s\0NOTIFY=%s\0\0' "$2" "$2" "$1" >"$CHAIN/envelope"
  queue-inject <"$CHAIN/message" 1<"$CHAIN/envelope"
}

# told: a line for each recipient of each notice: action, final and original recipient
told() {
  python3 -IS - "$MAIL"/sender/new/* <<'END'
import email, os, sys
for name in filter(os.path.exists, sys.argv[1:]):
    with open(name, "rb") as file:
        report = email.message_from_binary_file(file).get_payload()[1]
    for fields in report.get_payload()[1:]:
        print(fields["Action"], fields["Final-Recipient"], fields.get("Original-Recipient", "-"), sep=", ")
END
}

test_alias_to_one_elsewhere() {
  serve_elsewhere -o DSN
  echo 'info@example.test  alias r@far.example' | add_routes
  start_send
  ask SUCCESS,FAILURE info@example.test
  delivered_all
  end_elsewhere
  assertEquals '<r@far.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;info@example.test' "$(heard)"
  assertEquals 'it is for the other host to tell' '' "$(told)"
}

test_alias_to_one_who_tells_nothing() {
  serve_elsewhere
  echo 'info@example.test  alias r@far.example' | add_routes
  start_send
  ask SUCCESS info@example.test
  deliveries sender >/dev/null
  delivered_all
  end_elsewhere
  assertEquals '<r@far.example>' "$(heard)"
  assertEquals 'relayed, rfc822; info@example.test, -' "$(told)"
}

test_alias_to_several() {
  serve_elsewhere -o DSN
  echo 'info@example.test  alias r@far.example q@far.example box@example.test' | add_routes
  start_send
  ask SUCCESS,DELAY info@example.test
  deliveries sender >/dev/null
  deliveries box >/dev/null
  delivered_all
  end_elsewhere
  assertEquals '<q@far.example> NOTIFY=DELAY ORCPT=rfc822;info@example.test
<r@far.example> NOTIFY=DELAY ORCPT=rfc822;info@example.test' "$(heard)"
  assertEquals 'expanded, rfc822; info@example.test, -' "$(told)"
}

test_forward_to_one() {
  echo 'info@example.test  forward box@example.test' | add_routes
  start_send
  ask SUCCESS info@example.test
  deliveries box >/dev/null
  deliveries sender >/dev/null
  delivered_all
  assertEquals 'told once, of the address that was written to' \
    'delivered, rfc822; box@example.test, rfc822; info@example.test' "$(told)"
}

test_forward_and_keep() {
  printf 'info@example.test  maildir %s/kept\n                   forward box@example.test\n' "$MAIL" | add_routes
  start_send
  ask SUCCESS info@example.test
  deliveries box >/dev/null
  deliveries kept >/dev/null
  deliveries sender >/dev/null
  delivered_all
  assertEquals 'expanded, rfc822; info@example.test, -' "$(told)"
}

# shellcheck source=/dev/null
. shunit2
