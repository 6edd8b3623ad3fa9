#!/bin/sh
# timeout: 500
# The power fails, at any time: what was accepted is delivered, and nothing torn is. In make check a
# sample of the states that a disk may be left in is tried, in make check-crash nearly all of them.
# check-crash: 1200

# shellcheck source=tests/durability/_durability.sh
. "$(dirname "$0")/_durability.sh"

# Tables of routes for smtp-front and, without those who are gone by then, for queue-send.
oneTimeSetUp() {
  make_chain || exit 1
  export CHAIN CHAINMAIL_QUEUE="$CHAIN/disk/queue" CHAINMAIL_MAIL="$CHAIN/disk/mail"
  {
    echo 'base /proc/self/cwd'
    for box in one three four broken sender; do echo "$box@example.test maildir $box"; done
    echo 'two@example.test maildir two quota=10M,1000C'
    echo 'forwarded@example.test forward four@example.test'
    echo 'postmaster alias sender@example.test'
  } >"$CHAIN/send"
  { cat "$CHAIN/send" && echo 'gone@example.test maildir gone'; } >"$CHAINMAIL_CONF/routes"
  route-compile "$CHAIN/send" "$CHAIN/send.cdb" && route-compile "$CHAINMAIL_CONF/routes"
}

# replay [ARGUMENT...]: of _power.py
replay() { ! needs_tracing || ! needs_sight || play _power.py ${SEED:+-s "$SEED"} "$@"; }

# replay_all SCENARIO...: as many states as there is time for
replay_all() { replay ${CHECK_CRASH:+-n 5000} "$@"; }

test_acceptance() { replay_all accepted accepted_at_once; }
test_delivery() { replay_all delivered found forwarded; }
test_retry() { replay_all retried; }
test_bounce() { replay_all returned; }
test_orders() { replay_all ordered ordered_alone; }

test_all_at_once() { replay_all busy; }
test_again() { replay_all -t busy; }

test_acceptance_without_unnamed_files() { replay_all copied; }

test_entry_found_before_it_was_synced() {
  replay_all found_early
}

# The check is checked: programs that sync less, or say more, are found out.
test_faults_are_found() {
  replay -m entries_not_synced accepted accepted_at_once
  replay -m synced_before_named accepted accepted_at_once
  replay -m told_before_synced accepted accepted_at_once
  replay -m mail_not_synced delivered found
  replay -m mailboxes_not_synced delivered found
  replay -m orders_not_synced ordered ordered_alone
}

# shellcheck source=/dev/null
. shunit2
