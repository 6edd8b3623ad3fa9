#!/bin/sh
# Messages from clients that others wrote arrive byte by byte as they were sent.
# timeout: 600
# shellcheck disable=SC2329 # shunit2 calls the functions

HERE=$(cd "$(dirname "$0")" && pwd)
PEERS=$HERE/../../build/peers
MESSAGES_PY=$HERE/_messages.py
# shellcheck source=tests/_chain.sh
. "$HERE/../_chain.sh"

FROM=sender@client.example

oneTimeSetUp() {
  start_chain || return
  mkdir "$CHAIN/sent"
  "$MESSAGES_PY" make "$CHAIN/sent"
  MESSAGES=$(ls "$CHAIN/sent")
}

oneTimeTearDown() { stop_chain; }

# send_each CLIENT COMMAND...: runs the command for each message, with its file and a recipient.
send_each() {
  client=$1
  shift
  for message in $MESSAGES; do
    "$@" "$CHAIN/sent/$message" "$client-$message@example.test" >"$CHAIN/client.log" 2>&1
    assertTrue "$client sends $message: $(tail -n 5 "$CHAIN/client.log")" $?
  done
}

# expect_each CLIENT [OPTION]: each message has come once, and is what was sent.
expect_each() {
  client=$1
  option=${2-}
  set --
  for message in $MESSAGES; do
    found=$(deliveries "$client-$message")
    assertEquals "$client: copies of $message" 1 "$(echo "$found" | grep -c .)"
    set -- "$@" "$message" "$found"
  done
  expect_same "$client" "$option" "$@"
}

# expect_same CLIENT OPTION (MESSAGE FILE)...
expect_same() {
  client=$1
  option=$2
  shift 2
  # shellcheck disable=SC2086 # an option or none
  difference=$(cd "$CHAIN/sent" && "$MESSAGES_PY" compare $option "$@" 2>&1)
  assertTrue "$client: $difference" $?
}

# ---- clients of one message -------------------------------------------------------------------

with_swaks() { # with_swaks FILE RECIPIENT [OPTION]
  swaks --silent 1 --server "127.0.0.1:$SMTP_PORT" --helo client.example --from "$FROM" \
    --no-data-fixup --data "@$1.wire" --to "$2" ${3+"$3"}
}

with_swaks_pipelined() { with_swaks "$1" "$2" --pipeline; }

# Without fix-ups of its own, swaks sends a file as it is; they would cut empty lines at the end.
make_wire() {
  for message in $MESSAGES; do
    sed 's/^\./../; s/$/\r/' "$CHAIN/sent/$message" >"$CHAIN/sent/$message.wire"
    printf '.' >>"$CHAIN/sent/$message.wire"
  done
}

testSwaks() {
  needs_program swaks || return 0
  make_wire
  send_each swaks with_swaks
  expect_each swaks
}

testSwaksPipelined() {
  needs_program swaks || return 0
  make_wire
  send_each swaks-pipelined with_swaks_pipelined
  expect_each swaks-pipelined
}

with_curl() {
  curl --silent --show-error --crlf --mail-from "$FROM" --upload-file "$1" --mail-rcpt "$2" \
    "smtp://127.0.0.1:$SMTP_PORT/client.example"
}

testCurl() {
  needs_program curl || return 0
  send_each curl with_curl
  expect_each curl
}

with_msmtp() {
  msmtp --file=/dev/null --host=127.0.0.1 --port="$SMTP_PORT" --domain=client.example \
    --from="$FROM" -- "$2" <"$1"
}

testMsmtp() {
  needs_program msmtp || return 0
  send_each msmtp with_msmtp
  expect_each msmtp
}

with_smtp_source() {
  "$PEERS/postfix/bin/smtp-source" -M client.example -f "$FROM" -F "$1" -t "$2" \
    "127.0.0.1:$SMTP_PORT"
}

testSmtpSource() {
  needs_peer postfix bin/smtp-source || return 0
  send_each smtp-source with_smtp_source
  expect_each smtp-source --blank-line
}

# ---- many messages ----------------------------------------------------------------------------

# many BOX OPTIONS...: 60 messages in 6 sessions at once.
many() {
  box=$1
  shift
  "$PEERS/postfix/bin/smtp-source" "$@" -s 6 -m 60 -f "$FROM" -t "$box@example.test" \
    -F "$CHAIN/sent/dots" "127.0.0.1:$SMTP_PORT"
  assertTrue "smtp-source $*" $?
  set --
  for file in $(deliveries "$box" 60); do set -- "$@" dots "$file"; done
  assertEquals "messages" 120 $#
  expect_same smtp-source --blank-line "$@"
}

testSmtpSourceAConnectionEach() {
  needs_peer postfix bin/smtp-source || return 0
  many connection-each
}

testSmtpSourceManyPerConnection() {
  needs_peer postfix bin/smtp-source || return 0
  many connection-many -d
}

all_with() { # all_with CLIENT COMMAND...: files and recipients on one command line
  client=$1
  shift
  for message in $MESSAGES; do
    set -- "$@" "$CHAIN/sent/$message" "$client-$message@example.test"
  done
  "$@" >"$CHAIN/client.log" 2>&1
  assertTrue "$client: $(tail -n 5 "$CHAIN/client.log")" $?
  expect_each "$client"
}

testSmtplib() { all_with smtplib "$HERE/_smtplib.py" "$SMTP_PORT" "$FROM"; }

testNodemailer() {
  needs_program node && needs_peer nodemailer node_modules || return 0
  NODE_PATH=$PEERS/nodemailer/node_modules all_with nodemailer \
    node "$HERE/_nodemailer.js" "$SMTP_PORT" "$FROM"
}

# ---- BDAT: Exim's client uses it wherever CHUNKING is offered ---------------------------------

testEximBdat() {
  is_root || { skip 'Exim sends nothing for others with a configuration of theirs'; return; }
  needs_peer exim4 bin/exim4 || return 0
  # shellcheck source=tests/clients/_exim.sh
  . "$HERE/_exim.sh"
  make_exim "$CHAIN/exim" "$SMTP_PORT"
  send_each exim with_exim
  expect_each exim --body
  assertEquals "all by BDAT" "$(echo "$MESSAGES" | grep -c .)" \
    "$(grep -c '=> exim-.* K ' "$CHAIN/exim/log/main")"
}

# ---- addresses --------------------------------------------------------------------------------

# The Maildir of pelé is named in ASCII.
testUtf8Addresses() {
  FROM=münze@client.example
  "$HERE/_smtplib.py" "$SMTP_PORT" "$FROM" "$CHAIN/sent/eight" pelé@example.test
  assertTrue "smtplib sends to a UTF-8 address" $?
  with_curl "$CHAIN/sent/eight" 用户@example.test
  assertTrue "curl sends to a UTF-8 address" $?
  FROM=sender@client.example
  for box in pel%C3%A9 %E7%94%A8%E6%88%B7; do
    found=$(deliveries "$box")
    expect_same "$box" '' eight "$found"
    assertContains "$(head -n 1 "$found")" 'Return-Path: <münze@client.example>'
    assertContains "$(head -n 6 "$found")" UTF8SMTP
  done
}

testSeveralRecipients() {
  curl --silent --show-error --crlf --mail-from "$FROM" --upload-file "$CHAIN/sent/dots" \
    --mail-rcpt one@example.test --mail-rcpt Two@Example.TEST --mail-rcpt three@localhost \
    "smtp://127.0.0.1:$SMTP_PORT/client.example"
  assertTrue "curl sends to three" $?
  for box in one two three; do
    found=$(deliveries "$box")
    expect_same "$box" '' dots "$found"
    assertContains "$(sed -n 2p "$found" | tr '[:upper:]' '[:lower:]')" "delivered-to: $box@"
  done
}

# shellcheck source=/dev/null
. shunit2
