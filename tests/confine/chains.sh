#!/bin/sh
# not confined: its chains are, by themselves
# A mail host whose every program is confined: mail arrives as it does without, and who does what a
# mail program has no business with ends there. All suites can be run that way: make check CONFINE=1.

. "$(dirname "$0")/../_chain.sh"

can_confine || skip_all 'this kernel cannot confine'

setUp() {
  make_chain
  export CHAINMAIL_MAIL="$CHAIN/mail"
  mkdir "$CHAIN/links"
  PATH=$CHAIN/links:$PATH
}

tearDown() { stop_chain; }

# start_confined OPTIONS: of the confine in front of tcp-accept; LINK is a link before queue-inject.
# REMOTE=1: mail goes to other hosts, too.
start_confined() {
  # shellcheck disable=SC2086 # words are wanted
  start_program smtp.log confine -b 0 "$@" tcp-accept -n 3 127.0.0.1 0 smtp-front ${LINK-} \
    queue-inject || return
  SMTP_PID=$STARTED
  SMTP_PORT=$(sed -n 's/.*event=listen .*port=\([0-9]*\).*/\1/p' "$CHAIN/smtp.log" | tail -n 1)
  start_program send.log confine -p "deliver-maildir${REMOTE:+,deliver-smtp}" \
    queue-send -n 3 -w maildir=deliver-maildir ${REMOTE:+-w remote=deliver-smtp}
  SEND_PID=$STARTED
}

link() { # link NAME: a shell script, from stdin
  { echo '#!/bin/sh'; cat; } >"$CHAIN/links/$1"
  chmod 755 "$CHAIN/links/$1"
}

send() { # send BOX [OPTIONS]: what the client was told
  box=$1
  shift
  swaks --server "127.0.0.1:$SMTP_PORT" --from me@client.example --to "$box@example.test" \
    --body 'hello there' "$@" 2>&1
}

needs_narrow_profiles() { ! is_sanitized || ! skip 'the sanitizers need what programs of others need'; }

test_mail_arrives() {
  start_confined
  assertContains "$(send box)" '250 2.0.0 queued as'
  assertContains "$(cat "$(deliveries box)")" 'hello there'
}

test_a_link_of_others_is_refused_until_it_is_allowed() {
  needs_narrow_profiles || return 0
  echo 'exec "$@"' | link theirs
  LINK=theirs start_confined
  assertContains "$(send box)" '451 '
  assertEquals 'nothing is in the queue' '' "$(ls "$CHAINMAIL_QUEUE/new")"
  stop_smtp
  stop_send
  LINK=theirs start_confined -p foreign
  assertContains "$(send box)" '250 2.0.0 queued as'
  assertContains "$(cat "$(deliveries box)")" 'hello there'
}

# The sender is told to come again, and others are served.
test_one_that_does_harm_is_killed() {
  echo 'case $SMTP_MAIL_FROM in me@*) exec unshare -m true ;; esac; exec "$@"' | link harm
  LINK=harm start_confined -p foreign
  assertContains "$(send box)" '451 '
  assertContains "$(send box --from other@client.example)" '250 2.0.0 queued as'
}

test_a_link_writes_nowhere_else() {
  needs_elsewhere || return 0
  echo ': >"$OUTSIDE/file"; exec "$@"' | link writes
  OUTSIDE=$(mktemp -d "$ELSEWHERE/outside.XXXXXX")
  export OUTSIDE
  LINK=writes start_confined -p foreign
  send box >/dev/null
  assertContains "$(cat "$CHAIN/smtp.log")" "$OUTSIDE/file: Permission denied"
  assertEquals '' "$(ls "$OUTSIDE")"
  rmdir "$OUTSIDE"
}

# Nobody would look for the reason in a profile.
test_a_smart_host_on_a_port_of_its_own() {
  needs_narrow_profiles || return 0
  echo '@away.test smarthost 127.0.0.1:2' >>"$CHAINMAIL_CONF/routes"
  route-compile
  REMOTE=1 start_confined
  assertContains "$(send away --to away@away.test)" '250 2.0.0 queued as'
  for _ in $(seq 600); do
    grep -q event=deferred "$CHAIN/send.log" && break
    sleep 0.1
  done
  assertContains "$(grep event=deferred "$CHAIN/send.log")" \
    'text="4.4.1 [127.0.0.1]: Permission denied: no profile names this port, see confine(8), -c"'
}

test_hooks_work_without_a_word() {
  mkdir -p "$CHAINMAIL_CONF/hooks"
  printf '#!/bin/sh\nexec reject 5.7.1 "not from you"\n' >"$CHAINMAIL_CONF/hooks/mail"
  chmod 755 "$CHAINMAIL_CONF/hooks/mail"
  LINK="-H $CHAINMAIL_CONF/hooks" start_confined
  assertContains "$(send box)" '550 5.7.1 not from you'
}

. shunit2
