#!/bin/sh
# Is this host an open relay? Every way to name a foreign mailbox that some server has fallen for, and
# every way to lie about the sender, without a login and with one.
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/hostile/_hostile.sh
. "$(dirname "$0")/_hostile.sh"

# Only one mailbox is ours: with a route for everyone a trick would look like a strange local name.
oneTimeSetUp() {
  make_chain || exit 1
  cat >"$CHAINMAIL_CONF/routes" <<END
base $CHAIN/mail
box@example.test         maildir box
box@localhost            maildir box
postmaster@example.test  maildir box
END
  route-compile "$CHAINMAIL_CONF/routes" 2>>"$CHAIN/routes.log" && start_auth && start_smtp || exit 1
}

oneTimeTearDown() {
  stop_auth
  stop_chain
}

relay() { play _relay.py "$@"; }

# speak OPTIONS...: of smtp-front
speak() {
  CHAIN_FRONT="smtp-front -o bad-commands=1000 $* queue-inject" restart_smtp
}

test_strangers() { speak && relay strangers; }
test_strangers_who_may_log_in() { speak -A "$CHAINMAIL_RUN/auth" && relay strangers; }
test_strangers_at_submission() { speak -S && relay strangers_at_submission; }
test_login() { speak -S && relay login; }
test_login_as_somebody_else() { speak -S && relay false_senders; }
test_login_as_somebody_else_at_port_25() { speak -A "$CHAINMAIL_RUN/auth" && relay false_senders; }
test_failed_login_is_none() { speak -A "$CHAINMAIL_RUN/auth" && relay failed_login; }

# shellcheck source=/dev/null
. shunit2
