#!/bin/sh
# What the actions of the routes come to, from the queue to where the mail goes.
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"

# serve CHANNEL COMMAND: how queue-send has it served
serve() {
  printf '#!/bin/sh\nexec %s\n' "$2" >"$CHAIN/serve-$1"
  chmod +x "$CHAIN/serve-$1"
  CHAIN_SEND="${CHAIN_SEND-} -w $1=$CHAIN/serve-$1"
}

has_line() { grep -q -x -e "$2" "$1" 2>/dev/null; }

# comes FILE LINE: waits for it
comes() { wait_until has_line "$@" || fail "no $2 in $1"; }

test_pipe() {
  add_routes <<END
list@example.test    pipe "{ echo \\"\$EXT by \$SENDER\\" && cat; } >>$CHAIN/piped"
many@example.test    alias list@example.test
                     maildir $MAIL/many
END
  serve pipe 'deliver-pipe -r'
  start_send
  inject me@example.org list+all@example.test many@example.test
  comes "$CHAIN/piped" 'all by me@example.org'
  comes "$CHAIN/piped" ' by me@example.org'
  comes "$CHAIN/piped" 'Delivered-To: list+all@example.test'
  deliveries many >/dev/null
  wait_until is_empty || fail 'the queue is not empty'
}

# What the command says is what its sender is told.
test_pipe_that_refuses() {
  add_routes <<'END'
full@example.test    pipe "echo '5.7.1 members only, please'; exit 100"
END
  serve pipe 'deliver-pipe -r'
  start_send
  inject box@example.test full@example.test
  logged 'event=failed .*text="5.7.1 members only, please"'
  deliveries box >/dev/null
  assertTrue 'the bounce has it' "grep -r -q 'members only, please' $MAIL/box/new"
}

test_quota() {
  serve maildir 'deliver-maildir -q 1C'
  start_send
  inject me@example.org mine@example.test
  deliveries mine >/dev/null
  inject me@example.org mine@example.test
  logged 'event=deferred .*text="4.2.2 the mailbox is full"'
  rm "$MAIL"/mine/new/* && echo '-1 -1' >>"$MAIL/mine/maildirsize" # as mail programs do
  kill -ALRM "$SEND_PID"
  deliveries mine >/dev/null
  wait_until is_empty || fail 'the queue is not empty'
}

# Who is forwarded elsewhere has their case kept, and a smart host its port.
test_remote() {
  serve_remote
  add_routes <<'END'
away@example.test     forward Alice@Elsewhere.example
@backup.example       smarthost mx.example
END
  start_send
  inject me@example.org away@example.test Bob@Backup.example Carol@Other.example
  jobs_come Alice@ 1
  jobs_come Bob@ 1
  jobs_come Carol@ 1
  assertEquals 'Alice@elsewhere.example elsewhere.example
Bob@backup.example mx.example:25
Carol@other.example other.example' "$(list_jobs | awk '{ print $4, $5 }' | sort)"
}

# shellcheck source=/dev/null
. shunit2
