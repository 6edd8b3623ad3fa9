#!/bin/sh
# Full disks: 452, nothing half-written to be seen, and all is well when there is space again.
# In a mount namespace of its own, with small file systems.

# shellcheck source=tests/durability/_durability.sh
. "$(dirname "$0")/_durability.sh"

can_mount || skip_all 'cannot mount here'
[ -n "${IN_NAMESPACE-}" ] || IN_NAMESPACE=yes exec unshare -m "$0" "$@"

tearDown() {
  stop_smtp
  stop_send
  [ -z "$CHAIN" ] || umount -q "$CHAIN/queue" "$CHAIN/mail"
  [ -z "$CHAIN" ] || rm -rf "$CHAIN"
  CHAIN=
}

# small FILE-SYSTEM FOLDER [SIZE]
small() {
  case $1 in
    tmpfs) mount -t tmpfs -o "size=${3:-1m}" none "$2" ;;
    ext4)
      truncate -s 4M "$CHAIN/image" && mkfs.ext4 -q "$CHAIN/image" 2>/dev/null &&
        mount -o loop "$CHAIN/image" "$2" 2>/dev/null
      ;;
  esac
}

# make_small FILE-SYSTEM: a chain whose queue is small
make_small() {
  make_chain && small "$1" "$CHAIN/queue" &&
    CHAINMAIL_LOG=$CHAIN/logs CHAINMAIL_MAIL=$CHAIN/mail "$CHAIN_TOP/scripts/setup.sh" -1
}

check_queue() {
  make_small "$1" || { skip "cannot mount a small $1"; return; }
  start_smtp
  play _disk.py until_full
  play _disk.py full_at_every_block
}

test_tmpfs() { check_queue tmpfs; }
test_ext4() { check_queue ext4; }

test_mailboxes() {
  make_chain && small tmpfs "$CHAIN/mail" 300k && start_chain
  play _disk.py accept_for_delivery
  mount -o remount,size=10m "$CHAIN/mail"
  play _disk.py deliver_when_there_is_room
}

test_log() {
  make_small tmpfs && start_chain
  play _disk.py no_room_for_the_log
}

# shellcheck source=/dev/null
. shunit2
