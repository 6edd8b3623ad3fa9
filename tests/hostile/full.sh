#!/bin/sh
# File systems without a file more, though there is space, for the queue and for mailboxes; and tables that
# are made where there is no room for them. In a mount namespace of its own.
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/hostile/_hostile.sh
. "$(dirname "$0")/_hostile.sh"

can_mount || skip_all 'cannot mount here'
[ -n "${IN_NAMESPACE-}" ] || IN_NAMESPACE=yes exec unshare -m "$0" "$@"

oneTimeSetUp() { :; }
oneTimeTearDown() { :; }

tearDown() {
  [ -n "$CHAIN" ] || return 0
  stop_smtp
  stop_send
  for folder in queue mail conf; do umount -q "$CHAIN/$folder"; done
  stop_chain
}

# on_tmpfs FOLDER OPTIONS: one of the chain's, with all that is in it
on_tmpfs() {
  cp -a "$CHAIN/$1" "$CHAIN/copy" && mount -t tmpfs -o "$2" none "$CHAIN/$1" &&
    cp -a "$CHAIN/copy/." "$CHAIN/$1" && rm -r "$CHAIN/copy"
}

test_no_file_for_the_queue() {
  make_chain && on_tmpfs queue nr_inodes=40 && start_smtp
  play _full.py queue
}

test_no_file_for_a_mailbox() {
  make_chain && on_tmpfs mail nr_inodes=20 && start_chain
  play _full.py mailbox
  mount -o remount,nr_inodes=200 "$CHAIN/mail"
  play _full.py mailbox_again
}

# fails COMMAND...: it says that it could not do it, and all that was there is as it was
fails() {
  (cd "$CHAINMAIL_CONF" && cksum ./*) >"$CHAIN/before"
  timeout "$PATIENCE" "$@" 3<"$CHAIN/password" 2>"$CHAIN/said"
  assertEquals "$1: $(cat "$CHAIN/said")" 111 $?
  assertTrue "$1 says why" "grep -q 'No space left on device' '$CHAIN/said'"
  (cd "$CHAINMAIL_CONF" && cksum ./*) >"$CHAIN/after"
  assertEquals "$1 has changed something" "$(cat "$CHAIN/before")" "$(cat "$CHAIN/after")"
}

test_no_space_for_tables() {
  make_chain || return
  echo password >"$CHAIN/password"
  echo ':allow' >"$CHAINMAIL_CONF/rules"
  tcp-rules-compile "$CHAINMAIL_CONF/rules"
  user-add -p 3 alice 3<"$CHAIN/password"
  on_tmpfs conf size=256k
  seq -f 'user%g@x.example maildir box' 1 500 >>"$CHAINMAIL_CONF/routes"
  seq -f '10.0.%g.1:deny' 1 250 >>"$CHAINMAIL_CONF/rules"
  cat /dev/zero 2>/dev/null >"$CHAINMAIL_CONF/ballast"
  fails user-add -p 3 bob
  fails user-passwd -p 3 alice
  fails user-del alice
  fails user-compile
  fails route-compile
  fails tcp-rules-compile "$CHAINMAIL_CONF/rules"
  rm "$CHAINMAIL_CONF/ballast"
  user-add -p 3 bob 3<"$CHAIN/password" && route-compile
  assertEquals 'and when there is space' 0 $?
  assertEquals 'alice bob' "$(user-list | awk '{ printf "%s%s", s, $1; s = " " }')"
}

# shellcheck source=/dev/null
. shunit2
