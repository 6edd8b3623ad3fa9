#!/bin/sh
# not confined: its services confine themselves
# The same chain under s6, under systemd's sockets in both Accept modes, and under inetd, from the
# service files that are shipped: a message goes in, the Maildir has it, and all of it stops.
# shellcheck disable=SC2329 # shunit2 calls the functions

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/_chain.sh
. "$HERE/../_chain.sh"
SERVICE=$CHAIN_TOP/service
PEERS=$CHAIN_TOP/build/peers

setUp() {
  make_chain
  SUPERVISOR=
  tcp-rules-compile "$CHAINMAIL_CONF/rules" "$CHAINMAIL_CONF/rules.cdb"
}

tearDown() {
  [ -z "$SUPERVISOR" ] || end_process "$SUPERVISOR"
  stop_chain
}

# The words of the command that a systemd unit starts, for this CHAIN.
exec_start() { # exec_start UNIT
  sed -n 's|@PREFIX@/lib/chainmail/||; s|/etc/chainmail|'"$CHAINMAIL_CONF"'|; s|^ExecStart=||p' \
    "$SERVICE/systemd/$1"
}

send() { # send BOX
  "$HERE/_smtplib.py" "$SMTP_PORT" sender@client.example "$HERE/../_chain.sh" "$1@example.test" \
    >>"$CHAIN/client.log" 2>&1
}

# Supervisors that cannot say when they listen are asked until they answer.
assert_works() { # assert_works BOX: a message, and while it is at it a second connection
  assertTrue "accepted: $(tail -n 5 "$CHAIN/client.log" "$CHAIN/supervisor.log" 2>/dev/null)" \
    "wait_until send $1"
  assertTrue 'accepted again' "send $1"
  assertEquals 'delivered' 2 "$(deliveries "$1" 2 | grep -c .)"
  assertContains 'the client is known' "$(cat "$(list_box "$1" | tail -n 1)")" '127.0.0.1'
}

# ---- s6: the tree, with all services and their logs --------------------------------------------

write_s6_tree() {
  cp -R "$SERVICE/s6" "$CHAIN/s6"
  # The settings as shipped, then what is different here.
  sed '/^mkdir/d; s|@PREFIX@/lib/chainmail:||' "$SERVICE/s6/settings" >"$CHAIN/s6/settings"
  cat >>"$CHAIN/s6/settings" <<END
CHAINMAIL_CONF='$CHAINMAIL_CONF' CHAINMAIL_QUEUE='$CHAINMAIL_QUEUE' CHAINMAIL_RUN='$CHAINMAIL_RUN'
CHAINMAIL_MAIL='$CHAIN/mail'
SMTP_USER= QUEUE_USER= MAIL_USER= PIPE_USER= RELAY_USER= TLS_USER= SASL_USER= LOG_USER=
SMTP_ADDRESS=127.0.0.1 SMTP_PORT=$SMTP_PORT
SUBMISSION_PORT=$SUBMISSION_PORT SUBMISSIONS_PORT=$SUBMISSIONS_PORT
LOG='$CHAIN/logs'
END
}

# Submits as alice with this password.
submit() { # submit PASSWORD URL BOX
  printf 'From: alice@example.test\r\nSubject: submitted\r\n\r\nhello\r\n' >"$CHAIN/message"
  curl -sS -k --ssl-reqd "$2" --user "alice@example.test:$1" --mail-from alice@example.test \
    --mail-rcpt "$3@example.test" -T "$CHAIN/message" >>"$CHAIN/client.log" 2>&1
}

assert_submits() { # assert_submits URL BOX
  assertTrue "$1: $(tail -n 3 "$CHAIN/client.log")" "submit secret $1 $2"
  assertFalse "$1 with a wrong password" "submit wrong $1 $2"
  delivered=$(deliveries "$2")
  assertContains "$(cat "$delivered")" '(Authenticated sender: alice@example.test)'
  assertContains 'the header was completed' "$(cat "$delivered")" 'Message-ID: <'
}

testS6() {
  needs_program s6-svscan || return 0
  # shellcheck disable=SC2046 # words are wanted
  set -- $(free_port 3)
  SMTP_PORT=$1 SUBMISSION_PORT=$2 SUBMISSIONS_PORT=$3
  write_s6_tree
  echo secret | user-add -p 0 alice@example.test
  s6-svscan "$CHAIN/s6" >"$CHAIN/supervisor.log" 2>&1 </dev/null &
  SUPERVISOR=$!
  set -- smtp queue-send auth tls-keyd submission submissions inject
  for service; do # s6-svwait takes what s6-svscan has started
    wait_until test -e "$CHAIN/s6/$service/supervise/status"
    set -- "$@" "$CHAIN/s6/$service"
    shift
  done
  s6-svwait -U -t "${PATIENCE}000" "$@"
  assertTrue 'the services say that they are ready' $?
  assert_works s6
  assert_submits "smtp://127.0.0.1:$SUBMISSION_PORT" starttls
  assert_submits "smtps://127.0.0.1:$SUBMISSIONS_PORT" immediate
  printf 'Subject: local\n\nhello\n' | mail-inject local@example.test
  assertTrue 'mail of this host' $?
  assertContains "$(cat "$(deliveries local)")" 'From: '
  s6-svscanctl -t "$CHAIN/s6"
  assertTrue 'it ends' "wait_until has_ended $SUPERVISOR"
  wait "$SUPERVISOR"
  SUPERVISOR=
  assertFalse 'nothing listens any more' 'send s6'
}

# ---- systemd -----------------------------------------------------------------------------------

start_systemd() { # start_systemd OPTIONS-AND-COMMAND...
  SMTP_PORT=$(free_port)
  systemd-socket-activate -E PATH -E CHAINMAIL_CONF -E CHAINMAIL_QUEUE -l "127.0.0.1:$SMTP_PORT" \
    "$@" >"$CHAIN/supervisor.log" 2>&1 </dev/null &
  SUPERVISOR=$!
}

testSystemdAcceptNo() {
  needs_program systemd-socket-activate || return 0
  start_send
  # shellcheck disable=SC2046 # words are wanted
  start_systemd $(exec_start chainmail-smtp.service)
  assert_works systemd
}

testSystemdAcceptYes() {
  needs_program systemd-socket-activate || return 0
  start_send
  # shellcheck disable=SC2046 # words are wanted
  start_systemd --accept --inetd $(exec_start chainmail-smtp-each@.service)
  assert_works systemd-each
}

# ---- inetd -------------------------------------------------------------------------------------

# The line as shipped, with our address, user, PATH and folders.
write_inetd_conf() {
  sed -n 's|^smtp stream tcp nowait smtp|127.0.0.1:'"$SMTP_PORT"' stream tcp nowait '"$(id -un)"'|
    s|PATH=[^ ]*|PATH='"$PATH CHAINMAIL_CONF=$CHAINMAIL_CONF CHAINMAIL_QUEUE=$CHAINMAIL_QUEUE"'|
    s|/etc/chainmail|'"$CHAINMAIL_CONF"'|; /^127/p' "$SERVICE/inetd/inetd.conf" >"$CHAIN/inetd.conf"
}

# As root, with a /run of its own, since it writes its pid there.
run_inetd() {
  set -- "$PEERS/inetd/usr/sbin/inetd" -i -d "$CHAIN/inetd.conf"
  ! is_root ||
    set -- unshare --mount sh -c 'mount -t tmpfs none /run && exec "$@"' sh "$@"
  exec "$@"
}

testInetd() {
  needs_peer inetd usr/sbin/inetd || return 0
  SMTP_PORT=$(free_port)
  write_inetd_conf
  start_send
  run_inetd >"$CHAIN/supervisor.log" 2>&1 </dev/null &
  SUPERVISOR=$!
  assert_works inetd
}

# shellcheck source=/dev/null
. shunit2
