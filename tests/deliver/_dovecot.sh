# shellcheck shell=sh
# _dovecot.sh: Dovecot's LMTP server, from build/peers.
#
#   start_dovecot   one that knows alice@example.test and bob@example.test, on the unix socket
#                   DIR/run/lmtp; their Maildirs are DIR/home/NAME/Maildir. 1 if there is none here.
#   stop_dovecot

dovecot=${PEERS:-${TOP:-.}/build/peers}/dovecot
DOVECOT_PID=

write_dovecot() {
  mkdir -p "$DIR/run" "$DIR/state" "$DIR/home"
  chmod 755 "$DIR"
  uid=65534
  is_root || uid=$(id -u)
  chown "$uid" "$DIR/home"
  for user in alice bob; do echo "$user@example.test::$uid:$uid::$DIR/home/$user::"; done >"$DIR/users"
  cat >"$DIR/dovecot.conf" <<END
base_dir = $DIR/run
state_dir = $DIR/state
log_path = $DIR/dovecot.log
libexec_dir = $dovecot/usr/lib/dovecot
mail_plugin_dir = $dovecot/usr/lib/dovecot/modules
import_environment = LD_LIBRARY_PATH
protocols = lmtp
ssl = no
default_internal_user = $(id -un)
default_internal_group = $(id -gn)
default_login_user = nobody
first_valid_uid = 1
mail_location = maildir:~/Maildir
passdb {
  driver = passwd-file
  args = $DIR/users
}
userdb {
  driver = passwd-file
  args = $DIR/users
}
service lmtp {
  chroot =
  unix_listener lmtp {
    mode = 0600
  }
}
service auth {
  chroot =
  user = $(id -un)
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
END
}

# Its LMTP server looks for modules in /usr/lib/dovecot and nowhere else: it gets a /usr/lib of its
# own, where there are some.
in_its_place() {
  # shellcheck disable=SC2093 # it is a shell of its own that execs
  exec unshare -m sh -c 'mount -t overlay overlay -o lowerdir="$0:/usr/lib" /usr/lib && exec "$@"' \
    "$dovecot/usr/lib" "$@"
}

start_dovecot() {
  [ -x "$dovecot/bin/doveconf" ] && [ -x "$dovecot/usr/lib/dovecot/lmtp" ] && id -un >/dev/null 2>&1 &&
    (in_its_place true) 2>/dev/null || return
  write_dovecot
  in_its_place "$dovecot/bin/doveconf" -c "$DIR/dovecot.conf" -m master -f service=master \
    -e "$dovecot/usr/sbin/dovecot" -F -c "$DIR/dovecot.conf" >"$DIR/dovecot.out" 2>&1 &
  DOVECOT_PID=$!
  wait_until listens "$DIR/run/lmtp" && return
  cat "$DIR/dovecot.out" "$DIR/dovecot.log"
  return 1
}

stop_dovecot() {
  [ -z "$DOVECOT_PID" ] || { kill "$DOVECOT_PID" && wait "$DOVECOT_PID"; } 2>/dev/null
  DOVECOT_PID=
}
