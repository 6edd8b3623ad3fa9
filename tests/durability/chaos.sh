#!/bin/sh
# not confined: its services confine themselves
# A whole host, as the tree for s6 or the units of systemd have it with all their users, under load, while
# its processes are killed, stopped, ended and told to begin anew, at random: what was acknowledged is
# delivered, whole, and whoever is not hit does not notice. make check does it for seconds, make
# check-crash for minutes, SECONDS= for as long; SEED= repeats a choice; KEEP=1 leaves the host's folder,
# with its logs.
# check-crash: 900
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/durability/_durability.sh
. "$(dirname "$0")/_durability.sh"

USERS='smtp queue vmail pipe relay sasl tlskey chainlog' # with uids from 7001 on

# Root has the users of the shipped settings, who exist in a passwd of this suite's own, and people
# besides; others run everything as themselves.
make_host() {
  CHAIN=$(mktemp -d "${TMPDIR:-/tmp}/chain.XXXXXX")
  chmod 755 "$CHAIN"
  export CHAIN CHAINMAIL_CONF="$CHAIN/conf" CHAINMAIL_QUEUE="$CHAIN/queue" CHAINMAIL_RUN="$CHAIN/run"
  export CHAINMAIL_LOG="$CHAIN/logs" CHAINMAIL_MAIL="$CHAIN/mail"
  export SMTP_PORT SUBMISSION_PORT SUBMISSIONS_PORT KEEPER_PORT
  # shellcheck disable=SC2046 # words are wanted
  set -- $(free_port 4)
  SMTP_PORT=$1 SUBMISSION_PORT=$2 SUBMISSIONS_PORT=$3 KEEPER_PORT=$4
  set --
  cp -R "$BIN" "$CHAIN/bin" # where the services' users can reach it
  PATH=$CHAIN/bin:$PATH
  if is_root; then make_accounts; else set -- -1; fi
  in_world "$CHAIN_TOP/scripts/setup.sh" "$@" -m mx.example.test || exit 1
  make_mail
  write_conf
  write_tree
}

# Once for each host, and once more at the end.
tearDown() {
  [ -z "${KEEP-}" ] || [ -z "$CHAIN" ] || { echo "$CHAIN is left" && CHAIN=; }
  stop_chain
}

make_accounts() {
  : >"$CHAIN/passwd"
  number=7000
  for user in root $USERS ann bob; do
    uid=$number number=$((number + 1))
    [ "$user" != root ] || uid=0
    echo "$user:*:$uid:$uid::$CHAIN/mail/$user:/bin/sh" >>"$CHAIN/passwd"
    echo "$user:*:$uid:" >>"$CHAIN/group"
  done
  echo 'chainq:*:7100:smtp,queue' >>"$CHAIN/group"
  sed -i 's/^\(smtp\|queue\):\*:\([0-9]*\):[0-9]*/\1:*:\2:7100/' "$CHAIN/passwd"
}

# in_world COMMAND...: where those accounts exist
in_world() {
  if [ -s "$CHAIN/passwd" ]; then
    set -- unshare -m sh -c 'mount --bind "$CHAIN/passwd" /etc/passwd &&
      mount --bind "$CHAIN/group" /etc/group && exec "$@"' sh "$@"
  fi
  "$@"
}

make_mail() {
  mkdir -m 1777 "$CHAIN/mail/piped"
  [ ! -s "$CHAIN/passwd" ] || for user in ann bob; do
    in_world install -d -o "$user" -g "$user" "$CHAIN/mail/$user"
  done
  cat >"$CHAIN/keep" <<END
#!/bin/sh -e
file=\$(mktemp '$CHAIN/mail/piped/.XXXXXX')
cat >"\$file"
ln "\$file" '$CHAIN/mail/piped/'"\$RECIPIENT\${file##*/}" || exit 111 # mktemp may repeat itself
rm "\$file"
END
  chmod 755 "$CHAIN/keep"
}

# Destinations are tried again soon. Our deliverers to other hosts may connect to the one that is made up.
write_conf() {
  if [ -s "$CHAIN/passwd" ]; then as='user=%u'; else as=; fi
  cat >"$CHAINMAIL_CONF/routes" <<END
base $CHAIN/mail
@example.test  maildir %u
ann@example.test maildir $CHAIN/mail/ann/Maildir ${as:+user=ann}
bob@example.test maildir $CHAIN/mail/bob/Maildir ${as:+user=bob}
@pipe.test     pipe $CHAIN/keep
ann@pipe.test  pipe $CHAIN/keep ${as:+user=ann}
@smtp.test     smarthost [127.0.0.1]:$KEEPER_PORT
@lmtp.test     lmtp [127.0.0.1]:$KEEPER_PORT
postmaster     alias alice@example.test
END
  in_world route-compile
  echo secret | in_world user-add -p 0 alice@example.test
  echo '1 1 2' >"$CHAINMAIL_CONF/retry-schedule"
  echo 1 >"$CHAINMAIL_CONF/backoff"
  echo 2 >"$CHAINMAIL_CONF/backoff-max"
  mkdir "$CHAINMAIL_CONF/confine"
  for name in deliver-smtp deliver-lmtp; do
    { cat "$BIN/profiles/$name" && echo "connect $KEEPER_PORT"; } >"$CHAINMAIL_CONF/confine/$name"
  done
}

# The settings as shipped, then what is different here.
write_tree() {
  cp -R "$CHAIN_TOP/service/s6" "$CHAIN/s6"
  {
    sed '/^mkdir/d; s|@PREFIX@/lib/chainmail:||' "$CHAIN_TOP/service/s6/settings"
    cat <<END
CHAINMAIL_CONF='$CHAINMAIL_CONF' CHAINMAIL_QUEUE='$CHAINMAIL_QUEUE' CHAINMAIL_RUN='$CHAINMAIL_RUN'
CHAINMAIL_MAIL='$CHAIN/mail'
SMTP_ADDRESS=127.0.0.1 SMTP_PORT=$SMTP_PORT
SUBMISSION_PORT=$SUBMISSION_PORT SUBMISSIONS_PORT=$SUBMISSIONS_PORT SMTP_GRACE=2
LOG='$CHAIN/logs' REAL_USERS=1
END
    [ -s "$CHAIN/passwd" ] || echo 'SMTP_USER= QUEUE_USER= MAIL_USER= PIPE_USER= RELAY_USER= TLS_USER=
SASL_USER= LOG_USER= REAL_USERS='
  } >"$CHAIN/s6/settings"
}

# ---- systemd's sockets --------------------------------------------------------------------------

# The commands of the units, in the places of the scripts. Whoever starts s6-svscan holds their sockets,
# on the descriptors that the file `sockets' names, as systemd would.
hold_sockets() {
  sockets="100 smtp $SMTP_PORT
101 submission $SUBMISSION_PORT
102 submissions $SUBMISSIONS_PORT
103 inject $CHAIN/run/inject 666
104 auth $CHAIN/run/auth 600 smtp
105 tls-keyd $CHAIN/run/tls/keyd 666
106 deliver-maildir $CHAIN/run/deliver-maildir 600 queue
107 deliver-pipe $CHAIN/run/deliver-pipe 600 queue
108 deliver-lmtp $CHAIN/run/deliver-lmtp 600 queue
109 deliver-smtp $CHAIN/run/deliver-smtp 600 queue"
  echo "$sockets" >"$CHAIN/sockets"
  in_world install -d -o sasl "$CHAIN/run-sasl" "$CHAIN/run/tls"
  mkdir "$CHAIN/run-inject"
  echo 'unix:allow,RELAYCLIENT=""' >"$CHAIN/run-inject/rules"
  rm "$CHAIN"/s6/*/notification-fd # units tell systemd
  echo "$sockets" | while read -r fd service _; do write_unit "$service" "$fd"; done
  write_unit queue-send ''
}

# The line of a unit with this key, for this host.
unit_line() { # unit_line UNIT KEY
  sed -n "s|@PREFIX@/lib/chainmail/||; s|/etc/chainmail|$CHAINMAIL_CONF|g
    s|/run/chainmail|$CHAIN/run|g; s|\\\$\\\$|\$|g; s|^$2=||p" \
    "$CHAIN_TOP/service/systemd/chainmail-$1.service"
}

write_unit() { # write_unit SERVICE DESCRIPTOR
  unit=$1
  case $1 in deliver-maildir | deliver-pipe) unit=$1-users ;; esac
  user=$(unit_line "$unit" User)
  # A shell that knows of descriptors above 9.
  cat >"$CHAIN/s6/$1/run" <<END
#!/bin/bash -e
. ../settings
$(unit_line "$unit" Environment | sed '/^UCSPITLS/!d; s/^/export /')
export LISTEN_FDS=1 LISTEN_PID=\$\$
exec 2>&1 ${2:+3<&$2} $(echo "$sockets" | sed 's/ .*/<\&-/' | tr '\n' ' ')
exec ${user:+s6-setuidgid $user} $(unit_line "$unit" ExecStart)
END
}

# ---- tests -------------------------------------------------------------------------------------

# shellcheck disable=SC2086 # one word or none
play_chaos() {
  words=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$HERE/.." \
    in_world python3 "$HERE/_chaos.py" ${SEED-} 2>&1)
  assertTrue "$words" $?
  [ -z "${VERBOSE-}" ] || printf '%s\n' "$words"
}

needs_accounts() { { is_root && can_mount; } || ! skip 'not root, or no mount namespaces'; }

test_s6() {
  ! is_root || needs_accounts || return 0
  make_host
  play_chaos
}

# Nobody's connection is refused, whatever becomes of who should accept it.
test_sockets_of_systemd() {
  needs_accounts || return 0
  make_host
  hold_sockets
  play_chaos
}

# shellcheck source=/dev/null
. shunit2
