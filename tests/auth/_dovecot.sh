# shellcheck shell=sh
# _dovecot.sh: a real Dovecot's auth service, unpacked under build/peers and run from there as the test's
# user, for suites that need one.
#
#   make_dovecot  the folder DOVECOT, and in it run/auth-client; DOVECOT_PID is empty if there is no Dovecot
#   end_dovecot
#
# alice has the password "secret"; bob@example.test, too. carol may not log in, dave is david, and erin is
# let in from 192.0.2.0/24.

# shellcheck source=tests/_wait.sh
. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_wait.sh"
# shellcheck source=tests/_needs.sh
. "$TOP/tests/_needs.sh"
peer=$TOP/build/peers/dovecot

write_configuration() {
  hash=$(openssl passwd -6 -salt salt secret)
  cat >"$DOVECOT/users" <<END
alice:{PLAIN}secret::::::
bob@example.test:{SHA512-CRYPT}$hash::::::
carol:{PLAIN}secret::::::nologin
dave:{PLAIN}secret::::::user=david
erin:{PLAIN}secret::::::allow_nets=192.0.2.0/24
END
  login_user=nobody
  is_root || login_user=$(id -un) # others may not give it the folder it wants
  # Nothing is root's but what the test is, nothing listens but unix sockets below base_dir.
  cat >"$DOVECOT/conf" <<END
base_dir = $DOVECOT/run
state_dir = $DOVECOT/state
log_path = $DOVECOT/log
libexec_dir = $peer/usr/lib/dovecot
mail_plugin_dir = $peer/usr/lib/dovecot/modules
import_environment = LD_LIBRARY_PATH
protocols =
ssl = no
default_internal_user = $(id -un)
default_internal_group = $(id -gn)
default_login_user = $login_user
auth_mechanisms = plain
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = $DOVECOT/users
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=/nowhere
}
service auth {
  chroot =
  user = $(id -un)
  unix_listener auth-client {
    mode = 0600
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty { # without it nobody who was wrong has to wait
    mode = 0
  }
}
service stats {
  chroot =
}
END
}

# dovecot itself would start /usr/bin/doveconf; so it is doveconf that starts it.
start_dovecot() {
  "$peer/bin/doveconf" -c "$DOVECOT/conf" -m master -f service=master \
    -e "$peer/usr/sbin/dovecot" -F -c "$DOVECOT/conf" >"$DOVECOT/output" 2>&1 &
  DOVECOT_PID=$!
  wait_until listens "$DOVECOT/run/auth-client" && return
  cat "$DOVECOT/output" "$DOVECOT/log"
  return 1
}

make_dovecot() {
  DOVECOT=$(mktemp -d "${TMPDIR:-/tmp}/dovecot.XXXXXX")
  DOVECOT_PID=
  mkdir "$DOVECOT/run" "$DOVECOT/state"
  # Dovecot wants its users by name.
  [ -x "$peer/bin/doveconf" ] && id -un >/dev/null 2>&1 || return 0
  write_configuration
  start_dovecot
}

end_dovecot() {
  if [ -n "${DOVECOT_PID:-}" ]; then
    kill "$DOVECOT_PID"
    wait "$DOVECOT_PID"
    DOVECOT_PID=
  fi
  [ -z "${DOVECOT:-}" ] || rm -rf "$DOVECOT"
  DOVECOT=
}
