#!/bin/sh
# setup.sh [-1] [-r ROOT] [-m NAME]: makes what chainmail needs before it starts.
#
#   users smtp queue vmail pipe relay sasl tlskey chainlog and group chainq
#   /etc/chainmail, /var/spool/chainmail, /var/log/chainmail, /var/vmail
#   a certificate that it signed itself, where there is none, and the auth service's secret
#
# -m NAME sets `me`, this host's name, the only setting that must be made.
# -r ROOT puts the folders under ROOT, and makes no users.
# -1      for one uid: no users, the folders belong to the caller.
# CHAINMAIL_CONF, CHAINMAIL_QUEUE, CHAINMAIL_RUN, CHAINMAIL_LOG and CHAINMAIL_MAIL in
# the environment name other folders. What is there is left as it is: run it again at will.
set -eu
umask 022 # services read what is made here, whoever makes it

services='smtp inject submission submissions tls-keyd auth queue-send deliver-maildir deliver-pipe deliver-lmtp deliver-smtp'
users='smtp queue vmail pipe relay sasl tlskey chainlog'
one_uid=
root=
me=
usage='usage: setup [-1] [-r ROOT] [-m NAME]'
while getopts 1r:m:h option; do
  case $option in
    1) one_uid=yes ;;
    r) root=$OPTARG ;;
    m) me=$OPTARG ;;
    h) echo "$usage"; exit 0 ;;
    *) echo "$usage" >&2; exit 100 ;;
  esac
done

conf=$root${CHAINMAIL_CONF:-/etc/chainmail}
queue=$root${CHAINMAIL_QUEUE:-/var/spool/chainmail}
run=$root${CHAINMAIL_RUN:-/run/chainmail}
log=$root${CHAINMAIL_LOG:-/var/log/chainmail}
mail=$root${CHAINMAIL_MAIL:-/var/vmail}

if [ -z "$one_uid" ] && [ "$(id -u)" -ne 0 ]; then
  echo 'setup: users can be made only by root; -1 sets up for one uid' >&2
  exit 1
fi

has_user() { id -u "$1" >/dev/null 2>&1; }
has_group() { grep -q "^$1:" /etc/group; }

make_group() {
  has_group "$1" && return
  if command -v groupadd >/dev/null; then groupadd --system "$1"; else addgroup -S "$1"; fi
}

make_user() { # make_user NAME GROUP HOME
  make_group "$2"
  has_user "$1" && return
  if command -v useradd >/dev/null; then
    useradd --system --gid "$2" --home-dir "$3" --no-create-home --shell /usr/sbin/nologin "$1"
  else
    adduser -S -D -H -G "$2" -h "$3" -s /sbin/nologin "$1"
  fi
}

join_group() { # join_group USER GROUP
  case " $(id -Gn "$1") " in *" $2 "*) return ;; esac
  if command -v usermod >/dev/null; then usermod -a -G "$2" "$1"; else addgroup "$1" "$2"; fi
}

# smtp writes into the queue's new/, and queue reads what was written there. Their group is
# the primary one, since not every supervisor's setuidgid sets the others.
make_users() {
  for user in smtp queue; do
    make_user "$user" chainq /nonexistent
    join_group "$user" chainq
  done
  for user in pipe relay sasl tlskey chainlog; do make_user "$user" "$user" /nonexistent; done
  make_user vmail vmail "$mail"
}

folder() { # folder MODE OWNER:GROUP PATH
  mkdir -p "$3"
  [ -n "$one_uid" ] || chown "$2" "$3"
  chmod "$1" "$3"
}

# Whoever owns a folder can put a link where root expects something else: what is done in the queue's
# is done as its owner.
in_queue() { # in_queue COMMANDS
  (
    cd "$queue"
    if [ -n "$one_uid" ]; then sh -euc "$1"; else su -s /bin/sh -c "set -eu; $1" queue; fi
  )
}

# new/ and tmp/ are drop boxes: those in the group write into them, and cannot list them.
make_queue() {
  folder 0750 queue:chainq "$queue"
  in_queue '
    mkdir -p new tmp state bad
    [ -p trigger ] || mkfifo -m 0620 trigger'
  [ -n "$one_uid" ] || in_queue 'chgrp chainq new tmp state bad trigger'
  in_queue '
    chmod 3730 new tmp
    chmod 0700 state bad'
}

make_logs() {
  folder 0755 root:root "$log"
  for service in $services; do
    folder 2750 chainlog:chainlog "$log/$service"
  done
}

write_once() { # write_once PATH: from stdin, unless it is there
  if [ -e "$1" ]; then cat >/dev/null; else cat >"$1"; fi
}

make_conf() {
  folder 0755 root:root "$conf"
  mkdir -p "$conf/hooks"
  folder 0750 root:tlskey "$conf/tls"
  # user-add and its like keep the mode and the group that the files have.
  write_once "$conf/users" <<END
# Who may log in: users(5). user-add, user-passwd and user-del write it; after a change by hand:
#     user-compile
END
  # What strangers' salts are made of: sasl-auth(8). Nobody sees it before the group is right.
  [ -s "$conf/auth-secret" ] || (umask 077 && head -c 32 /dev/urandom >"$conf/auth-secret")
  for file in users auth-secret; do
    [ -n "$one_uid" ] || chown root:sasl "$conf/$file"
    chmod 0640 "$conf/$file"
  done
  write_once "$conf/routes" <<END
# Who lives here, and where their mail goes: route-compile(1). After a change:
#     route-compile
base $mail
#@example.org  maildir %d/%u
#postmaster    alias anyone@example.org
END
  write_once "$conf/rules" <<END
# Who may connect, and with what in the environment: tcp-rules(8). After a change:
#     tcp-rules-compile $conf/rules
END
  # Installed, this script lies in PREFIX/share/chainmail.
  PATH=$(dirname "$0")/../../lib/chainmail:$PATH
  [ -e "$conf/rules.cdb" ] || ! command -v tcp-rules-compile >/dev/null ||
    tcp-rules-compile "$conf/rules"
}

set_me() {
  if [ -n "$me" ]; then
    printf '%s\n' "$me" >"$conf/me"
  elif [ ! -s "$conf/me" ]; then
    echo "setup: one setting is left to make, this host's name: echo mail.example.org > $conf/me" >&2
  fi
}

# Without any certificate there is no TLS; most of those who send mail take one that nobody signed.
make_certificate() {
  [ -s "$conf/me" ] || return 0
  [ -z "$(find "$conf/tls" -name '*.pem' -o -name '*.crt')" ] || return 0
  here=$(dirname "$0")
  make=$here/certificate # as installed
  [ -x "$make" ] || make=$here/certificate.sh
  if command -v openssl >/dev/null; then
    owner=tlskey
    [ -z "$one_uid" ] || owner=$(id -un)
    "$make" -o "$owner" "$conf/tls/default.pem" "$(cat "$conf/me")" localhost
  else
    echo "setup: there is no openssl to make a certificate with; put one into $conf/tls" >&2
  fi
}

if [ -n "$root" ]; then
  for user in $users; do has_user "$user" || one_uid=yes; done
elif [ -z "$one_uid" ]; then
  make_users
fi
folder 0755 root:root "$run"
make_conf
make_queue
make_logs
folder 0751 vmail:vmail "$mail"
set_me
make_certificate
