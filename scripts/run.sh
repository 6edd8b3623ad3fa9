#!/bin/sh
# run.sh: a mail host on 127.0.0.1, from this checkout, until Ctrl-C. Called by `make run`,
# which sets BIN. State is in RUN (build/run), the ports are SMTP_PORT (2525), SUBMISSION_PORT (2587)
# and SUBMISSIONS_PORT (2465).
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
RUN=${RUN:-$top/build/run}
SMTP_PORT=${SMTP_PORT:-2525}
SUBMISSION_PORT=${SUBMISSION_PORT:-2587}
SUBMISSIONS_PORT=${SUBMISSIONS_PORT:-2465}
SMTP_ADDRESS=127.0.0.1
START_TIMEOUT=${START_TIMEOUT:-30} # seconds until the services must be ready
DELIVER_TIMEOUT=30 # seconds until the first message must lie in its Maildir
login=alice@example.test

say() { printf '%s\n' "chainmail: $*"; }
die() { say "$*" >&2; exit 1; }

mkdir -p "$RUN"
RUN=$(cd "$RUN" && pwd)
# One at a time in one place; whatever is started here keeps the lock until it ends.
if [ "${RUN_LOCKED:-}" != "$RUN" ]; then
  export RUN RUN_LOCKED="$RUN"
  s6-setlock -n "$RUN/lock" true 2>/dev/null ||
    die "already running in $RUN; RUN=, SMTP_PORT=, SUBMISSION_PORT= and SUBMISSIONS_PORT= choose others"
  exec s6-setlock -n "$RUN/lock" "$0"
fi
tree=$RUN/service
PATH=$BIN:$PATH
CHAINMAIL_CONF=$RUN/conf
CHAINMAIL_QUEUE=$RUN/queue
CHAINMAIL_RUN=$RUN/socket
CHAINMAIL_LOG=$RUN/log
CHAINMAIL_MAIL=$RUN/mail
export PATH CHAINMAIL_CONF CHAINMAIL_QUEUE CHAINMAIL_RUN CHAINMAIL_LOG CHAINMAIL_MAIL

# Root uses the service users where they are and can reach this folder; all others, one uid.
choose_users() {
  SMTP_USER=smtp QUEUE_USER=queue MAIL_USER=vmail PIPE_USER=pipe RELAY_USER=relay
  TLS_USER=tlskey SASL_USER=sasl LOG_USER=chainlog
  if [ "$(id -u)" -eq 0 ]; then
    problem=
    for user in $SMTP_USER $QUEUE_USER $MAIL_USER $PIPE_USER $RELAY_USER $TLS_USER $SASL_USER $LOG_USER; do
      if ! id -u "$user" >/dev/null 2>&1; then
        problem="there is no user $user (scripts/setup.sh makes them)"
      elif ! s6-setuidgid "$user" test -x "$BIN/tcp-accept" ||
        ! s6-setuidgid "$user" test -x "$RUN"; then
        problem="user $user cannot reach $RUN"
      fi
      [ -z "$problem" ] || break
    done
  else
    problem='not started by root'
  fi
  [ -n "$problem" ] || return 0
  SMTP_USER='' QUEUE_USER='' MAIL_USER='' PIPE_USER='' RELAY_USER='' TLS_USER='' SASL_USER=''
  LOG_USER=''
  say "everything runs as $(id -un): $problem"
}

write_conf() {
  if [ -n "$SMTP_USER" ]; then one_uid=; else one_uid=-1; fi
  me=$(hostname -f 2>/dev/null) || me=
  me=${me:-localhost}
  # shellcheck disable=SC2086 # an option or none
  CHAINMAIL_CONF=$RUN/conf "$top/scripts/setup.sh" $one_uid -m "$me"
  cat >"$RUN/conf/routes" <<END
# Everyone at these domains is welcome; alice+work is alice.
base "$CHAINMAIL_MAIL"
@localhost     maildir %d/%u
@example.test  maildir %d/%u
$([ "$me" = localhost ] || echo "@$me maildir %d/%u")
postmaster     alias you@example.test
END
  route-compile
  tcp-rules-compile "$RUN/conf/rules"
}

# A user to try things with; the password is made up once. Nothing may be done to descriptor 3 here:
# it holds the lock.
make_login() {
  if [ ! -s "$RUN/password" ]; then
    (umask 077 && od -An -N 9 -tx1 /dev/urandom | tr -d ' \n' >"$RUN/password")
    user-del "$login" 2>/dev/null || :
  fi
  user-list | grep -q "^$login" || user-add -p 0 "$login" <"$RUN/password"
  user-compile
}

write_tree() {
  rm -rf "$tree"
  mkdir -p "$tree"
  cp -R "$top/service/s6/." "$tree"
  cat >"$tree/settings" <<END
PATH='$PATH'
CHAINMAIL_CONF='$CHAINMAIL_CONF' CHAINMAIL_QUEUE='$CHAINMAIL_QUEUE' CHAINMAIL_RUN='$CHAINMAIL_RUN'
export PATH CHAINMAIL_CONF CHAINMAIL_QUEUE CHAINMAIL_RUN
SMTP_USER=$SMTP_USER QUEUE_USER=$QUEUE_USER MAIL_USER=$MAIL_USER PIPE_USER=$PIPE_USER
RELAY_USER=$RELAY_USER TLS_USER=$TLS_USER SASL_USER=$SASL_USER LOG_USER=$LOG_USER
SMTP_ADDRESS=$SMTP_ADDRESS SMTP_PORT=$SMTP_PORT SMTP_GRACE=1
SUBMISSION_PORT=$SUBMISSION_PORT SUBMISSIONS_PORT=$SUBMISSIONS_PORT TLS_WRAP=tls-wrap
LOG='$CHAINMAIL_LOG' LOG_TO=1
END
}

# The listener has subscribed to the services' events before s6-svscan starts, so none is
# missed and nothing is polled; it ends when all are ready, or in time.
start() {
  ready=
  rm -f "$RUN/subscribed"
  mkfifo "$RUN/subscribed"
  for service in "$tree"/*/; do
    s6-mkfifodir "${service}event"
    ready="$ready ${service}event U"
  done
  # shellcheck disable=SC2086 # pairs of words
  s6-ftrig-listen -a -t "${START_TIMEOUT}000" $ready '' \
    tee "$RUN/subscribed" </dev/null &
  listener=$!
  cat "$RUN/subscribed" # it waits until tee, which runs after the subscription, opens it
  # In a session of its own: Ctrl-C is for this script, which then ends it in order.
  setsid s6-svscan "$tree" </dev/null &
  svscan=$!
}

stop() {
  trap '' INT TERM HUP
  if [ -n "$svscan" ] && s6-svscanctl -t "$tree" 2>/dev/null; then wait "$svscan" || :; fi
  if [ -n "$listener" ] && kill "$listener" 2>/dev/null; then wait "$listener" || :; fi
}

send_first() {
  to=you@example.test
  if command -v swaks >/dev/null; then
    swaks --silent 2 --server "$SMTP_ADDRESS:$SMTP_PORT" --from chainmail@localhost --to "$to" \
      --header 'Subject: The first message' --body 'It went through the whole chain.'
  else
    printf 'From: chainmail@localhost\r\nTo: %s\r\nSubject: The first message\r\n\r\n%s\r\n' \
      "$to" 'It went through the whole chain.' |
      curl -sS "smtp://$SMTP_ADDRESS:$SMTP_PORT" --mail-from chainmail@localhost --mail-rcpt "$to" -T -
  fi
}

newest() { find "$RUN/mail/example.test/you/new" -type f -newer "$RUN/started" 2>/dev/null | head -n 1; }

# Delivery is queue-send's to time; looked for ten times a second, for a bounded time.
await_delivery() {
  tries=$((DELIVER_TIMEOUT * 10))
  until [ -n "$(newest)" ]; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}

welcome() {
  say "SMTP on $SMTP_ADDRESS:$SMTP_PORT, with STARTTLS; everyone at localhost and example.test is welcome"
  say "logs are in $CHAINMAIL_LOG, Maildirs in $CHAINMAIL_MAIL"
  touch "$RUN/started"
  send_first || { say 'the first message was not accepted' >&2; return 0; }
  if await_delivery; then
    say "the first message lies in $(newest)"
  else
    say "the first message was accepted and not delivered in $DELIVER_TIMEOUT s; see queue-list" >&2
  fi
  say 'to send another, paste this into another terminal:'
  printf '\n  swaks --server %s:%s --to anyone@example.test\n\n' "$SMTP_ADDRESS" "$SMTP_PORT"
  say "$login may log in, with the password $(cat "$RUN/password"), and submit after STARTTLS, or over TLS:"
  printf '\n  swaks --server %s:%s -tls --auth-user %s --auth-password %s --from %s --to you@example.test\n' \
    "$SMTP_ADDRESS" "$SUBMISSION_PORT" "$login" "$(cat "$RUN/password")" "$login"
  printf '  swaks --server %s:%s -tlsc --auth-user %s --auth-password %s --from %s --to you@example.test\n\n' \
    "$SMTP_ADDRESS" "$SUBMISSIONS_PORT" "$login" "$(cat "$RUN/password")" "$login"
  say 'Ctrl-C stops everything'
}

svscan=
listener=
choose_users
write_conf
make_login
write_tree
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM HUP
start
if wait "$listener"; then
  listener=
  welcome
else
  listener=
  stop
  die "not ready in $START_TIMEOUT s; the logs in $CHAINMAIL_LOG say why"
fi
# A trap ends wait, and is then run.
wait "$svscan"
