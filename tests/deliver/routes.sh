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
  delivered_all
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

# What stands behind the + is a folder of the Maildir where the route says so, whatever it is.
test_folders_by_extension() {
  add_routes <<END
alice@example.test      maildir $MAIL/alice
alice+*@example.test    maildir $MAIL/alice/.%e
alice+list@example.test maildir $MAIL/list
END
  start_send
  inject me@example.org alice+Work@example.test alice+a.b@example.test \
    '"alice+../../x"@example.test' alice+..@example.test alice+list@example.test \
    alice+list+more@example.test alice@example.test bob+x@example.test
  deliveries alice/.work >/dev/null
  deliveries alice/.a.b >/dev/null
  deliveries alice/.%2E. >/dev/null
  deliveries list >/dev/null
  deliveries alice >/dev/null
  deliveries bob+x >/dev/null
  delivered_all
  assertTrue 'others see a folder' "[ -f $MAIL/alice/.work/maildirfolder ]"
  assertEquals 'Delivered-To: alice+work@example.test' \
    "$(cat "$MAIL"/alice/.work/new/* | sed -n 2p)"
  assertEquals '%22alice+..%2F..%2Fx%22 alice alice/.%2E. alice/.a.b alice/.work bob+x list' \
    "$(find "$MAIL" -name new | sed "s|$MAIL/||; s|/new||" | LC_ALL=C sort | xargs)"
}

# Each route's own quota, and no other's.
test_quota_of_routes() {
  add_routes <<END
small@example.test  maildir $MAIL/small quota=1C
large@example.test  maildir $MAIL/large quota=1M,2C
both@example.test   alias small@example.test large@example.test
END
  start_send
  inject me@example.org both@example.test
  deliveries small >/dev/null && deliveries large >/dev/null
  inject me@example.org both@example.test
  logged 'event=deferred .*text="4.2.2 the mailbox is full"'
  deliveries large 2 >/dev/null
  logged event=waiting
  # What waits goes by the quota that is in force when it is tried.
  sed -i 's/quota=1C/quota=5C/' "$CHAINMAIL_CONF/routes" && route-compile
  kill -ALRM "$SEND_PID"
  deliveries small 2 >/dev/null
  assertEquals 'nobody got it twice' 2 "$(list_box large | wc -l)"
  delivered_all
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
  delivered_all
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
