#!/bin/sh
# not confined: its services confine themselves
# A whole host, as the tree for s6 has it with all its users, under load, while its processes are killed,
# stopped, ended and told to begin anew, at random: what was acknowledged is delivered, whole, and whoever
# is not hit does not notice. make check does it for seconds, make check-crash for minutes, SECONDS= for
# as long; SEED= repeats a choice; KEEP=1 leaves the host's folder, with its logs.
# timeout: 300
# check-crash: 900
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/durability/_durability.sh
. "$(dirname "$0")/_durability.sh"

USERS='smtp queue vmail pipe relay sasl tlskey chainlog' # with uids from 7001 on

# Root has the users of the shipped settings, who exist in a passwd of this suite's own, and people
# besides; others run everything as themselves.
oneTimeSetUp() {
  CHAIN=$(mktemp -d "${TMPDIR:-/tmp}/chain.XXXXXX")
  chmod 755 "$CHAIN"
  export CHAIN CHAINMAIL_CONF="$CHAIN/conf" CHAINMAIL_QUEUE="$CHAIN/queue" CHAINMAIL_RUN="$CHAIN/run"
  export CHAINMAIL_LOG="$CHAIN/logs" CHAINMAIL_MAIL="$CHAIN/mail"
  export SMTP_PORT SUBMISSION_PORT SUBMISSIONS_PORT KEEPER_PORT
  SMTP_PORT=$(free_port) SUBMISSION_PORT=$(free_port) SUBMISSIONS_PORT=$(free_port)
  KEEPER_PORT=$(free_port)
  cp -R "$BIN" "$CHAIN/bin" # where the services' users can reach it
  PATH=$CHAIN/bin:$PATH
  if [ "$(id -u)" -eq 0 ]; then make_accounts; else set -- -1; fi
  in_world "$CHAIN_TOP/scripts/setup.sh" "$@" -m mx.example.test || exit 1
  make_mail
  write_conf
  write_tree
}

oneTimeTearDown() {
  if [ -n "${KEEP-}" ]; then echo "$CHAIN is left"; else stop_chain; fi
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

# shellcheck disable=SC2086 # one word or none
test_chaos() {
  words=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$HERE/.." \
    in_world python3 "$HERE/_chaos.py" ${SEED-} 2>&1)
  assertTrue "$words" $?
  [ -z "${VERBOSE-}" ] || printf '%s\n' "$words"
}

# shellcheck source=/dev/null
. shunit2
