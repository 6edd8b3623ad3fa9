#!/bin/sh
# What deliver-smtp says behind MAIL and RCPT: notices, also behind aliases; time; priority; who
# submitted a message.
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/deliver/_smtp.sh
. "$(dirname "$0")/_smtp.sh"

HOST='[127.0.0.1]'
TAB=$(printf '\t')

setUp() { make_folder; }
tearDown() { remove_folder; }

# parameters RECORDS: an entry for alias@example.test with these P records
parameters() {
  ENVELOPE='Fs@example.org\0Talias@example.test\0\0'$1
  entry "$DIR/message"
  unset ENVELOPE
}

# serve EXTENSION...: a server that offers these; what it hears is told by said
serve() {
  end_peers
  rm -f "$DIR/dump/commands"
  for extension; do
    shift
    set -- "$@" -o "$extension"
  done
  start_server -s "$DIR/dump" "$@"
}

said() { sed -n "s/^[0-9]* \($1.*\)/\1/p" "$DIR/dump/commands"; }

# ---- DSN (RFC 3461) ----

NOTICES='P\0RET=HDRS\0ENVID=xyz\0\0Palias@example.test\0NOTIFY=SUCCESS,DELAY\0ORCPT=rfc822;o@x.test\0\0'

test_dsn() {
  parameters "$NOTICES"
  serve DSN
  assertEquals "K250 2.0.0 $HOST said: kept" "$(deliver "alias@example.test=$HOST")"
  assertEquals 'MAIL FROM:<s@example.org> RET=HDRS ENVID=xyz' "$(said MAIL)"
  assertEquals 'RCPT TO:<alias@example.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;o@x.test' "$(said RCPT)"
}

test_dsn_behind_an_alias() {
  parameters "$NOTICES"
  serve DSN
  deliver "r@d.example${TAB}alias@example.test=$HOST" >/dev/null
  assertEquals 'RCPT TO:<r@d.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;o@x.test' "$(said RCPT)"
}

test_dsn_of_one_of_several() {
  parameters "$NOTICES"
  serve DSN
  deliver "r@d.example${TAB}alias@example.test${TAB}1=$HOST" "q@d.example${TAB}alias@example.test${TAB}1=$HOST" >/dev/null
  assertEquals 'RCPT TO:<r@d.example> NOTIFY=DELAY ORCPT=rfc822;o@x.test
RCPT TO:<q@d.example> NOTIFY=DELAY ORCPT=rfc822;o@x.test' "$(said RCPT)"
}

test_an_original_recipient_is_made() {
  parameters ''
  serve DSN
  deliver "r@d.example${TAB}alias@example.test=$HOST" "alias@example.test=$HOST" >/dev/null
  assertEquals 'RCPT TO:<r@d.example> ORCPT=rfc822;alias@example.test
RCPT TO:<alias@example.test>' "$(said RCPT)"
}

test_a_host_without_dsn() {
  parameters "$NOTICES"
  serve
  assertEquals "K250 2.0.0 relayed, no DSN: $HOST said: kept" "$(deliver "alias@example.test=$HOST")"
  assertEquals 'MAIL FROM:<s@example.org>
RCPT TO:<alias@example.test>' "$(said '[MR]')"
}

# ---- DELIVERBY (RFC 2852) ----

test_time_that_is_left() {
  parameters 'P\0BY=1000;RT\0\0'
  serve 'DELIVERBY 100'
  assertContains "$(deliver "alias@example.test=$HOST")" 'K250 '
  left=$(said MAIL | sed -n 's/.* BY=\([0-9]*\);RT$/\1/p')
  assertTrue "some has passed: $left" "[ $left -lt 1000 ] && [ $left -gt 0 ]"
}

test_less_time_than_the_host_wants() {
  parameters 'P\0BY=1000;R\0\0'
  serve 'DELIVERBY 1000'
  assertEquals "D5.4.7 $HOST: the server cannot deliver in the time that is left (BY)" \
    "$(deliver "alias@example.test=$HOST")"
  assertEquals '' "$(said MAIL)"
  parameters 'P\0BY=1000;N\0\0'
  assertContains 'it counts in mode R' "$(deliver "alias@example.test=$HOST")" 'K250 '
}

test_no_time_left() {
  QUEUE_ID=0a0000000000abcd
  export QUEUE_ID
  parameters 'P\0BY=1000;R\0\0'
  serve DELIVERBY
  assertEquals "D5.4.7 $HOST: the time for its delivery (BY) is over" "$(deliver "alias@example.test=$HOST")"
  parameters 'P\0BY=1000;N\0\0'
  deliver "alias@example.test=$HOST" >/dev/null
  assertEquals 'MAIL FROM:<s@example.org> BY=-999999999;N' "$(said MAIL)"
  unset QUEUE_ID
}

# Who wants it back in time gets it back where nobody sees to that (RFC 2852 4.1).
test_a_host_without_deliverby() {
  parameters 'P\0BY=1000;R\0\0'
  serve
  assertEquals "D5.3.3 $HOST: the message is to be returned when it is late, and the server has not got DELIVERBY" \
    "$(deliver "alias@example.test=$HOST")"
  parameters 'P\0BY=1000;N\0\0'
  assertEquals "K250 2.0.0 relayed, no DSN: $HOST said: kept" "$(deliver "alias@example.test=$HOST")"
  assertEquals 'MAIL FROM:<s@example.org>' "$(said MAIL)"
  serve DSN
  assertEquals "K250 2.0.0 relayed, no DELIVERBY: $HOST said: kept" "$(deliver "alias@example.test=$HOST")"
  serve DSN DELIVERBY
  assertEquals "K250 2.0.0 $HOST said: kept" "$(deliver "alias@example.test=$HOST")"
}

# ---- priority, hold, who submitted it ----

test_priority() {
  parameters 'P\0MT-PRIORITY=-4\0\0'
  serve 'MT-PRIORITY MIXER'
  deliver "alias@example.test=$HOST" >/dev/null
  assertEquals 'MAIL FROM:<s@example.org> MT-PRIORITY=-4' "$(said MAIL)"
  serve
  deliver "alias@example.test=$HOST" >/dev/null
  assertEquals 'MAIL FROM:<s@example.org>' "$(said MAIL)"
}

# A link of the message chain has said so (RFC 6710).
test_a_priority_that_was_changed() {
  SMTP_PRIORITY=-1
  export SMTP_PRIORITY
  parameters 'P\0MT-PRIORITY=4\0\0'
  SMTP_PRIORITY=high
  serve MT-PRIORITY
  deliver "alias@example.test=$HOST" >/dev/null
  assertEquals 'MAIL FROM:<s@example.org> MT-PRIORITY=-1' "$(said MAIL)"
  rm "$DIR/dump/commands"
  parameters 'P\0MT-PRIORITY=4\0\0'
  unset SMTP_PRIORITY
  deliver "alias@example.test=$HOST" >/dev/null
  assertEquals 'what is no priority changes none' 'MAIL FROM:<s@example.org> MT-PRIORITY=4' "$(said MAIL)"
}

# We are those who hold it (RFC 4865).
test_a_hold_is_not_passed_on() {
  parameters 'P\0HOLDFOR=60\0HOLDUNTIL=2026-11-20T21:03:31Z\0\0'
  serve 'FUTURERELEASE 1000 2036-11-20T21:03:31Z'
  deliver "alias@example.test=$HOST" >/dev/null
  assertEquals 'MAIL FROM:<s@example.org>' "$(said MAIL)"
}

# RFC 4954 5: it means something to a server that knows who says it; smtp_tls.sh has one.
test_submitter() {
  parameters 'P\0AUTH=me+2Bx@example.org\0\0'
  serve 'AUTH CRAM-MD5'
  deliver "alias@example.test=$HOST" >/dev/null
  assertEquals 'MAIL FROM:<s@example.org>' "$(said MAIL)"
}

. shunit2
