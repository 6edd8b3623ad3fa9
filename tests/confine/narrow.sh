#!/bin/sh
# not confined: what programs give up by themselves is seen without what confine takes from them
# Programs that narrow themselves once they have started: each is stopped where it waits for work, and
# made to try what hostile bytes could have it do (_inside.py).

. "$(dirname "$0")/../_chain.sh"

{ ! is_sanitized && [ "$(uname -m)" = x86_64 ]; } ||
  skip_all 'the sanitizers need more, and registers are those of x86-64'
can_confine || skip_all 'this kernel cannot confine'
is_root || skip_all 'only root sees into programs that cannot be dumped'

setUp() {
  make_chain
  AWAY=$CHAIN/away
  mkdir "$AWAY"
  : >"$AWAY/program" && chmod 755 "$AWAY/program"
  : >"$AWAY/gone"
}

tearDown() { stop_chain; }

ask() { ANSWERS=$(timeout 180 python3 "$(dirname "$0")/_inside.py" "$@" 2>&1); }

refuses() { # refuses ATTEMPT...: of what was asked
  for attempt; do
    assertTrue "$attempt: $ANSWERS" "echo '$ANSWERS' | grep -Eq '^$attempt (EPERM|EACCES)\$'"
  done
}
can() { # can ATTEMPT...
  for attempt; do assertContains "$ANSWERS" "$attempt done"; done
}

test_those_who_speak_to_strangers() {
  for program in 'deliver-smtp -H me.example' 'deliver-lmtp -n me.example'; do
    # shellcheck disable=SC2086 # words are wanted
    ask "$AWAY" $program
    refuses execute start-process make remove listen signal device map-code
    can read unix-socket inet-socket
  done
}

test_who_writes_mail() {
  ask "$AWAY" deliver-maildir
  refuses execute start-process unix-socket inet-socket listen signal device map-code
  can read make remove
}

# queue-send whose deliverers are services: SERVED is how; FORWARD stays in the queue, as it does.
serve() {
  # shellcheck disable=SC2086 # words are wanted
  ask "$1" queue-send -w maildir=unix:/nowhere -w pipe=unix:/nowhere -w lmtp=unix:/nowhere $2
}

test_who_keeps_the_queue() {
  serve "$AWAY" '-w remote=unix:/nowhere'
  refuses execute make remove device
  can read unix-socket
  mkdir "$CHAINMAIL_QUEUE/tmp/inside"
  : >"$CHAINMAIL_QUEUE/tmp/inside/program" && : >"$CHAINMAIL_QUEUE/tmp/inside/gone"
  serve "$CHAINMAIL_QUEUE/tmp/inside" '-w remote=unix:/nowhere'
  can read make remove
}

# Others could not do their work.
test_who_starts_deliverers_gives_them_what_it_has() {
  serve "$AWAY" '-w remote=deliver-smtp'
  can read make remove inet-socket
}

test_what_it_starts_still_starts() {
  cat >>"$CHAINMAIL_CONF/routes" <<END
old@example.test  forward new@example.test
END
  sed -i '/^@example.test/d' "$CHAINMAIL_CONF/routes"
  echo "@example.test  maildir %l" >>"$CHAINMAIL_CONF/routes"
  route-compile "$CHAINMAIL_CONF/routes"
  mkdir -p "$CHAINMAIL_RUN"
  start_program maildir.log tcp-accept -n 3 "unix:$CHAINMAIL_RUN/maildir" deliver-maildir
  accepts=$STARTED
  start_program send.log queue-send -n 3 -w "maildir=unix:$CHAINMAIL_RUN/maildir" \
    -w pipe=unix:/nowhere -w lmtp=unix:/nowhere -w remote=unix:/nowhere
  SEND_PID=$STARTED
  start_smtp
  swaks --server "127.0.0.1:$SMTP_PORT" --from me@client.example --to old@example.test \
    --body 'hello there' >/dev/null 2>&1
  assertContains "$(cat "$(deliveries new)")" 'hello there'
  stop_send # whose connection a service that is ended waits for
  end_process "$accepts"
}

. shunit2
