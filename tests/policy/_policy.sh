# shellcheck shell=sh
# What the suites of this folder share: a DNS server with a zone of theirs, links run by themselves.
#
#   start_dns <ZONE        sets DNS, the server's address and port; see tests/dns/_server.py
#   stop_dns
#   run_link PROGRAM...    runs it as smtp-front would, with a next program that keeps the
#                          environment; prints what the verdict pipe said, and the exit code
#   fact NAME              what it set; `unset' if it did not
#   log                    what it logged

# shellcheck source=tests/_wait.sh
. "$TOP/tests/_wait.sh"
# shellcheck source=tests/_needs.sh
. "$TOP/tests/_needs.sh"
DNS_PID=

# has [MESSAGE] TEXT PART, lacks [MESSAGE] TEXT PART: as assertContains, but a part of several lines
# is taken whole.
has() {
  [ $# -lt 3 ] || shift
  case $1 in *"$2"*) return ;; esac
  fail "not found: <$2> in <$1>"
}

lacks() {
  [ $# -lt 3 ] || shift
  case $1 in *"$2"*) fail "found: <$2> in <$1>" ;; esac
}

start_dns() {
  cat >"$SHUNIT_TMPDIR/zone"
  mkfifo "$SHUNIT_TMPDIR/port"
  python3 -IS "$TOP/tests/dns/_server.py" -l "$SHUNIT_TMPDIR/questions" "$SHUNIT_TMPDIR/zone" \
    >"$SHUNIT_TMPDIR/port" 2>"$SHUNIT_TMPDIR/dns.log" &
  DNS_PID=$!
  read -r dns_port dns_pid <"$SHUNIT_TMPDIR/port" && : "$dns_pid"
  rm "$SHUNIT_TMPDIR/port"
  # shellcheck disable=SC2034 # suites use it
  DNS=127.0.0.1:$dns_port
}

stop_dns() {
  [ -z "$DNS_PID" ] || kill "$DNS_PID" && wait "$DNS_PID" 2>/dev/null
  DNS_PID=
}

# What a link's own environment may hold is not to come from whoever runs the suite.
clean_environment() {
  unset RELAYCLIENT SMTP_AUTH_USER SMTP_HELO SMTP_MAIL_FROM AUTH_RESULTS ADD_HEADERS CUT_RANGES \
    ERROR_FD SESSION_ID MESSAGE_FILE QUEUE_ID DNSCACHEIP CHAINMAIL_CONF CHAINMAIL_QUEUE
  export PROTO=TCP TCPREMOTEIP=192.0.2.1
}

run_link() {
  rm -f "$SHUNIT_TMPDIR/facts"
  [ -e "$SHUNIT_TMPDIR/message" ] || printf 'Subject: x\n\nhello\n' >"$SHUNIT_TMPDIR/message"
  printf 'Fme@x.example\0Tyou@y.example\0\0' >"$SHUNIT_TMPDIR/envelope"
  FACTS=$SHUNIT_TMPDIR/facts python3 -IS "$TOP/tests/queue/_caller.py" --files \
    "$SHUNIT_TMPDIR/message" "$SHUNIT_TMPDIR/envelope" "$@" sh -c 'env -0 >"$FACTS"' \
    2>"$SHUNIT_TMPDIR/link.log"
}

log() { cat "$SHUNIT_TMPDIR/link.log"; }

# The value with a final dot, so that newlines at its end count.
fact_bytes() {
  tr '\0\n' '\n\001' <"$SHUNIT_TMPDIR/facts" | sed -n "s/^$1=//p" | tr -d '\n' | tr '\001' '\n'
}

fact() {
  if tr '\0\n' '\n\001' <"$SHUNIT_TMPDIR/facts" | grep -q "^$1="; then fact_bytes "$1"; else
    echo unset
  fi
}
