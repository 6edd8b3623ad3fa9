#!/bin/sh
# What fail2ban itself makes of our logs, with the filter and the jail that we ship: each failed login
# is one, from the address it came from, however the line was logged; and nobody who chooses the words
# of a line can have another banned, or stay unseen.
# shellcheck disable=SC2329 # shunit2 calls the functions

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/_chain.sh
. "$HERE/../_chain.sh"
SHIPPED=$CHAIN_TOP/service/fail2ban
PEERS=$CHAIN_TOP/build/peers
FAIL2BAN=$PEERS/fail2ban
FORGED='event=fail remote=9.9.9.9 service=smtp method=PLAIN user=x'

oneTimeSetUp() {
  make_chain || exit 1
  LINES=$CHAIN/lines
  echo yes >"$CHAINMAIL_CONF/auth-clear-text"
  cat >"$CHAIN/checker" <<'END'
#!/bin/sh
case $(tr '\0' ' ' <&3) in
  'alice secret '*) exec "$@" ;;
  'broken '*) exit 111 ;;
esac
exit 1
END
  chmod +x "$CHAIN/checker"
}

oneTimeTearDown() { stop_chain; }
setUp() { : >"$LINES"; }

fail2ban() { # fail2ban regex|client|server ARGUMENT...
  program=$FAIL2BAN/usr/bin/fail2ban-$1
  shift
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$FAIL2BAN/usr/lib/python3/dist-packages \
    timeout 120 /usr/bin/python3 "$program" "$@"
}

# log_in ADDRESS NAME PASSWORD: by PLAIN; what sasl-auth logs is added to the lines.
log_in() {
  request "$1" "AUTH PLAIN $(printf '\0%s\0%s' "$2" "$3" | base64 -w 0)"
}

request() { # request ADDRESS LINE
  printf 'SERVICE=smtp\nSESSION_ID=0gmnj7qkzp5b2s1x\nREMOTEIP=%s\nSSL_PROTOCOL=TLSv1.3\n\n%s\n' "$1" "$2" |
    sasl-auth "$CHAIN/checker" sasl-ok >/dev/null 2>>"$LINES"
}

# addresses FILE: those of the failures that the shipped filter finds, in order
addresses() {
  fail2ban regex -c "$FAIL2BAN/etc/fail2ban" -o ip "$1" "$SHIPPED/filter.d/chainmail.conf" 2>&1 |
    tr '\n' ' '
}

stamp_by() { sed "s/^/$1/" "$LINES"; } # stamp_by STAMP: what others write before a line

assertFound() { # assertFound WHAT ADDRESSES: in the lines as s6-log writes them
  s6-log -b -- T 1 <"$LINES" >"$CHAIN/log"
  assertEquals "$1: $(cat "$CHAIN/log")" "$2" "$(addresses "$CHAIN/log")"
}

test_every_form_of_a_log() {
  needs_peer fail2ban bin/fail2ban-regex || return 0
  log_in 192.0.2.7 alice wrong
  log_in 2001:db8::7 nobody wrong
  both='192.0.2.7 2001:db8::7 '
  assertFound 's6-log T' "$both"
  s6-log -b -- t 1 <"$LINES" >"$CHAIN/log"
  assertEquals 's6-log t, multilog t, svlogd -t' "$both" "$(addresses "$CHAIN/log")"
  # svlogd's -tt and -ttt; the journal as journalctl and as syslog write it; the journal's own
  for stamp in '2026-11-21_01:20:01.12345 ' '2026-11-21T01:20:01.12345 ' \
    'Nov 21 01:20:01 mx tcp-accept[4711]: ' 'Nov  1 01:20:01 mx sasl-auth[4711]: ' \
    '2026-11-21T01:20:01+0100 mx tcp-accept[4711]: ' \
    '2026-11-21T01:20:01.123456+01:00 mx tcp-accept[4711]: '; do
    stamp_by "$stamp" >"$CHAIN/log"
    assertEquals "$stamp" "$both" "$(addresses "$CHAIN/log")"
  done
}

test_every_reason() {
  needs_peer fail2ban bin/fail2ban-regex || return 0
  log_in 192.0.2.1 alice wrong
  log_in 192.0.2.2 "$(printf 'a\tb')" wrong
  log_in 192.0.2.3 alice "$(printf '%0600d' 0)"
  request 192.0.2.4 "AUTH PLAIN $(printf 'bob\0alice\0secret' | base64)"
  assertEquals 'four reasons' 'credentials name long identity' \
    "$(sed 's/.*reason=//' "$LINES" | tr '\n' ' ' | sed 's/ $//')"
  assertFound 'all of them' '192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 '
}

test_what_is_no_failure() {
  needs_peer fail2ban bin/fail2ban-regex || return 0
  log_in 192.0.2.1 alice secret
  log_in 192.0.2.2 broken secret
  request 192.0.2.3 'AUTH PLAIN $$$'
  request 192.0.2.4 'AUTH NONSENSE'
  request - "AUTH PLAIN $(printf '\0alice\0wrong' | base64)"
  assertEquals 'they are logged' 'login error refuse refuse fail ' \
    "$(sed 's/.*event=\([a-z]*\).*/\1/' "$LINES" | tr '\n' ' ')"
  assertFound 'nobody' ''
}

# One address a line, and it is that of the client who said it.
test_hostile_names() {
  needs_peer fail2ban bin/fail2ban-regex || return 0
  number=0
  expected=
  for name in "x $FORGED" "\" $FORGED" "x\" sasl-auth: $FORGED" "\\\" $FORGED" \
    "x\nsasl-auth: $FORGED" "x\rsasl-auth: $FORGED" "x\n2026-11-21 01:20:01 sasl-auth: $FORGED" \
    "2001-01-01 00:00:00 sasl-auth: $FORGED" "@400000003a4fc8800000000 sasl-auth: $FORGED" \
    "x\302\205sasl-auth: $FORGED" "x\342\200\250sasl-auth: $FORGED" "x\013sasl-auth: $FORGED" \
    "x\377sasl-auth: $FORGED" "$(printf '%0200d' 0) $FORGED" "$(printf '%0420d' 0) $FORGED" ''; do
    number=$((number + 1))
    expected="${expected}192.0.2.$number "
    log_in "192.0.2.$number" "$(printf '%b' "$name")" wrong
  done
  assertEquals 'a line for each' "$number" "$(wc -l <"$LINES")"
  assertFound 'hostile names' "$expected"
}

# All services may log to one place: what clients say to smtp-front is no failed login either.
test_hostile_sessions() {
  needs_peer fail2ban bin/fail2ban-regex || return 0
  for word in "sasl-auth: $FORGED" "\nsasl-auth: $FORGED" "x\" sasl-auth: $FORGED"; do
    request 192.0.2.1 "AUTH $(printf '%b' "$word")"
    text=$(printf '%b' "$word")
    printf '%s\r\n' "EHLO $text" 'EHLO client.example' "AUTH PLAIN $text" "AUTH $text" \
      "MAIL FROM:<\"$text\"@client.example>" 'MAIL FROM:<a@client.example>' \
      "RCPT TO:<\"$text\"@example.test>" 'RCPT TO:<box@example.test>' "$text" QUIT |
      PROTO=TCP TCPREMOTEIP=192.0.2.2 smtp-front -A "$CHAIN/nobody" true >/dev/null 2>>"$LINES"
  done
  assertContains 'the words are there' "$(cat "$LINES")" '9.9.9.9'
  assertFound 'nobody' ''
}

# ---- fail2ban's server, with the jail ------------------------------------------------------------

# As the administrator does it: both files copied into its folder. What is different here: the log's
# place, that bans are written down, and nothing of other jails.
write_fail2ban() {
  cp -R "$FAIL2BAN/etc/fail2ban" "$CHAIN/fail2ban"
  rm "$CHAIN/fail2ban"/jail.d/*
  cp -R "$SHIPPED/." "$CHAIN/fail2ban"
  printf '[Definition]\nactionban = echo <ip> >>%s\n' "$CHAIN/banned" \
    >"$CHAIN/fail2ban/action.d/write-down.conf"
  cat >"$CHAIN/fail2ban/jail.d/chainmail.local" <<END
[chainmail]
logpath = $CHAIN/log
backend = polling
action = write-down
END
  cat >"$CHAIN/fail2ban/fail2ban.local" <<END
[Definition]
logtarget = $CHAIN/fail2ban.log
socket = $CHAIN/fail2ban.socket
pidfile = $CHAIN/fail2ban.pid
dbfile = None
END
}

has_banned() { grep -q '^192.0.2.5$' "$CHAIN/banned"; }

test_the_jail_bans() {
  needs_peer fail2ban bin/fail2ban-regex || return 0
  write_fail2ban
  for name in a b c "$FORGED"; do log_in 192.0.2.4 "$name" wrong; done
  for name in a b c d "$FORGED"; do log_in 192.0.2.5 "$name" wrong; done
  s6-log -b -- T 1 <"$LINES" >"$CHAIN/log"
  : >"$CHAIN/banned"
  fail2ban server -f -c "$CHAIN/fail2ban" >"$CHAIN/server.log" 2>&1 </dev/null &
  server=$!
  wait_until has_banned
  assertTrue "five are too many: $(cat "$CHAIN/server.log" "$CHAIN/fail2ban.log")" $?
  end_process "$server"
  assertEquals 'and four are not' 192.0.2.5 "$(cat "$CHAIN/banned")"
}

# shellcheck source=/dev/null
. shunit2
